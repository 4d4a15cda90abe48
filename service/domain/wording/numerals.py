"""Numbers inside a wording, in digits ("1,200", "2.5 thousand") or in words ("a hundred and five").

A number can end in more than one place ("between one hundred and five hundred"), so every reading
is offered and the grammar keeps the one that lets the whole phrase be read.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from service.domain.vocabulary import MAX_COUNT
from service.domain.wording.lexicon import Numbers
from service.domain.wording.tokenizer import Phrase

_PLAIN: Final = re.compile(r"0|[1-9][0-9]*")
_GROUPED: Final = re.compile(r"[1-9][0-9]{0,2}([.,'’ \u00a0\u2009\u202f])[0-9]{3}(?:\1[0-9]{3})*")
_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]*)\.[0-9]+")

_WRITE: Final = "Write a whole number of people, as in 1200 or 1,200."
_TOO_MANY: Final = f"No report may give more than {MAX_COUNT:,} people."


class Number(NamedTuple):
    """A whole number and where it ends.

    ``scales`` are the factors that a number before it in a range may have left unsaid:
    "two to three hundred", "10-11,000".
    """

    value: int
    end: int
    scales: frozenset[int]


def numbers(phrase: Phrase, at: int, known: Numbers) -> Iterator[Number]:
    """Yield every number that begins at the token; nothing where none does.

    Raises ``NotUnderstood`` for digits that are malformed ("1,20"), not whole or beyond all counts.
    """
    if at < len(phrase.tokens) and phrase.tokens[at].numeral:
        yield from _digits(phrase, at, known)
    for words, value in known.wholes.items():
        if phrase.words(at, at + len(words)) == words:
            yield Number(value, at + len(words), frozenset())
    yield from _spelled(phrase, at, known)


def _digits(phrase: Phrase, at: int, known: Numbers) -> Iterator[Number]:
    """Yield the number in digits, and with the scale behind it where there is one."""
    word = phrase.word(at)
    scale = known.scales.get(phrase.word(at + 1), 0)
    whole = _whole(word)
    if whole is not None:
        if whole > MAX_COUNT:
            raise phrase.refusal(at, at + 1, _TOO_MANY)
        yield Number(whole, at + 1, _round(whole))
    elif not (_DECIMAL.fullmatch(word) and scale >= 1_000):
        raise phrase.refusal(at, at + 1, _WRITE)
    # "1.200 thousand" may be meant as 1,200,000 or as 1,200; so digits in groups take no scale.
    if scale and not _GROUPED.fullmatch(word):
        product = Decimal(word) * scale
        if product != int(product) or product > MAX_COUNT:
            raise phrase.refusal(at, at + 2, _WRITE if product < MAX_COUNT else _TOO_MANY)
        if Decimal(word) < _most(scale):
            yield Number(int(product), at + 2, frozenset({scale}))


def _whole(word: str) -> int | None:
    """Return the number that digits with or without marks of thousands give, None if malformed."""
    if _PLAIN.fullmatch(word) or _GROUPED.fullmatch(word):
        return int("".join(c for c in word if c.isdigit()))
    return None


def _round(value: int) -> frozenset[int]:
    """Return the thousands that a number before this one in a range may have left unsaid."""
    return frozenset(scale for scale in (1_000, 1_000_000) if value and value % scale == 0)


def _most(scale: int) -> int:
    """Return the number from which on nobody says it with this scale ("200 hundred")."""
    return 1_000 if scale >= 1_000 else 100


def _small(phrase: Phrase, at: int, known: Numbers) -> tuple[int, int] | None:
    """Return a number from 1 to 99 in words and where it ends ("five", "thirty-five")."""
    word = phrase.word(at)
    if word in known.ones:
        return known.ones[word], at + 1
    if word not in known.tens:
        return None
    unit = at + 1
    if phrase.word(unit) == "-" and phrase.touches(at):
        unit += 1
    one = known.ones.get(phrase.word(unit), 10)
    return (known.tens[word] + one, unit + 1) if one < 10 else (known.tens[word], at + 1)


def _spelled(phrase: Phrase, at: int, known: Numbers, below: int = MAX_COUNT) -> Iterator[Number]:
    """Yield the numbers in words that begin here and use only scales smaller than ``below``."""
    for value, end, scales in _group(phrase, at, known):
        if value:
            yield Number(value, end, scales)
        scale = known.scales.get(phrase.word(end), 0)
        if not 1_000 <= scale < below or value >= 1_000:
            continue
        base = max(value, 1) * scale
        yield Number(base, end + 1, scales | {scale})
        for rest in _rest(phrase, end + 1, known, scale):
            yield Number(base + rest.value, rest.end, scales | {scale})


def _rest(phrase: Phrase, at: int, known: Numbers, scale: int) -> Iterator[Number]:
    """Yield what may follow a scale: a smaller number, or "and" and a number below a hundred."""
    if phrase.word(at) == known.glue:
        small = _small(phrase, at + 1, known)
        if small:
            yield Number(*small, frozenset())
        return
    yield from (rest for rest in _spelled(phrase, at, known, scale) if rest.value < scale)


def _group(phrase: Phrase, at: int, known: Numbers) -> Iterator[Number]:
    """Yield the numbers up to "ninety-nine hundred and ninety-nine", and dozens.

    The value 0 stands for an article, which is a number only before a scale ("a thousand").
    """
    head = (0, at + 1) if phrase.word(at) in known.articles else _small(phrase, at, known)
    if head is None:
        return
    value, end = head
    yield Number(value, end, frozenset())
    scale = known.scales.get(phrase.word(end), 0)
    if not 0 < scale < 1_000:
        return
    base = max(value, 1) * scale
    yield Number(base, end + 1, frozenset({scale}))
    and_too = end + 1 + (phrase.word(end + 1) == known.glue)
    small = _small(phrase, and_too, known)
    if scale == 100 and small:
        yield Number(base + small[0], small[1], frozenset({scale}))

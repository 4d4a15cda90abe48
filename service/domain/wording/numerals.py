"""Numbers in a wording, as digits ("1,200", "2.5 thousand") or words ("a hundred and five").

A number can end at several tokens ("between one hundred and five hundred"). So every reading is
yielded, and the grammar selects the one with which the whole phrase can be read.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from service.domain.vocabulary import MAX_COUNT
from service.domain.wording.lexicon import NumberWords
from service.domain.wording.tokenizer import Phrase

_PLAIN_DIGITS: Final = re.compile(r"0|[1-9][0-9]*")
_GROUPED_DIGITS: Final = re.compile(
    r"[1-9][0-9]{0,2}([.,'’ \u00a0\u2009\u202f])[0-9]{3}(?:\1[0-9]{3})*"
)
_DECIMAL_DIGITS: Final = re.compile(r"(?:0|[1-9][0-9]*)\.[0-9]+")

_WRITE_WHOLE: Final = "Write a whole number of people, as in 1200 or 1,200."
TOO_MANY_MESSAGE: Final = f"No report may give more than {MAX_COUNT:,} people."


class Number(NamedTuple):
    """A whole number and the token where it ends.

    ``scales`` are the factors that a number before it in a range may omit: "two to three hundred",
    "10-11,000". ``unit`` is what its words count in: 12 for "two dozen", None for most.
    """

    value: int
    end: int
    scales: frozenset[int]
    unit: int | None = None


def find_numbers(phrase: Phrase, at: int, number_words: NumberWords) -> Iterator[Number]:
    """Yield every number that begins at the token; nothing if there is none.

    Raises UnreadableWordingError for digits that are malformed ("1,20"), not whole or too large.
    """
    if at < len(phrase.tokens) and phrase.tokens[at].is_numeral:
        yield from _find_digit_numbers(phrase, at, number_words)
    for words, value in number_words.wholes.items():
        if phrase.words_between(at, at + len(words)) == words:
            units = [number_words.units[word] for word in words if word in number_words.units]
            yield Number(value, at + len(words), frozenset(), next(iter(units), None))
    yield from _find_spelled_numbers(phrase, at, number_words)


def _find_digit_numbers(phrase: Phrase, at: int, number_words: NumberWords) -> Iterator[Number]:
    """Yield the number in digits, and the product if a scale follows."""
    word = phrase.word_at(at)
    scale = number_words.scales.get(phrase.word_at(at + 1), 0)
    whole = _parse_digits(word)
    if whole is not None:
        if whole > MAX_COUNT:
            raise phrase.make_error(at, at + 1, TOO_MANY_MESSAGE)
        yield Number(whole, at + 1, _implied_scales_of(whole))
    elif not (_DECIMAL_DIGITS.fullmatch(word) and scale >= 1_000):
        raise phrase.make_error(at, at + 1, _WRITE_WHOLE)
    # "1.200 thousand" may mean 1,200,000 or 1,200, so grouped digits take no scale.
    if scale and not _GROUPED_DIGITS.fullmatch(word):
        product = Decimal(word) * scale
        if product != int(product) or product > MAX_COUNT:
            raise phrase.make_error(
                at, at + 2, _WRITE_WHOLE if product < MAX_COUNT else TOO_MANY_MESSAGE
            )
        if Decimal(word) < _limit_of_scale(scale):
            unit = number_words.units.get(phrase.word_at(at + 1))
            yield Number(int(product), at + 2, frozenset({scale}), unit)


def _parse_digits(word: str) -> int | None:
    """Return the number for digits with or without thousands separators; None if malformed."""
    if _PLAIN_DIGITS.fullmatch(word) or _GROUPED_DIGITS.fullmatch(word):
        return int("".join(c for c in word if c.isdigit()))
    return None


def _implied_scales_of(value: int) -> frozenset[int]:
    """Return the powers of a thousand that a number before this one in a range may omit."""
    return frozenset(scale for scale in (1_000, 1_000_000) if value and value % scale == 0)


def _limit_of_scale(scale: int) -> int:
    """Return the smallest number that is not used with this scale ("200 hundred")."""
    return 1_000 if scale >= 1_000 else 100


def _read_below_hundred(
    phrase: Phrase, at: int, number_words: NumberWords
) -> tuple[int, int] | None:
    """Return a number from 1 to 99 in words and where it ends ("five", "thirty-five")."""
    word = phrase.word_at(at)
    if word in number_words.ones:
        return number_words.ones[word], at + 1
    if word not in number_words.tens:
        return None
    unit = at + 1
    if phrase.word_at(unit) == "-" and phrase.touches_next(at):
        unit += 1
    one = number_words.ones.get(phrase.word_at(unit), 10)
    return (
        (number_words.tens[word] + one, unit + 1) if one < 10 else (number_words.tens[word], at + 1)
    )


def _find_spelled_numbers(
    phrase: Phrase, at: int, number_words: NumberWords, below: int = MAX_COUNT
) -> Iterator[Number]:
    """Yield the numbers in words that begin here with scales smaller than ``below``."""
    for small in _find_small_numbers(phrase, at, number_words):
        value, end, scales, _ = small
        if value:
            yield small
        scale = number_words.scales.get(phrase.word_at(end), 0)
        if not 1_000 <= scale < below or value >= 1_000:
            continue
        base = max(value, 1) * scale
        yield Number(base, end + 1, scales | {scale})
        for rest in _find_remainders(phrase, end + 1, number_words, scale):
            yield Number(base + rest.value, rest.end, scales | {scale})


def _find_remainders(
    phrase: Phrase, at: int, number_words: NumberWords, scale: int
) -> Iterator[Number]:
    """Yield what may follow a scale: a smaller number, or "and" with a number below a hundred."""
    if phrase.word_at(at) == number_words.conjunction:
        small = _read_below_hundred(phrase, at + 1, number_words)
        if small:
            yield Number(*small, frozenset())
        return
    yield from (
        rest
        for rest in _find_spelled_numbers(phrase, at, number_words, scale)
        if rest.value < scale
    )


def _find_small_numbers(phrase: Phrase, at: int, number_words: NumberWords) -> Iterator[Number]:
    """Yield the numbers up to "ninety-nine hundred and ninety-nine", and dozens.

    The value 0 represents an article, which is a number only before a scale ("a thousand").
    """
    head = (
        (0, at + 1)
        if phrase.word_at(at) in number_words.articles
        else _read_below_hundred(phrase, at, number_words)
    )
    if head is None:
        return
    value, end = head
    yield Number(value, end, frozenset())
    scale = number_words.scales.get(phrase.word_at(end), 0)
    if not 0 < scale < 1_000:
        return
    base = max(value, 1) * scale
    yield Number(base, end + 1, frozenset({scale}), number_words.units.get(phrase.word_at(end)))
    after_conjunction = end + 1 + (phrase.word_at(end + 1) == number_words.conjunction)
    small = _read_below_hundred(phrase, after_conjunction, number_words)
    if scale == 100 and small:
        yield Number(base + small[0], small[1], frozenset({scale}))

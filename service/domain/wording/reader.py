"""What the words of a casualty figure mean: "at least 30 were killed or wounded" -> 30 or more.

The words and the ends they stand for are data (``service.domain.wording.lexicon``), so that every
figure can tell which version read it. A phrase is read whole or refused, never guessed.
"""

from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import takewhile
from typing import Any, Final

from service.domain.vocabulary import LOSSES, MAX_COUNT
from service.domain.wording.grammar import OutcomeSets, Parse, PhraseParser
from service.domain.wording.lexicon import EN, Rule
from service.domain.wording.numerals import TOO_MANY_MESSAGE, Number
from service.domain.wording.tokenizer import (
    MAX_WORDING_LENGTH,
    Phrase,
    Token,
    UnreadableWordingError,
)

__all__ = [
    "LEXICON_VERSION",
    "MAX_WORDING_LENGTH",
    "Reading",
    "UnreadableWordingError",
    "describe_lexicon",
    "read_wording",
    "rounding_margin",
]

LEXICON_VERSION: Final = EN.version
"""The version that reads what is reported today."""

_REVERSED: Final = "The end lies below the start, so that no number of people fits."
_NO_ROUND_ZERO: Final = 'Zero is not a rounded number: write "0", or the ends as low and high.'
_HALF_SAID: Final = (
    "The start may mean the same thousands (or hundreds) as the end: write both in full,"
    ' as in "10,000 to 11,000".'
)
_TWO_THINGS: Final = (
    "The words name different outcomes for the same people: join them"
    ' with "and" or "or" where they are one sum, or post two figures.'
)
_BREAKS_OFF: Final = "Something is missing, or one thing is said twice."
_USUAL_HINT: Final = f"Write {EN.examples}, or post low and high beside these words."


@dataclass(frozen=True, slots=True)
class Reading:
    """Between ``low`` and ``high`` people, as the words say; ``high`` None means no ceiling.

    ``soft`` names the ends that rest on a convention of speech. ``outcomes`` is None where the
    words name none; it is one joint set where they name several. ``qualifier`` is the code of the
    lexicon's rule. ``disclosed`` is False for losses acknowledged without a number.
    """

    low: int
    high: int | None
    soft: frozenset[str]
    outcomes: frozenset[str] | None
    qualifier: str
    lexicon: str
    disclosed: bool


@lru_cache(maxsize=4_096)
def read_wording(text: str) -> Reading:
    """Return what the words say; whom they call the people ("soldiers") is not part of it.

    Raises ``UnreadableWordingError``, and nothing else, for every text that cannot be read whole.
    """
    phrase = Phrase.from_text(text)
    parser = PhraseParser(phrase, EN)
    readings: set[Reading] = set()
    refusals: list[UnreadableWordingError] = []
    for parse in parser.iterate_parses():
        if parse.end == len(phrase.tokens):
            try:
                readings.add(_interpret(phrase, parse))
            except UnreadableWordingError as refusal:
                refusals.append(refusal)
    if len(readings) == 1:
        return readings.pop()
    raise refusals[0] if refusals else _make_unread_error(phrase, parser.farthest)


def describe_lexicon() -> list[dict[str, Any]]:
    """Return the rules of the lexicon as plain data, in the order in which they stand in it.

    An end is a number, null (no ceiling) or text such as "N-h"; h is what ``rounding_margin``
    gives.
    """
    return [
        {
            "qualifier": rule.qualifier,
            "words": list(rule.words),
            "low": rule.low,
            "high": rule.high,
            "soft": sorted(rule.soft),
            "disclosed": rule.disclosed,
        }
        for rule in EN.rules
    ]


def rounding_margin(number: int) -> int:
    """Return how far a rounded number may be off: h of the contract, at least 1.

    The smaller of half its unit and a fifth of it, where the unit is the largest power of ten that
    divides it (5 below 100 where it ends in 5).
    """
    digits = str(number)
    unit: int = 10 ** (len(digits) - len(digits.rstrip("0")))
    if number < 100 and number % 10 == 5:
        unit = 5
    return max(1, min(unit // 2, number // 5))


def _interpret(phrase: Phrase, parse: Parse) -> Reading:
    """Return what a parse of the whole phrase says; raises where that cannot be."""
    rule = parse.rule
    hint = _check_numbers(rule, parse.numbers)
    if hint:
        raise phrase.make_error(parse.quantity_start, parse.quantity_end, hint)
    low, high = (_resolve_end(end, parse.numbers) for end in (rule.low, rule.high))
    if high is not None and high < (low or 0):
        raise phrase.make_error(parse.quantity_start, parse.quantity_end, _REVERSED)
    if max(low or 0, high or 0) > MAX_COUNT:
        raise phrase.make_error(parse.quantity_start, parse.quantity_end, TOO_MANY_MESSAGE)
    outcomes = _merge_outcome_sets(phrase, parse.outcome_sets)
    return Reading(
        low or 0, high, rule.soft, outcomes, rule.qualifier, LEXICON_VERSION, rule.disclosed
    )


def _check_numbers(rule: Rule, numbers: tuple[Number, ...]) -> str:
    """Return why the rule cannot take these numbers, "" where it can."""
    if rule.uses_rounding and numbers[0].value == 0:
        return _NO_ROUND_ZERO
    if len(numbers) == 2:
        start, end = numbers
        unsaid = (scale for scale in end.scales - start.scales if start.value)
        if any(start.value * scale < end.value for scale in unsaid):
            return _HALF_SAID
    return ""


def _resolve_end(end: int | str | None, numbers: tuple[Number, ...]) -> int | None:
    """Return an end of a rule for the numbers in its slots."""
    if end is None or isinstance(end, int):
        return end
    first, last = numbers[0].value, numbers[-1].value
    h = rounding_margin(first)
    ends = {"N": first, "N+1": first + 1, "N-1": first - 1, "A": first, "B": last}
    return (ends | {"N-h": max(0, first - h), "N+h": first + h})[end]


def _merge_outcome_sets(phrase: Phrase, outcome_sets: OutcomeSets) -> frozenset[str] | None:
    """Return the one set of outcomes that the words name, None where they name none.

    Only "losses" and "lost" may be told more closely: "lost 30 men, either killed or wounded".
    """

    def narrow(before: frozenset[str], after: frozenset[str]) -> frozenset[str]:
        if before not in (after, LOSSES):
            raise phrase.make_error(0, len(phrase.tokens), _TWO_THINGS)
        return after

    return reduce(narrow, outcome_sets) if outcome_sets else None


def _make_unread_error(phrase: Phrase, farthest: int) -> UnreadableWordingError:
    """Return the error for a phrase that could be read only up to the token."""
    rest = phrase.tokens[farthest:]
    if not rest:
        return phrase.make_error(0, len(phrase.tokens), f"{_BREAKS_OFF} {_USUAL_HINT}")
    unknown_count = len(tuple(takewhile(lambda token: not _is_known(token), rest)))
    stop = farthest + unknown_count if unknown_count else len(phrase.tokens)
    words = (token.word for token in rest if token.word in EN.hints or token.word[0].isalnum())
    is_second_number = farthest and any(_is_number(token) for token in rest)
    usual = EN.another_number_hint if is_second_number else _USUAL_HINT
    return phrase.make_error(farthest, stop, EN.hints.get(next(words, ""), usual))


def _is_known(token: Token) -> bool:
    return token.is_numeral or token.word in EN.known_words


def _is_number(token: Token) -> bool:
    return token.is_numeral or token.word in EN.numbers.ones or token.word in EN.numbers.tens

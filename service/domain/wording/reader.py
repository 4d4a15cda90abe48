"""Reads the wording of a figure: "at least 30 were killed or wounded" means 30 or more.

Words and their ranges are data (``service.domain.wording.lexicon``), so each figure records which
version read it. A wording is read as a whole or rejected; nothing is guessed.
"""

from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from itertools import takewhile
from typing import Any, Final

from service.domain.vocabulary import LOSSES, MAX_COUNT
from service.domain.wording.grammar import OutcomeSets, Parse, PhraseParser
from service.domain.wording.lexicon import EN, Lexicon, Rule, load_lexicon
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
    "list_earlier_lexicons",
    "read_wording",
]

LEXICON_VERSION: Final = EN.version
"""The version that reads new reports."""

EARLIER_VERSIONS: Final = ("en-1",)
"""The versions that read figures of earlier releases; what they read stays as it is."""

_REVERSED: Final = "The end of the range is below its start."
_NO_ROUND_ZERO: Final = 'Zero is not a rounded number: write "0", or give low and high.'
_TOO_SMALL: Final = "The number is too small for this wording: write the number, or low and high."
_UNCLEAR_SCALE: Final = (
    "The start of the range may be in thousands (or hundreds) like its end: write both in full,"
    ' as in "10,000 to 11,000".'
)
_DIFFERENT_OUTCOMES: Final = (
    "The words name different outcomes for the same people: join them"
    ' with "and" or "or" if they are one sum, or post two figures.'
)
_OTHER_TABLES: Final = ("outcomes", "outcome_verbs", "losses", "loss_verbs", "partitives")
"""Tables whose phrases are not about a kind of people, even where they hold such a word."""

_INCOMPLETE: Final = "A part is missing or is given twice."
_DEFAULT_HINT: Final = f"Write {EN.examples}, or give low and high with these words."


@dataclass(frozen=True, slots=True)
class Reading:
    """The range that a wording means; ``high`` None means no upper bound.

    ``soft`` names the ends that rest on a convention of speech. ``outcomes`` is None if the wording
    names none; several are one joint set. ``qualifier`` is the code of the lexicon's rule.
    ``disclosed`` is False for losses that are acknowledged without a number. ``people`` are the
    words that name a kind of people ("civilians"), in order; () means that everyone is meant.
    """

    low: int
    high: int | None
    soft: frozenset[str]
    outcomes: frozenset[str] | None
    qualifier: str
    lexicon: str
    disclosed: bool
    people: tuple[str, ...] = ()


@lru_cache(maxsize=4_096)
def read_wording(text: str) -> Reading:
    """Return what the wording means.

    Raises UnreadableWordingError, and no other error, for every text that cannot be read as a
    whole.
    """
    phrase = Phrase.from_text(text)
    parser = PhraseParser(phrase, EN)
    readings: set[Reading] = set()
    errors: list[UnreadableWordingError] = []
    for parse in parser.iterate_parses():
        if parse.end == len(phrase.tokens):
            try:
                readings.add(_interpret(phrase, parse))
            except UnreadableWordingError as error:
                errors.append(error)
    if len(readings) == 1:
        return readings.pop()
    raise errors[0] if errors else _make_unread_error(phrase, parser.farthest)


@cache
def list_earlier_lexicons() -> tuple[Lexicon, ...]:
    """Return the versions that read figures before, the oldest first; they read nothing new."""
    return tuple(load_lexicon(version) for version in EARLIER_VERSIONS)


def describe_lexicon(lexicon: Lexicon = EN) -> list[dict[str, Any]]:
    """Return the rules of the lexicon as plain data, in their order.

    An end is a number, null (no upper bound) or text such as "N-h", where h is the rounding margin.
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
        for rule in lexicon.rules
    ]


def _interpret(phrase: Phrase, parse: Parse) -> Reading:
    """Return the meaning of a parse of the whole phrase; raises UnreadableWordingError."""
    rule = parse.rule
    hint = _check_numbers(rule, parse.numbers)
    if hint:
        raise phrase.make_error(parse.quantity_start, parse.quantity_end, hint)
    low, high = (_resolve_end(end, parse.numbers) for end in (rule.low, rule.high))
    if "h" in str(rule.low):
        low = max(low or 0, EN.rounding.least_low)
    if high is not None and high < (low or 0):
        raise phrase.make_error(parse.quantity_start, parse.quantity_end, _REVERSED)
    if max(low or 0, high or 0) > MAX_COUNT:
        raise phrase.make_error(parse.quantity_start, parse.quantity_end, TOO_MANY_MESSAGE)
    outcomes = _merge_outcome_sets(phrase, parse.outcome_sets)
    return Reading(
        low or 0,
        high,
        rule.soft,
        outcomes,
        rule.qualifier,
        LEXICON_VERSION,
        rule.disclosed,
        _find_kinds_of_people(phrase, parse),
    )


def _check_numbers(rule: Rule, numbers: tuple[Number, ...]) -> str:
    """Return why the rule cannot take these numbers; "" if it can."""
    if numbers and numbers[0].value < rule.min_number:
        return _TOO_SMALL if numbers[0].value else _NO_ROUND_ZERO
    if len(numbers) == 2:
        start, end = numbers
        omitted_scales = (scale for scale in end.scales - start.scales if start.value)
        if any(start.value * scale < end.value for scale in omitted_scales):
            return _UNCLEAR_SCALE
    return ""


def _resolve_end(end: int | str | None, numbers: tuple[Number, ...]) -> int | None:
    """Return an end of a rule for the numbers in its slots; None for no upper bound."""
    if end is None or isinstance(end, int):
        return end
    first, last = numbers[0].value, numbers[-1].value
    h = EN.rounding.margin(first, numbers[0].unit)
    ends = {"N": first, "N+1": first + 1, "N-1": first - 1, "A": first, "B": last}
    return (ends | {"N-h": max(0, first - h), "N+h": first + h})[end]


def _merge_outcome_sets(phrase: Phrase, outcome_sets: OutcomeSets) -> frozenset[str] | None:
    """Return the set of outcomes that the wording names; None if it names none.

    Only "losses" and "lost" can be narrowed: "lost 30 men, either killed or wounded". Raises
    UnreadableWordingError for other different sets.
    """

    def narrow(before: frozenset[str], after: frozenset[str]) -> frozenset[str]:
        if before not in (after, LOSSES):
            raise phrase.make_error(0, len(phrase.tokens), _DIFFERENT_OUTCOMES)
        return after

    return reduce(narrow, outcome_sets) if outcome_sets else None


def _find_kinds_of_people(phrase: Phrase, parse: Parse) -> tuple[str, ...]:
    """Return the words of the phrase that name a kind of people, as written.

    The longest reading of each word counts: "prisoners" are a kind of people, and "prisoners of
    war" is an outcome.
    """
    kinds = []
    at = 0
    while at < len(phrase.tokens):
        kind_end = max(
            (end for end, _ in EN.tables["kinds_of_people"].find_ends(phrase, at)), default=at
        )
        other_end = max(
            (end for name in _OTHER_TABLES for end, _ in EN.tables[name].find_ends(phrase, at)),
            default=at,
        )
        if parse.rule is EN.losses_rule and at < parse.quantity_end:
            degree_ends = (end for end, _ in EN.tables["degrees"].find_ends(phrase, at))
            other_end = max(other_end, *degree_ends, at)
        if kind_end > other_end:
            kinds.append(phrase.text[phrase.tokens[at].start : phrase.tokens[kind_end - 1].stop])
        at = max(kind_end, other_end, at + 1)
    return tuple(kinds)


def _make_unread_error(phrase: Phrase, farthest: int) -> UnreadableWordingError:
    """Return the error for a phrase that could be read only up to the token."""
    rest = phrase.tokens[farthest:]
    if not rest:
        return phrase.make_error(0, len(phrase.tokens), f"{_INCOMPLETE} {_DEFAULT_HINT}")
    unknown_count = len(tuple(takewhile(lambda token: not _is_known(token), rest)))
    stop = farthest + unknown_count if unknown_count else len(phrase.tokens)
    words = (token.word for token in rest if token.word in EN.hints or token.word[0].isalnum())
    is_second_number = farthest and any(_is_number(token) for token in rest)
    default_hint = EN.another_number_hint if is_second_number else _DEFAULT_HINT
    return phrase.make_error(farthest, stop, EN.hints.get(next(words, ""), default_hint))


def _is_known(token: Token) -> bool:
    return token.is_numeral or token.word in EN.known_words


def _is_number(token: Token) -> bool:
    return token.is_numeral or token.word in EN.numbers.ones or token.word in EN.numbers.tens

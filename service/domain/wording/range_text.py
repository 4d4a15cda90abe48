"""Says a total in a few words, as a careful editor would write it."""

import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

from service.domain.total import Total
from service.domain.vocabulary import sort_outcomes

BIDI_CLASSES: Final = frozenset(
    ("R", "AL", "RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI")
)
"""Kinds of character, by Unicode, that can turn the direction of the text around them."""


def format_count(count: int) -> str:
    """Return the number as it is printed: 3,001."""
    return f"{count:,}"


def isolate_bidi(text: str) -> str:
    """Return somebody's free text so that its direction does not spread to what follows it."""
    needs_isolation = any(unicodedata.bidirectional(each) in BIDI_CLASSES for each in text)
    return f"\u2068{text}\u2069" if needs_isolation else text


def join_words(words: Sequence[str], conjunction: str = "and") -> str:
    """Return the words as a list in a sentence: "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def outcomes_text(outcomes: Collection[str]) -> str:
    """Return the outcomes as a person may have met any one of them: "killed or wounded"."""
    return join_words(sort_outcomes(outcomes), "or")


def total_text(total: Total, outcomes: Collection[str]) -> str:
    """Return the total in words, such as "at least 30 killed or wounded"."""
    if total.low is None:
        return "no figure reported"
    words = _outcome_range_text(total.low, total.high, total.is_disputed, outcomes_text(outcomes))
    return f"{words}, disputed" if total.is_disputed else words


def _outcome_range_text(low: int, high: int | None, disputed: bool, outcomes: str) -> str:
    if high is None:
        return f"at least {format_count(low)} {outcomes}" if low else "reported, number not known"
    if low == high:
        return f"{format_count(low)} {outcomes}" if low else f"nobody {outcomes}"
    if low == 0:
        return (
            f"0 to {format_count(high)} {outcomes}"
            if disputed
            else f"up to {format_count(high)} {outcomes}"
        )
    return f"between {format_count(low)} and {format_count(high)} {outcomes}"


def range_text(low: int, high: int | None) -> str:
    """Return a bare range in words, such as "at least 30" or "2 to 8"."""
    if high is None:
        return f"at least {format_count(low)}" if low else "an unknown number"
    return format_count(low) if low == high else f"{format_count(low)} to {format_count(high)}"

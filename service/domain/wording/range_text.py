"""Says a total in a few words, as a careful editor would write it."""

import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

from service.domain.total import Total
from service.domain.vocabulary import in_order

TURNING: Final = frozenset(
    ("R", "AL", "RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI")
)
"""Kinds of character, by Unicode, that can turn the direction of the text around them."""


def number(count: int) -> str:
    """Return the number as it is printed: 3,001."""
    return f"{count:,}"


def isolated(text: str) -> str:
    """Return somebody's free text so that its direction does not spread to what follows it."""
    turning = any(unicodedata.bidirectional(each) in TURNING for each in text)
    return f"\u2068{text}\u2069" if turning else text


def listed(words: Sequence[str], link: str = "and") -> str:
    """Return the words as a list in a sentence: "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {link} {words[-1]}"


def outcomes_text(outcomes: Collection[str]) -> str:
    """Return the outcomes as a person may have met any one of them: "killed or wounded"."""
    return listed(in_order(outcomes), "or")


def total_text(total: Total, outcomes: Collection[str]) -> str:
    """Return the total in words, such as "at least 30 killed or wounded"."""
    if total.low is None:
        return "no figure reported"
    words = _range_text(total.low, total.high, total.disputed, outcomes_text(outcomes))
    return f"{words}, disputed" if total.disputed else words


def _range_text(low: int, high: int | None, disputed: bool, what: str) -> str:
    if high is None:
        return f"at least {number(low)} {what}" if low else "reported, number not known"
    if low == high:
        return f"{number(low)} {what}" if low else f"nobody {what}"
    if low == 0:
        return f"0 to {number(high)} {what}" if disputed else f"up to {number(high)} {what}"
    return f"between {number(low)} and {number(high)} {what}"


def range_text(low: int, high: int | None) -> str:
    """Return a bare range in words, such as "at least 30" or "2 to 8"."""
    if high is None:
        return f"at least {number(low)}" if low else "an unknown number"
    return number(low) if low == high else f"{number(low)} to {number(high)}"

"""The closed lists of words in the API: outcomes, stances, states of reports."""

from collections.abc import Collection, Iterable
from typing import Final

OUTCOMES: Final = ("killed", "wounded", "missing", "captured")
"""The four outcomes in their fixed order; one person has exactly one of them."""

STANCES: Final = ("asserts", "does_not_acknowledge", "declines_to_say", "acknowledges")
"""A report that ``asserts`` has figures; the others have none and are never counted as zero."""

STATES: Final = ("live", "relay", "superseded", "retracted")
"""The states of a report; only figures of live reports are counted."""

ROOT_GROUP: Final = "everyone"
"""The root of the group tree, and the group of a figure that names none."""

DEFAULT_DIVISION: Final = "administrative"
"""The division of a place without a parent that names none."""

MAX_COUNT: Final = 1_000_000_000
"""The largest number of people that a report may give."""

LOSSES: Final = frozenset(OUTCOMES)
"""The outcomes that the word "losses" covers."""


OUTCOME_SETS: Final = tuple(
    frozenset(outcome for bit, outcome in enumerate(OUTCOMES) if number >> bit & 1)
    for number in range(1 << len(OUTCOMES))
)
"""The set of outcomes for each number that ``encode_outcomes`` returns."""

_OUTCOME_BITS: Final = {outcomes: number for number, outcomes in enumerate(OUTCOME_SETS)}


def encode_outcomes(outcomes: Iterable[str]) -> int:
    """Return the set of outcomes as bits, killed the lowest."""
    return _OUTCOME_BITS[frozenset(outcomes)]


ALL_OUTCOMES: Final = encode_outcomes(OUTCOMES)
"""All outcomes as bits."""


def sort_outcome_sets(outcome_sets: Iterable[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Return the sets in order: fewer outcomes first, then by the order of the vocabulary."""
    return tuple(
        sorted(outcome_sets, key=lambda each: (len(each), sorted(map(OUTCOMES.index, each))))
    )


def sort_outcomes(outcomes: Collection[str]) -> tuple[str, ...]:
    """Return the outcomes in the order of ``OUTCOMES``, each once."""
    return tuple(outcome for outcome in OUTCOMES if outcome in outcomes)

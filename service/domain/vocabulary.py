"""The closed lists of words in the API: outcomes, stances, states of reports."""

from collections.abc import Collection
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


def sort_outcomes(outcomes: Collection[str]) -> tuple[str, ...]:
    """Return the outcomes in the order of ``OUTCOMES``, each once."""
    return tuple(outcome for outcome in OUTCOMES if outcome in outcomes)

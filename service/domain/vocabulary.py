"""The closed word lists of the contract: outcomes, stances, states, kinds of part."""

from collections.abc import Collection
from typing import Final

OUTCOMES: Final = ("killed", "wounded", "missing", "captured")
"""The four outcomes, in the order in which they are always listed; one person has one of them."""

STANCES: Final = ("asserts", "does_not_acknowledge", "declines_to_say", "acknowledges")
"""``asserts`` comes with figures; the other three never do, and are never read as a zero."""

STATES: Final = ("live", "relay", "superseded", "retracted")
"""The states of a report; only figures of live reports are counted."""

EXCLUSION_REASONS: Final = ("retracted", "superseded", "relay", "straddles")
"""Why a figure in the scope of a query is not counted: its report's state, or the query."""

ROOT_GROUP: Final = "everyone"
"""The root of the group tree, and the group of a figure that names none."""

MAX_COUNT: Final = 1_000_000_000
"""The largest number of people that a report may give."""

LOSSES: Final = frozenset(OUTCOMES)
"""What the word "losses" stands for."""


def sort_outcomes(outcomes: Collection[str]) -> tuple[str, ...]:
    """Return the outcomes in the order of the vocabulary, each once."""
    return tuple(outcome for outcome in OUTCOMES if outcome in outcomes)

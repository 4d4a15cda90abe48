"""Figures: claims about the sum of people over places x days x outcomes x groups."""

from dataclasses import dataclass

from service.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Quantity:
    """A range of people from ``low`` to ``high``; ``high`` None means that no upper bound is known.

    ``soft`` names the ends ("low", "high") that rest on a convention of speech.
    """

    low: int
    high: int | None
    soft: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """The places, days, outcomes and groups that a figure or a query covers.

    ``places`` and ``groups`` are ids; each includes everything below it. In a query, no places
    means all places. ``incident`` is "scheme:id", or None for everyone in the scope.
    """

    places: tuple[str, ...]
    period: Period
    outcomes: frozenset[str]
    groups: tuple[str, ...]
    incident: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One claim of one report, as recorded; it is never divided over the parts of its scope.

    ``best`` is the reporter's own estimate, None if there is none. ``reclassifies`` is the id of
    the earlier figure whose people this one is about. ``disclosed`` is False if the words give no
    number ("heavy losses").
    """

    id: str
    report: str
    reporter: str
    scope: Scope
    quantity: Quantity
    best: int | None = None
    reclassifies: str | None = None
    disclosed: bool = True

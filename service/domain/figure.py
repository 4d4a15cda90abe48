"""A figure: a claim about the sum of people over places x days x outcomes x groups."""

from dataclasses import dataclass

from service.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Quantity:
    """Between ``low`` and ``high`` people; ``high`` None means that no ceiling is known.

    ``soft`` names the ends ("low", "high") that rest on a convention of speech.
    """

    low: int
    high: int | None
    soft: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where, when, what and who a figure or a question speaks of.

    ``places`` and ``groups`` are ids, each covering all that lies below it; no places means
    everywhere (in a question only). ``incident`` is "scheme:id", or None for everyone in the scope.
    """

    places: tuple[str, ...]
    period: Period
    outcomes: frozenset[str]
    groups: tuple[str, ...]
    incident: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One claim of one report, as it was recorded; never divided over its parts.

    ``best`` is the reporter's own estimate, None where none was given. ``reclassifies`` is the id
    of the earlier figure of whose people this one speaks. ``disclosed`` is False where the
    reporter's words give no number ("heavy losses").
    """

    id: str
    report: str
    reporter: str
    scope: Scope
    quantity: Quantity
    best: int | None = None
    reclassifies: str | None = None
    disclosed: bool = True

"""A whole answer: the totals asked for, what qualifies them, and what was and was not counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.caveats import Caveat
from service.domain.figure import Figure
from service.domain.public_event import PublicEvent
from service.domain.total import Total
from service.domain.totals_query import TotalsQuery


@dataclass(frozen=True, slots=True)
class OutcomeTotal:
    """A total of one set of outcomes, in numbers and in words.

    ``best`` is the sum of the reporters' own best estimates, None where they do not add up.
    ``change`` is None where the answer is not compared with an earlier one.
    """

    outcomes: frozenset[str]
    total: Total
    text: str
    best: int | None
    change: "TotalChange | None" = None


@dataclass(frozen=True, slots=True)
class TotalChange:
    """What a total was at an earlier moment, and what happened since that touches it.

    The events stand oldest first; ``events_left_out`` is how many still older ones are not among
    them.
    """

    then: OutcomeTotal
    events: Sequence[PublicEvent]
    events_left_out: int


@dataclass(frozen=True, slots=True)
class ComparedState:
    """The entry of the ledger that the totals are compared with."""

    seq: int
    recorded_at: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """The totals of one part of the asked scope, or of one reporter alone."""

    key: str
    name: str
    totals: Sequence[OutcomeTotal]
    caveats: Sequence[Caveat] = ()


@dataclass(frozen=True, slots=True)
class Unplaced:
    """How many people the whole's low holds beyond the sum of its parts' lows."""

    outcomes: frozenset[str]
    low: int


@dataclass(frozen=True, slots=True)
class ExcludedFigure:
    """A figure in the asked scope that was not counted, and the reason's code."""

    figure: Figure
    reason: str


@dataclass(frozen=True, slots=True)
class TotalsResult:
    """All that is said to one question; ``parts`` is None where it was not cut.

    ``name`` is that of the asked places, "everywhere" where none is asked.
    ``unplaced`` is None where parts may share people; ``by_reporter`` where it was not asked for.
    """

    query: TotalsQuery
    name: str
    seq: int
    recorded_at: str | None
    totals: Sequence[OutcomeTotal]
    caveats: Sequence[Caveat]
    used: Sequence[Figure]
    excluded: Sequence[ExcludedFigure]
    parts: Sequence[Part] | None = None
    unplaced: Sequence[Unplaced] | None = None
    by_reporter: Sequence[Part] | None = None
    compared: ComparedState | None = None

    @property
    def all_totals(self) -> list[Total]:
        """Every total of the answer: of the whole, of its parts, of each reporter alone."""
        parts = (*(self.parts or ()), *(self.by_reporter or ()))
        outcome_totals = [*self.totals, *(each for part in parts for each in part.totals)]
        earlier_totals = [each.change.then for each in outcome_totals if each.change is not None]
        return [each.total for each in (*outcome_totals, *earlier_totals)]

    @property
    def exact(self) -> bool:
        """Whether no total of the answer ran out of time."""
        return all(total.exact for total in self.all_totals)

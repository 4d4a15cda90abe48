"""Totals results: all totals of one query with caveats, used and excluded figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.domain.caveats import Caveat
from service.domain.figure import Figure
from service.domain.figure_set import FigureSet
from service.domain.periods import ALWAYS, Period
from service.domain.public_event import PublicEvent
from service.domain.reach import NO_GAPS, Reach
from service.domain.total import Total
from service.domain.totals_query import TotalsQuery


@dataclass(frozen=True, slots=True)
class OutcomeTotal:
    """A total of one set of outcomes, as numbers and as text.

    ``figures`` are the counted figures that overlap its scope. ``placed`` is the total of only
    ``placed_figures``, those that are wholly inside the places, the period and the groups of the
    query. ``best`` is the sum of the reporters' best estimates, None if they
    cannot be added. ``change`` is None if the query has no comparison. ``reach`` is what the
    figures of the total cover of the query, ``placed_reach`` what those of ``placed`` do.
    """

    outcomes: frozenset[str]
    total: Total
    placed: Total
    figures: FigureSet
    placed_figures: FigureSet
    text: str
    best: int | None
    change: "TotalChange | None" = None
    reach: Reach = NO_GAPS
    placed_reach: Reach = NO_GAPS


@dataclass(frozen=True, slots=True)
class TotalChange:
    """The total in an earlier state, and the events since then that affect it.

    Events are ordered from the oldest to the newest; ``events_left_out`` counts still older ones
    that are not listed.
    """

    then: OutcomeTotal
    events: Sequence[PublicEvent]
    events_left_out: int


@dataclass(frozen=True, slots=True)
class ComparedState:
    """The earlier state of the record that the totals are compared with."""

    seq: int
    recorded_at: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """The totals of one part of a breakdown, or of one reporter alone.

    A part of two dimensions has a second key and name. ``period`` is the part's own. ``changes``
    are the fields in which the part's query differs from that of the whole.
    """

    key: str
    name: str
    totals: Sequence[OutcomeTotal]
    caveats: Sequence[Caveat] = ()
    key2: str | None = None
    name2: str | None = None
    period: Period = ALWAYS
    changes: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Unplaced:
    """The difference between the whole's low and the sum of its parts' lows."""

    outcomes: frozenset[str]
    low: int


@dataclass(frozen=True, slots=True)
class ExcludedFigure:
    """A figure in the scope that was not counted.

    The reason is its report's state (retracted, superseded, relay), or "straddles".
    """

    figure: Figure
    reason: str


@dataclass(frozen=True, slots=True)
class ReporterCoverage:
    """A reporter of counted figures, and how many of them are its own."""

    id: str
    name: str
    party: bool
    figures: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the counted figures of a query are about, and who reported them.

    The first day of ``period`` is None if a figure does not state its own, and both days are None
    without figures. ``published`` is the latest date of publication, None if none is known.
    ``reporters`` are in order of their number of figures, the most first.
    """

    period: Period
    reports: int
    figures: int
    reporters: Sequence[ReporterCoverage]
    published: str | None = None


@dataclass(frozen=True, slots=True)
class TotalsResult:
    """The result of one query.

    ``name`` is the name of the places, "everywhere" if the query has none. ``parts`` is None
    without a breakdown, ``by_reporter`` if it was not requested, and ``unplaced`` if parts can
    share people.
    """

    query: TotalsQuery
    name: str
    seq: int
    recorded_at: str | None
    totals: Sequence[OutcomeTotal]
    caveats: Sequence[Caveat]
    used: FigureSet
    excluded: Sequence[ExcludedFigure]
    coverage: Coverage
    parts: Sequence[Part] | None = None
    unplaced: Sequence[Unplaced] | None = None
    by_reporter: Sequence[Part] | None = None
    compared: ComparedState | None = None

    @property
    def all_totals(self) -> list[Total]:
        """Every total of the result: whole, parts, each reporter, and the compared state."""
        return [each.total for each in self._outcome_totals]

    @property
    def _outcome_totals(self) -> list[OutcomeTotal]:
        parts = (*(self.parts or ()), *(self.by_reporter or ()))
        outcome_totals = [*self.totals, *(each for part in parts for each in part.totals)]
        earlier_totals = [each.change.then for each in outcome_totals if each.change is not None]
        return [*outcome_totals, *earlier_totals]

    @property
    def is_final(self) -> bool:
        """Whether every total was computed within the time budget."""
        return all(
            total.is_final for each in self._outcome_totals for total in (each.total, each.placed)
        )

"""Comparison of totals with an earlier state, and the events since then that touch each total.

An event touches a total if, in one of the two states, it is about
- a report with a figure, or a stance, whose scope overlaps that of the total;
- the reporter of such a report;
- a place or group that such a figure names, or an ancestor of one;
- a place or group that is within those of the query or contains them;
- a figure from elsewhere that the proof of a bound uses.
If the numbers changed and no such event can have changed them, events about any figure that is
connected to the total by overlapping scopes touch it too.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from service.domain.errors import invalid_field
from service.domain.figure_set import NO_FIGURES, FigureSet, ListedFigures
from service.domain.public_event import PublicEvent
from service.domain.term_list import list_both_terms
from service.domain.total import Total
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import (
    ComparedState,
    OutcomeTotal,
    Part,
    TotalChange,
    TotalsResult,
)
from service.domain.wording.range_text import total_text
from service.store.event_window import load_public_events
from service.usecases.dependencies import Calculation, QueryDependencies, union_dependencies
from service.usecases.event_window import EventWindow
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import Snapshot

MAX_EVENTS: Final = 10_000
"""How many events a result lists altogether; each of its totals gets the same share."""

MAX_EVENTS_PER_TOTAL: Final = 1_000

MAX_EVENTS_BETWEEN: Final = 50_000
"""How many events may be between the two states: all of them are read, 1 to 2 KB each."""


MakeCalculation = Callable[[Snapshot, TotalsQuery], Calculation]


@dataclass(frozen=True, slots=True)
class EarlierState:
    """An earlier state of the record, and the events from then to the later state."""

    snapshot: Snapshot
    window: EventWindow


def resolve_compare(
    reader: RequestReader, query: TotalsQuery, seq: int, now: datetime
) -> int | None:
    """Return the event with which the totals as of ``seq`` are compared; None if they are not.

    Raises InvalidInputError for a ``compare`` in the future or later than ``as_of``, and if there
    are too many events between the two.
    """
    if query.compare is None:
        return None
    earlier_seq = reader.resolve_as_of(query.compare, now, "compare")
    requested = (query.as_of, query.compare)
    is_later = all(isinstance(each, str) for each in requested) and str(requested[0]) < str(
        requested[1]
    )
    if earlier_seq > seq or is_later:
        raise invalid_field("compare", "This must not be later than as_of.")
    if seq - earlier_seq > MAX_EVENTS_BETWEEN:
        raise invalid_field(
            "compare",
            f"There are {seq - earlier_seq:,} events between the two states, more than"
            f" {MAX_EVENTS_BETWEEN:,}; the first that can be compared is"
            f" {seq - MAX_EVENTS_BETWEEN}.",
        )
    return earlier_seq


def load_earlier_state(reader: RequestReader, snapshot: Snapshot, earlier_seq: int) -> EarlierState:
    """Return the state as of ``earlier_seq``, and all events from then to the later state."""
    earlier = reader.load_snapshot(earlier_seq)
    with reader.read_transaction() as db:
        events = load_public_events(db, earlier_seq, snapshot.state.seq)
    return EarlierState(earlier, EventWindow(earlier.state, snapshot.state, events))


def add_comparison(
    result: TotalsResult,
    query: TotalsQuery,
    snapshot: Snapshot,
    past: EarlierState,
    make_calculation: MakeCalculation,
) -> TotalsResult:
    """Return the result with, for each total, its earlier value and the events that touched it.

    ``query`` has the ids as they were sent: an id that was merged since named an entity of its own
    before. Nothing was reported of an entity that did not exist in the earlier state.
    """
    alone, parts = result.by_reporter or (), result.parts or ()
    total_count = len(result.totals) + sum(len(part.totals) for part in (*alone, *parts))
    max_events = min(MAX_EVENTS_PER_TOTAL, max(MAX_EVENTS // max(total_count, 1), 1))

    def add_changes(totals: Sequence[OutcomeTotal], part_query: TotalsQuery) -> list[OutcomeTotal]:
        return list(
            _Comparison(snapshot, past, make_calculation, part_query, max_events).iterate_changes(
                totals
            )
        )

    def add_changes_to_part(part: Part) -> Part:
        return replace(part, totals=add_changes(part.totals, replace(query, **part.changes)))

    earlier_state = past.snapshot.state
    return replace(
        result,
        totals=add_changes(result.totals, query),
        parts=result.parts and [add_changes_to_part(part) for part in parts],
        by_reporter=result.by_reporter and [add_changes_to_part(part) for part in alone],
        compared=ComparedState(earlier_state.seq, earlier_state.recorded_at),
    )


def _restrict_to_known_ids(snapshot: Snapshot, query: TotalsQuery) -> TotalsQuery | None:
    """Return the query with those of its ids that were known; None if none was."""
    state = snapshot.state

    def select_known(kind: str, ids: tuple[str, ...], entities: Collection[str]) -> tuple[str, ...]:
        return tuple(
            entity_id
            for entity_id in ids
            if state.resolve_merged(kind, (entity_id,))[0] in entities
        )

    places = select_known("place", query.places, state.places)
    groups = select_known("group", query.groups, state.groups)
    reporters = select_known("reporter", query.reporters, state.reporters)
    excluded = select_known("reporter", query.exclude_reporters, state.reporters)
    id_pairs = (query.places, places), (query.groups, groups), (query.reporters, reporters)
    if any(ids and not known_ids for ids, known_ids in id_pairs):
        return None
    return replace(
        query, places=places, groups=groups, reporters=reporters, exclude_reporters=excluded
    )


class _Comparison:
    """The comparison of one query in two states of the record."""

    def __init__(
        self,
        snapshot: Snapshot,
        past: EarlierState,
        make_calculation: MakeCalculation,
        query: TotalsQuery,
        max_events: int,
    ) -> None:
        self._window, self._max_events = past.window, max_events
        earlier_query = _restrict_to_known_ids(past.snapshot, query)
        self._earlier = earlier_query and make_calculation(past.snapshot, earlier_query)
        window, later = past.window, make_calculation(snapshot, query)
        self._sides = [QueryDependencies(snapshot, query, later, window)]
        if earlier_query and self._earlier:
            self._sides.append(
                QueryDependencies(past.snapshot, earlier_query, self._earlier, window)
            )
        self._query_dependencies = union_dependencies(
            side.query_dependencies() for side in self._sides
        )

    def iterate_changes(self, totals: Sequence[OutcomeTotal]) -> Iterator[OutcomeTotal]:
        """Yield the totals with their earlier values and the events that touched them."""
        outcome_sets = [each.outcomes for each in totals]
        earlier_totals = (
            self._earlier.compute_outcome_totals(outcome_sets)
            if self._earlier
            else map(_make_unreported_total, outcome_sets)
        )
        for now, then in zip(totals, earlier_totals, strict=True):
            events = self._find_touching_events(now, then)
            if not events and not (now.total.exact and then.total.exact):
                then = now  # Nothing happened: only the time for the solver differed.
            shown_events = events[-self._max_events :]
            yield replace(
                now, change=TotalChange(then, shown_events, len(events) - len(shown_events))
            )

    def _find_touching_events(self, now: OutcomeTotal, then: OutcomeTotal) -> list[PublicEvent]:
        proof_figures = [*_list_proof_figures(now.total), *_list_proof_figures(then.total)]
        overlapping = [
            side.overlapping_dependencies(now.outcomes, proof_figures) for side in self._sides
        ]
        events = self._window.find_events_touching(
            union_dependencies([self._query_dependencies, *overlapping])
        )
        if _numbers_of(now) != _numbers_of(then) and not self._window.can_change_numbers(events):
            dependent = [side.all_dependencies(now.outcomes) for side in self._sides]
            events = self._window.find_events_touching(
                union_dependencies([self._query_dependencies, *overlapping, *dependent])
            )
        return events


def _list_proof_figures(total: Total) -> list[FigureSet]:
    """Return the figures of the proofs, whatever their scope, and those set aside."""
    set_aside = ListedFigures((*total.lows_set_aside, *total.highs_set_aside))
    return [list_both_terms(total).figures, set_aside]


def _numbers_of(outcome_total: OutcomeTotal) -> tuple[object, ...]:
    total = outcome_total.total
    reporter_count = len(outcome_total.figures.count_by_reporter())
    return (
        total.low,
        total.high,
        total.nearest,
        outcome_total.best,
        len(outcome_total.figures),
        reporter_count,
    )


def _make_unreported_total(outcomes: frozenset[str]) -> OutcomeTotal:
    text = total_text(Total(), outcomes)
    return OutcomeTotal(outcomes, Total(), Total(), NO_FIGURES, NO_FIGURES, text, None)

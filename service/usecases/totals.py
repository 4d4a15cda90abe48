"""Totals: the least and the most people in a scope, and in each of its parts."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from service.bounds.boxes import make_region
from service.columns.column_figures import ColumnFigures, CountedRows
from service.columns.excluded_figures import ExcludedFigures
from service.domain.caveats import Caveat, CaveatContext, find_caveats
from service.domain.entities import make_empty_scope_message, unknown_id_message
from service.domain.errors import ErrorDetail, InvalidInputError
from service.domain.figure import Figure, Scope
from service.domain.figure_set import FigureSet, ListedFigures
from service.domain.reach import Reach, find_reach
from service.domain.report_state import ReportState
from service.domain.total import Total
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal, Part, TotalsResult
from service.domain.vocabulary import LOSSES, OUTCOMES, sort_outcome_sets
from service.domain.wording.range_text import total_text
from service.usecases.breakdown import (
    Breakdown,
    Slice,
    compute_unplaced,
    list_reporters,
    list_slices,
)
from service.usecases.comparison import add_comparison, load_earlier_state
from service.usecases.coverage import make_coverage
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import Engine, Snapshot
from service.usecases.time_budget import TimeBudget

MAX_UNKNOWN_IDS: Final = 3
"""How many unknown ids of one parameter the error names: to find similar ids is slow."""


def compute_totals(
    reader: RequestReader,
    query: TotalsQuery,
    seq: int,
    time_budget: TimeBudget,
    compare_seq: int | None = None,
) -> TotalsResult:
    """Return the totals as of the event ``seq``.

    A total that is not solved within the time budget is wider, never wrong. If ``compare_seq`` is
    not None, the result has each total as of that event too. Raises InvalidInputError for ids that
    were unknown as of ``seq`` and for breakdowns that cannot be made, and TimeBudgetExceededError
    if the answer takes far longer than its budget.
    """
    snapshot = reader.load_snapshot(seq)
    earlier = None if compare_seq is None else load_earlier_state(reader, snapshot, compare_seq)
    reader.release()  # The solver may work for seconds, and reads nothing.
    result = compute_totals_in(snapshot, query, time_budget)
    if earlier is None:
        return result

    def make_calculation(state: Snapshot, state_query: TotalsQuery) -> TotalsCalculation:
        return TotalsCalculation(state, _resolve(state, state_query), time_budget)

    return add_comparison(result, query, snapshot, earlier, make_calculation)


def is_cached(reader: RequestReader, query: TotalsQuery, seq: int) -> bool:
    """Whether the totals as of the event ``seq`` were computed before and are in memory."""
    snapshot = reader.find_snapshot(seq)
    return snapshot is not None and snapshot.results.get(query) is not None


def compute_totals_in(
    snapshot: Snapshot, query: TotalsQuery, time_budget: TimeBudget
) -> TotalsResult:
    """Return the totals in one state of the record; raises as ``compute_totals`` does."""
    resolved_query = resolve_merged_ids(snapshot, query)
    result: TotalsResult | None = snapshot.results.get(query)
    if result is None:
        result = TotalsCalculation(snapshot, resolved_query, time_budget).compute_result()
        if result.is_final:  # If the time ran out, the next result may be narrower.
            snapshot.results.put(query, result)
    return result


def list_default_outcomes(
    states: Iterable[Snapshot], query: TotalsQuery
) -> tuple[frozenset[str], ...]:
    """Return the default sets of outcomes of the query in any of the states.

    With them the results of several states have the same totals.
    """
    no_time = TimeBudget(0.0, 0.0)  # Figures are only looked up.
    calculations = [TotalsCalculation(state, _resolve(state, query), no_time) for state in states]
    return _default_outcome_sets(
        outcomes for calculation in calculations for outcomes in calculation.list_outcome_sets()
    )


def list_spoken_outcomes(snapshot: Snapshot, query: TotalsQuery) -> tuple[frozenset[str], ...]:
    """Return the sets of outcomes of the counted figures that meet the query.

    Fewer outcomes come first, and of as many those that come first in the vocabulary.
    """
    no_time = TimeBudget(0.0, 0.0)  # Figures are only looked up.
    spoken = TotalsCalculation(snapshot, _resolve(snapshot, query), no_time).list_spoken_outcomes()
    return sort_outcome_sets(spoken)


def resolve_merged_ids(snapshot: Snapshot, query: TotalsQuery) -> TotalsQuery:
    """Return the query with every merged id replaced by the current one.

    Raises InvalidInputError for ids that are unknown in that state.
    """
    resolved = _resolve(snapshot, query)
    _check_ids(snapshot, resolved)
    return resolved


def _resolve(snapshot: Snapshot, query: TotalsQuery) -> TotalsQuery:
    state = snapshot.state
    return replace(
        query,
        places=state.resolve_merged("place", query.places),
        groups=state.resolve_merged("group", query.groups),
        reporters=state.resolve_merged("reporter", query.reporters),
        exclude_reporters=state.resolve_merged("reporter", query.exclude_reporters),
    )


def _check_ids(snapshot: Snapshot, query: TotalsQuery) -> None:
    state = snapshot.state
    errors = [
        ErrorDetail(parameter, unknown_id_message(kind, entity_id, known))
        for parameter, kind, ids, known in (
            ("place", "place", query.places, state.places),
            ("group", "group", query.groups, state.groups),
            ("reporter", "reporter", query.reporters, state.reporters),
            ("exclude_reporter", "reporter", query.exclude_reporters, state.reporters),
        )
        for entity_id in [each for each in ids if each not in known][:MAX_UNKNOWN_IDS]
    ]
    if not errors:
        errors = [
            ErrorDetail(kind, make_empty_scope_message(kind, ids))
            for kind, ids, tree in (
                ("place", query.places, snapshot.places),
                ("group", query.groups, snapshot.groups),
            )
            if not tree.select(ids).alternatives
        ]
    if errors:
        raise InvalidInputError(errors[0].detail, tuple(errors))


class TotalsCalculation:
    """The computation of one query, or of one part of it, in one state of the record."""

    def __init__(self, snapshot: Snapshot, query: TotalsQuery, time_budget: TimeBudget) -> None:
        self._snapshot, self._query, self._time_budget = snapshot, query, time_budget
        self._filters = (
            query.reporters,
            query.exclude_reporters,
            query.exclude_parties,
        )
        self._query_region = make_region(query.scope_for(LOSSES), snapshot.places, snapshot.groups)
        self._live = snapshot.count_rows(query, is_live=True)
        self._counted = self._live if query.straddling else self._select_inside(self._live)
        self._engine = snapshot.get_engine(self._make_key(query.straddling), self._counted)
        self._overlapping: dict[Scope, ColumnFigures] = {}
        self._excluded: dict[Scope, ExcludedFigures] = {}

    def _find_overlapping(self, scope: Scope) -> ColumnFigures:
        """Return the counted figures that cover people of the scope."""
        if scope not in self._overlapping:
            self._overlapping[scope] = self._counted.find_overlapping(scope)
        return self._overlapping[scope]

    def _make_key(self, straddling: bool) -> Hashable:
        """Return the key of an engine: all figures of the filters, or those inside the query."""
        query = self._query
        inside = () if straddling else (query.places, query.period, query.groups)
        return (*self._filters, *inside)

    def _select_inside(self, counted: CountedRows) -> CountedRows:
        """Return those of the figures that are wholly inside the query."""
        is_inside = self._snapshot.state.flag_inside(self._query.scope_for(LOSSES))
        return CountedRows(self._snapshot.state, counted.is_counted & is_inside)

    @cached_property
    def _inside(self) -> CountedRows:
        """Those of the counted figures that are wholly inside the query."""
        return self._select_inside(self._counted)

    @cached_property
    def _inside_engine(self) -> Engine:
        """The engine of only those figures that are wholly inside the query."""
        if self._inside.count == self._counted.count:
            return self._engine
        key = self._make_key(straddling=False)
        return self._snapshot.get_engine(key, self._inside, self._engine)

    def _compute_placed(self, scope: Scope, total: Total) -> Total:
        """Return the total of only those figures that are wholly inside the query."""
        if not self._query.straddling or not total.is_reported:
            return total
        if self._inside_engine is self._engine:
            return total
        if not self._inside_engine.counted_figures:
            return Total()
        return self._inside_engine.total(scope, self._time_budget.next_seconds())

    def list_outcome_sets(self) -> list[frozenset[str]]:
        """Return the sets of outcomes to total: those of the query, or the default list."""
        if self._query.outcomes:
            return list(self._query.outcomes)
        return list(_default_outcome_sets(self.list_spoken_outcomes()))

    def list_spoken_outcomes(self) -> frozenset[frozenset[str]]:
        """Return the sets of outcomes of the counted figures that meet the query."""
        return self._find_overlapping(self._query.scope_for(LOSSES)).list_outcome_sets()

    def compute_result(self) -> TotalsResult:
        """Return the totals of the query with their caveats, parts and figures."""
        query = self._query
        outcome_sets = self.list_outcome_sets()
        outcome_totals = self.compute_outcome_totals(outcome_sets)
        scope = query.scope_for(frozenset().union(*outcome_sets))
        used = self._find_overlapping(scope)
        breakdown = list_slices(self._snapshot, query, outcome_sets, used) if query.by else None
        parts = None if breakdown is None else self._compute_parts(breakdown, outcome_sets)
        by_reporter = self._compute_by_reporter(outcome_sets, scope) if query.by_reporter else None
        places = self._snapshot.state.places
        return TotalsResult(
            query,
            ", ".join(places[place_id].name for place_id in query.places) or "everywhere",
            self._snapshot.state.seq,
            self._snapshot.state.recorded_at,
            outcome_totals,
            self.find_caveats(outcome_totals),
            used,
            self._find_excluded(scope),
            make_coverage(self._snapshot.state, used),
            parts,
            compute_unplaced(query, outcome_totals, parts)
            if breakdown is not None and breakdown.is_disjoint and parts is not None
            else None,
            by_reporter,
        )

    def _compute_parts(
        self, breakdown: Breakdown, outcome_sets: Sequence[frozenset[str]]
    ) -> list[Part]:
        """Return the totals of each part, from a query of its own."""
        return [
            self._compute_part(each, [each.outcomes] if each.outcomes else outcome_sets)
            for each in breakdown.slices
        ]

    def _compute_part(self, part: Slice, outcome_sets: Sequence[frozenset[str]]) -> Part:
        query = replace(self._query, **part.changes)
        calculation = TotalsCalculation(self._snapshot, query, self._time_budget)
        outcome_totals = calculation.compute_outcome_totals(outcome_sets)
        return Part(
            part.key,
            part.name,
            outcome_totals,
            calculation.find_caveats(outcome_totals),
            part.key2,
            part.name2,
            query.period,
            part.changes,
        )

    def compute_outcome_totals(self, outcome_sets: Iterable[frozenset[str]]) -> list[OutcomeTotal]:
        """Return the total of each set of outcomes."""
        outcome_totals = []
        for outcomes in outcome_sets:
            scope = self._query.scope_for(outcomes)
            total = self._engine.total(scope, self._time_budget.next_seconds())
            placed = self._compute_placed(scope, total)
            for each in {id(total): total, id(placed): placed}.values():
                self._time_budget.take_memory(each)
            if isinstance(total.figures, ColumnFigures):
                self._overlapping[scope] = total.figures  # A million rows are held once.
            figures = self._find_overlapping(scope)
            if placed is total:
                placed_figures = figures
            elif isinstance(placed.figures, ColumnFigures):
                placed_figures = placed.figures
            else:
                placed_figures = self._inside.find_overlapping(scope)
            reach = self._find_reach(scope, total, figures)
            outcome_totals.append(
                OutcomeTotal(
                    outcomes,
                    total,
                    placed,
                    figures,
                    placed_figures,
                    total_text(total, outcomes, reach),
                    self._sum_best_estimates(scope, figures),
                    reach=reach,
                    placed_reach=reach
                    if placed is total
                    else self._find_reach(scope, placed, placed_figures),
                )
            )
        return outcome_totals

    def _find_reach(self, scope: Scope, total: Total, figures: FigureSet) -> Reach:
        """Return what the figures of the total cover of its scope."""
        snapshot, outcomes_of = self._snapshot, self._engine.outcomes_of
        return find_reach(scope, total, figures, snapshot.places, snapshot.groups, outcomes_of)

    def _sum_best_estimates(self, scope: Scope, figures: ColumnFigures) -> int | None:
        """Return the sum of the best estimates of the reporters; None if they do not add up."""
        best = figures.sum_best_estimates(scope)
        if best is None or not self._engine.are_disjoint(scope, self._time_budget.next_seconds()):
            return None
        return best

    def _find_excluded(self, scope: Scope) -> ExcludedFigures:
        """Return the figures in the scope that are not counted, with the reason of each."""
        if scope not in self._excluded:
            others = self._snapshot.count_rows(self._query, is_live=False)
            straddling = self._snapshot.state.flag_overlapping(scope) & ~self._counted.is_counted
            self._excluded[scope] = ExcludedFigures(
                others.find_overlapping(scope), self._live.select(straddling)
            )
        return self._excluded[scope]

    def find_caveats(self, outcome_totals: Iterable[OutcomeTotal]) -> list[Caveat]:
        """Return the caveats of all totals, in the order of the totals."""
        silent_reports = self.find_silent_reports()
        caveats = []
        for each in outcome_totals:
            scope = self._query.scope_for(each.outcomes)
            context = CaveatContext(
                scope,
                each.total,
                each.figures,
                each.placed,
                each.reach,
                self._snapshot.state.places,
                self._snapshot.state.reporters,
                self._snapshot.places,
                self._find_excluded(scope).not_live.select_relays(),
                silent_reports,
                self._find_self_contradicting(scope, each.total),
                self._engine.find_elsewhere(self._find_overlapping(scope)),
            )
            caveats += find_caveats(context)
        return caveats

    def find_overlapping_figures(self, outcomes: frozenset[str]) -> list[FigureSet]:
        """Return the figures whose scope overlaps the query, counted or not, as several sets."""
        scope = self._query.scope_for(outcomes)
        excluded = self._find_excluded(scope)
        return [self._find_overlapping(scope), excluded.not_live, excluded.straddling]

    def find_dependent_figures(self, outcomes: frozenset[str]) -> FigureSet:
        """Return the counted figures on which the total can depend."""
        figures = self._engine.dependent_figures(
            self._query.scope_for(outcomes), self._time_budget.next_seconds()
        )
        return figures if isinstance(figures, FigureSet) else ListedFigures(figures)

    def find_silent_reports(self) -> list[ReportState]:
        """Return the live reports that overlap the query and give no number."""
        return [
            each
            for each in self._snapshot.list_silent_reports(self._query)
            if self._overlaps_query(each)
        ]

    def _overlaps_query(self, report: ReportState) -> bool:
        if report.period is None:
            return False
        scope = Scope(report.places, report.period, LOSSES, report.groups)
        return make_region(scope, self._snapshot.places, self._snapshot.groups).overlaps(
            self._query_region
        )

    def _find_self_contradicting(self, scope: Scope, total: Total) -> list[Figure]:
        """Return the figures of the scope that contradict others of the same reporter."""
        set_aside = (*total.lows_set_aside, *total.highs_set_aside)
        conflicting: list[Figure] = []
        for reporter in dict.fromkeys(figure.reporter for figure in set_aside):
            engine = self._for_reporter(reporter)._engine
            conflicting += engine.find_set_aside(scope, self._time_budget.next_seconds())
        return conflicting

    def _for_reporter(self, reporter: str) -> "TotalsCalculation":
        """Return the computation of the same query with the figures of one reporter only."""
        query = replace(self._query, reporters=(reporter,))
        return TotalsCalculation(self._snapshot, query, self._time_budget)

    def _compute_by_reporter(
        self, outcome_sets: Sequence[frozenset[str]], scope: Scope
    ) -> list[Part]:
        """Return the totals of each reporter, from the counted figures of that reporter only."""
        overlapping = self._find_overlapping(scope)
        return [
            self._compute_part(each, outcome_sets)
            for each in list_reporters(self._snapshot, overlapping)
        ]


def _default_outcome_sets(used_sets: Iterable[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Return each single outcome, every joint set in use, and the set of all outcomes."""
    joint_sets = {each for each in used_sets if 1 < len(each) < len(LOSSES)}
    singles = (frozenset({outcome}) for outcome in OUTCOMES)
    return (*singles, *sort_outcome_sets(joint_sets), LOSSES)

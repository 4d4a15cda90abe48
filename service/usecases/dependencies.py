"""What a total depends on in one state of the record: reports, reporters, places and groups."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from service.domain.entities import Group, Place
from service.domain.figure_set import FigureSet, ListedFigures
from service.domain.report_state import ReportState
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal
from service.domain.trees import Tree
from service.domain.vocabulary import ROOT_GROUP
from service.usecases.event_window import FAMILIES, REPORT_FAMILY, Dependencies, EventWindow
from service.usecases.state_cache import Snapshot


class Calculation(Protocol):
    """The computation of a query in one state of the record."""

    def compute_outcome_totals(
        self, outcome_sets: Iterable[frozenset[str]]
    ) -> Sequence[OutcomeTotal]:
        """Return the total of each set of outcomes."""

    def find_overlapping_figures(self, outcomes: frozenset[str]) -> Sequence[FigureSet]:
        """Return the figures whose scope overlaps the query, counted or not, as several sets."""

    def find_dependent_figures(self, outcomes: frozenset[str]) -> FigureSet:
        """Return the counted figures on which the total can depend."""

    def find_silent_reports(self) -> Sequence[ReportState]:
        """Return the live reports that overlap the query and give no number."""


class QueryDependencies:
    """The dependencies of the totals of a query in one state of the record.

    A total can depend on a million figures: they stay sets, and only those of their reports are
    listed that events of the window are about.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        query: TotalsQuery,
        calculation: Calculation,
        window: EventWindow,
    ) -> None:
        """Take the query with the ids as they were sent, and its computation in that state."""
        self._snapshot, self._query, self._calculation = snapshot, query, calculation
        self._window = window

    def overlapping_dependencies(
        self, outcomes: frozenset[str], proof_figures: Iterable[FigureSet]
    ) -> Dependencies:
        """Return the dependencies by overlapping scopes, and by the proofs of the bounds."""
        state = self._snapshot.state
        figure_sets = [*self._calculation.find_overlapping_figures(outcomes), *proof_figures]
        reclassified = state.reclassifiable_figures.values()
        reclassifying = state.find_reclassifying(
            figure for each in figure_sets for figure in each.select_among(reclassified)
        )
        return self._collect_dependencies(
            [*figure_sets, ListedFigures(reclassifying)], self._calculation.find_silent_reports()
        )

    def all_dependencies(self, outcomes: frozenset[str]) -> Dependencies:
        """Return everything that the total can depend on."""
        return self._collect_dependencies([self._calculation.find_dependent_figures(outcomes)], ())

    def query_dependencies(self) -> Dependencies:
        """Return the places and groups with events that are within the query's or contain them.

        A query without places or groups has no such dependencies: those of its figures count.
        """
        state, query, window = self._snapshot.state, self._query, self._window
        places = state.resolve_merged("place", query.places)
        groups = state.resolve_merged("group", query.groups)
        within_groups = () if ROOT_GROUP in groups else groups
        return {
            "place": set(
                _select_related(self._snapshot.places, places, window.subject_ids("place"))
            ),
            "group": set(
                _select_related(self._snapshot.groups, within_groups, window.subject_ids("group"))
            ),
        }

    def _collect_dependencies(
        self, figure_sets: Sequence[FigureSet], silent_reports: Sequence[ReportState]
    ) -> Dependencies:
        state, touched = self._snapshot.state, self._window.subject_ids(REPORT_FAMILY)
        places = {ids for each in figure_sets for ids in each.list_place_sets()}
        groups = {ids for each in figure_sets for ids in each.count_by_groups()}
        reporters = {reporter for each in figure_sets for reporter in each.count_by_reporter()}
        reports = {report for each in figure_sets for report in each.find_reports(touched)}
        return {
            REPORT_FAMILY: reports | {each.id for each in silent_reports},
            "reporter": reporters | {each.reporter for each in silent_reports},
            "place": _with_ancestors(places, state.places),
            "group": _with_ancestors(groups, state.groups),
        }


def union_dependencies(dependency_sets: Iterable[Dependencies]) -> Dependencies:
    """Return the union of the dependencies."""
    whole: dict[str, set[str]] = {family: set() for family in FAMILIES}
    for dependencies in dependency_sets:
        for family, ids in dependencies.items():
            whole[family] |= ids
    return whole


def _with_ancestors(
    id_tuples: Iterable[tuple[str, ...]], entities: Mapping[str, Place | Group]
) -> set[str]:
    """Return the named places or groups and all their ancestors."""
    ids_with_ancestors: set[str] = set()
    for ids in id_tuples:
        for entity_id in ids:
            ancestor_id: str | None = entity_id
            while ancestor_id is not None and ancestor_id not in ids_with_ancestors:
                ids_with_ancestors.add(ancestor_id)
                entity = entities.get(ancestor_id)
                ancestor_id = entity.parent if entity else None
    return ids_with_ancestors


def _select_related(tree: Tree, query_ids: Collection[str], ids: Iterable[str]) -> Iterator[str]:
    """Yield those of the ids that are within one of the query's or contain it.

    Nodes of two facets can share people and still have nothing to do with each other.
    """
    selections = [tree.select((each,)) for each in query_ids]
    for node in ids:
        if node in tree:
            own = tree.select((node,))
            if any(own.is_within(each) or each.is_within(own) for each in selections):
                yield node

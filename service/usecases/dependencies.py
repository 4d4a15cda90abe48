"""What a total depends on in one state of the record: reports, reporters, places and groups."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from service.domain.entities import Group, Place
from service.domain.figure import Figure
from service.domain.record_state import ReportState
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal
from service.domain.trees import Tree, intervals_overlap
from service.domain.vocabulary import ROOT_GROUP
from service.usecases.event_window import FAMILIES, REPORT, Interval, Reach
from service.usecases.state_cache import Snapshot


class Inquiry(Protocol):
    """A question put to one state of the record."""

    def stated(self, wanted: Iterable[frozenset[str]]) -> Sequence[OutcomeTotal]:
        """Return the totals of the sets of outcomes."""

    def near(self, outcomes: frozenset[str]) -> Sequence[Figure]:
        """Return the figures of whatever state that speak of people asked for."""

    def tied(self, outcomes: frozenset[str]) -> Sequence[Figure]:
        """Return the counted figures on which the total can depend."""

    def unnumbered(self) -> Sequence[ReportState]:
        """Return the live reports that speak of people asked for and give no number."""


class Side:
    """A question, and the state of the record that it is put to."""

    def __init__(self, snapshot: Snapshot, question: TotalsQuery, inquiry: Inquiry) -> None:
        """Take the question as it was asked, and the same as it is put to that state."""
        self._snapshot, self._question, self._inquiry = snapshot, question, inquiry

    def near(self, outcomes: frozenset[str], leaned: Iterable[Figure]) -> Reach:
        """Return what the total is about, and what its bounds lean on."""
        figures = [*self._inquiry.near(outcomes), *leaned]
        again = self._snapshot.speaking_of(figures)
        return self._reach([*figures, *again], self._inquiry.unnumbered())

    def tied(self, outcomes: frozenset[str]) -> Reach:
        """Return all that the total can depend on."""
        return self._reach(self._inquiry.tied(outcomes), ())

    def asked(self, interval: Interval) -> Reach:
        """Return the places and groups of the interval that lie in the asked ones or hold them.

        Where everything is asked it is for the figures to say which of them matter.
        """
        claims, question = self._snapshot.claims, self._question
        places = claims.resolve_merged("place", question.places)
        groups = claims.resolve_merged("group", question.groups)
        within_groups = () if ROOT_GROUP in groups else groups
        return {
            "place": set(_related(self._snapshot.places, places, interval.ids("place"))),
            "group": set(_related(self._snapshot.groups, within_groups, interval.ids("group"))),
        }

    def _reach(self, figures: Sequence[Figure], silent: Sequence[ReportState]) -> Reach:
        claims = self._snapshot.claims
        return {
            REPORT: {figure.report for figure in figures} | {each.id for each in silent},
            "reporter": {f.reporter for f in figures} | {each.reporter for each in silent},
            "place": _above({figure.scope.places for figure in figures}, claims.places),
            "group": _above({figure.scope.groups for figure in figures}, claims.groups),
        }


def union(reaches: Iterable[Reach]) -> Reach:
    """Return all that lies in any of the reaches."""
    whole: dict[str, set[str]] = {family: set() for family in FAMILIES}
    for reach in reaches:
        for family, ids in reach.items():
            whole[family] |= ids
    return whole


def _above(named: Iterable[tuple[str, ...]], known: Mapping[str, Place | Group]) -> set[str]:
    """Return the named places or groups, and all that they lie in."""
    found: set[str] = set()
    for ids in named:
        for id in ids:
            above: str | None = id
            while above is not None and above not in found:
                found.add(above)
                entry = known.get(above)
                above = entry.parent if entry else None
    return found


def _related(tree: Tree, asked: Collection[str], ids: Iterable[str]) -> Iterator[str]:
    """Yield those of the ids that lie in, or hold, any of the asked ones."""
    within = tree.intervals(asked)
    return (id for id in ids if id in tree and intervals_overlap(tree.intervals((id,)), within))

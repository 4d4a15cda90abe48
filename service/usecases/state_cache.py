"""What was known after one entry of the ledger, kept in memory for the questions asked of it."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from threading import Lock
from typing import Any, Final

from service.bounds.component_solver import ComponentCache
from service.bounds.engine import TotalsEngine
from service.domain.figure import Figure
from service.domain.record_state import RecordState, ReportState
from service.domain.totals_query import TotalsQuery
from service.domain.trees import Tree
from service.store.event_log import last_redaction_seq
from service.store.interface import Connection
from service.store.state_loader import load_state

KEPT_STATES: Final = 3
"""How many states of the ledger are kept: the present one, and a few that are asked again."""

KEPT_RECKONERS: Final = 64
"""How many choices of figures are kept for one state: filters, reporters alone."""


KEPT_ANSWERS: Final = 32
"""How many whole answers are kept for one state: those that readers ask again and again."""


class Kept:
    """The last few results by key; what is missing is made while others wait for it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def known(self, key: Hashable) -> Any:
        """Return what is kept under the key; None where nothing is."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def keep(self, key: Hashable, made: Any) -> None:
        """Keep what somebody has made meanwhile."""
        with self._lock:
            self._found[key] = made
            if len(self._found) > self._most:
                self._found.popitem(last=False)

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what is kept under the key, made by ``make`` if it is not there."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
            made = self._found[key] = make()
            if len(self._found) > self._most:
                self._found.popitem(last=False)
            return made


class Snapshot:
    """The claims of one state, with their trees, and the reckoners made of them."""

    def __init__(self, claims: RecordState, prepared: ComponentCache | None = None) -> None:
        self.claims = claims
        self._prepared = prepared or ComponentCache()
        self.places = Tree({id: place.parent for id, place in claims.places.items()})
        self.groups = Tree({id: group.parent for id, group in claims.groups.items()})
        self._reckoners = Kept(KEPT_RECKONERS)
        self.answers = Kept(KEPT_ANSWERS)

    @cached_property
    def _known(self) -> dict[str, Figure]:
        return {figure.id: figure for figure in self.claims.figures}

    @cached_property
    def _again(self) -> list[tuple[Figure, set[str]]]:
        """The figures that reclassify others, each with the ids of all those before it."""
        found = []
        for figure in self.claims.figures:
            before, link = set(), figure.reclassifies
            while link is not None:
                before.add(link)
                link = self._known[link].reclassifies
            if before:
                found.append((figure, before))
        return found

    def speaking_of(self, figures: Iterable[Figure]) -> list[Figure]:
        """Return the figures of whatever state that reclassify people of any of the given ones."""
        if not self._again:
            return []
        ids = {figure.id for figure in figures}
        return [figure for figure, before in self._again if before & ids]

    def reckoner(self, key: Hashable, choose: Callable[[], Sequence[Figure]]) -> TotalsEngine:
        """Return the reckoner kept under the key, made of the chosen figures if it is not there."""

        def make() -> TotalsEngine:
            return TotalsEngine(choose(), self.places, self.groups, self._known, self._prepared)

        kept: TotalsEngine = self._reckoners.get(key, make)
        return kept

    def passes(self, question: TotalsQuery, reporter: str) -> bool:
        """Whether the question's filters let the reporter's reports through."""
        return (
            (not question.reporters or reporter in question.reporters)
            and reporter not in question.exclude_reporters
            and not (question.exclude_parties and self.claims.reporters[reporter].party)
        )

    def chosen(self, question: TotalsQuery, live: bool) -> list[Figure]:
        """Return the figures that pass the filters: those of live reports, or all others."""
        statements = self.claims.reports
        return [
            figure
            for figure in self.claims.figures
            if (statements[figure.report].state == "live") == live
            and self.passes(question, figure.reporter)
        ]

    def silent(self, question: TotalsQuery) -> list[ReportState]:
        """Return the live statements that give no number and pass the filters."""
        return [
            statement
            for statement in self.claims.reports.values()
            if statement.stance != "asserts"
            and statement.state == "live"
            and self.passes(question, statement.reporter)
        ]


class Snapshots:
    """The states of one record that were asked for lately; safe to share between threads."""

    def __init__(self) -> None:
        self._kept = Kept(KEPT_STATES)
        self._prepared = ComponentCache()

    def at(self, db: Connection, seq: int) -> Snapshot:
        """Return what was known after the entry, read from the record if it is not kept.

        What was read before a text was blanked is not used any more.
        """
        key = (seq, last_redaction_seq(db))
        snapshot: Snapshot = self._kept.get(
            key, lambda: Snapshot(load_state(db, seq), self._prepared)
        )
        return snapshot

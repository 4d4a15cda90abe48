"""The base of view models: a page query, the record state that answers it, and names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from service.columns.record_state import RecordState
from service.domain.caveats import Caveat
from service.domain.entities import Group
from service.domain.figure import Figure
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal, TotalsResult
from service.domain.vocabulary import ROOT_GROUP
from service.domain.wording.bidi import isolate_bidi
from service.domain.wording.range_text import outcomes_text
from service.http.consistency import get_reader
from service.http.context import request_time, start_time_budget
from service.http.costly_work import take_slot
from service.http.measured_totals import compute_measured_totals
from service.usecases import totals
from service.usecases.state_cache import Snapshot
from service.web import labels
from service.web.messages import plain_text
from service.web.query.page_query import PageQuery


@dataclass(frozen=True, slots=True)
class NamedLink:
    """A named link; ``about`` distinguishes equal names."""

    key: str
    name: str
    href: str
    about: str = ""


class ViewModel:
    """The query of a page, with totals that are computed when they are first used."""

    def __init__(self, page_query: PageQuery) -> None:
        """Resolve the query; raises InvalidInputError for unknown ids or an invalid ``as_of``."""
        self.page_query = page_query
        self._budget = start_time_budget()  # Shared by all totals of the page.
        self.seq = get_reader().resolve_as_of(page_query.query.as_of, request_time())
        self._take_slot()
        self.query: TotalsQuery = totals.resolve_merged_ids(self.snapshot, page_query.query)

    def _take_slot(self) -> None:
        """Take a slot before anything is sent, unless the page's first number is in memory."""
        query = self.page_query.query
        shown = replace(query, outcomes=(self.page_query.show,))
        if not any(totals.is_cached(get_reader(), each, self.seq) for each in (query, shown)):
            self._budget.postpone(take_slot())

    def compute_totals(self, **changes: object) -> TotalsResult:
        """Return the totals of the query with the changes."""
        query = replace(self.page_query.query, **changes)  # type: ignore[arg-type]
        return compute_measured_totals(query, self.seq, self._budget)

    @cached_property
    def snapshot(self) -> Snapshot:
        """The snapshot of the record at ``seq``."""
        return get_reader().load_snapshot(self.seq)

    @property
    def state(self) -> RecordState:
        """The record state at ``seq``."""
        return self.snapshot.state

    @property
    def is_empty(self) -> bool:
        """Whether the record has no report at ``seq``."""
        return not self.state.report_count

    # The number -----------------------------------------------------------------------------

    @cached_property
    def full_result(self) -> TotalsResult:
        """The totals of all sets of outcomes that reports use."""
        return self.compute_totals()

    @cached_property
    def _shown_result(self) -> TotalsResult:
        """The total of the shown outcomes alone, which takes less time than the full result."""
        result = self.compute_totals(outcomes=(self.page_query.show,))
        # If the time ran out, a second call continues from what the first one cached.
        return result if result.is_final else self.compute_totals(outcomes=(self.page_query.show,))

    @property
    def shown_total(self) -> OutcomeTotal:
        """The total of the outcomes that the page shows."""
        return self._shown_result.totals[0]

    @property
    def shown_figures(self) -> Sequence[Figure]:
        """The counted figures of the shown total."""
        return self._shown_result.used

    @property
    def caveats(self) -> list[Caveat]:
        """The caveats of the shown total."""
        return list(self._shown_result.caveats)

    def caveats_of(self, outcomes: frozenset[str]) -> list[Caveat]:
        """Return the caveats of the total of these outcomes."""
        result = self._shown_result if outcomes == self.page_query.show else self.full_result
        return [each for each in result.caveats if each.outcomes == outcomes]

    @property
    def file_name(self) -> str:
        """The name of a file with this result, without its extension."""
        where = "-".join(self.query.places[:3]) or "everywhere"
        return f"casualty-figures-{where}-seq{self.seq}"

    @property
    def citation(self) -> str:
        """A citation of this result, with the address that gives the same result again."""
        return plain_text(
            "take.cited", where=self.place_names, total=self.shown_total.text, seq=str(self.seq),
            at=(self.state.recorded_at or "–")[:16].replace("T", " "),
            call=self.page_query.link_to_api(as_of=str(self.seq)),
        )  # fmt: skip

    # Names ----------------------------------------------------------------------------------

    @property
    def place_names(self) -> str:
        """The names of the queried places."""
        return labels.join_place_names(self.state, self.query.places) or plain_text(
            "trail.everywhere"
        )

    def format_outcomes(self, outcomes: Iterable[str]) -> str:
        """Return the outcomes in words: "killed or wounded"."""
        return outcomes_text(tuple(outcomes))

    @property
    def scope_words(self) -> list[str]:
        """The scope and filters of the query in words, places and period first."""
        query, state = self.query, self.state
        words = [self.place_names, labels.format_query_period(query.period)]
        words += [
            isolate_bidi(state.groups[group_id].name)
            for group_id in query.groups
            if group_id != ROOT_GROUP
        ]
        if query.reporters:
            names = labels.join_reporter_names(state, query.reporters)
            words.append(plain_text("scope.only", names=names))
        if query.exclude_reporters:
            names = labels.join_reporter_names(state, query.exclude_reporters)
            words.append(plain_text("scope.without", names=names))
        if query.exclude_parties:
            words.append(plain_text("scope.no_parties"))
        if not query.straddling:
            words.append(plain_text("scope.inside"))
        if query.as_of is not None:
            words.append(plain_text("scope.as_of", as_of=(self.state.recorded_at or "")[:10]))
        return words

    @property
    def place_links(self) -> list[NamedLink]:
        """The queried places."""
        return [self.make_place_link(place_id) for place_id in self.query.places]

    def make_place_link(self, place_id: str) -> NamedLink:
        """Return a link to the place, with its ancestors."""
        place = self.state.places[place_id]
        about = labels.join_ancestor_names(self.snapshot, place_id)
        return NamedLink(place_id, place.name, self.page_query.link_to("./", place=place_id), about)

    @property
    def ancestor_links(self) -> list[NamedLink]:
        """The ancestors of the queried place, the root first; empty unless one place is queried."""
        place_ids = self.query.places
        if len(place_ids) != 1:
            return []
        return [
            self.make_place_link(each.id)
            for each in reversed(self.snapshot.list_ancestors(place_ids[0]))
        ]

    @property
    def group_tree(self) -> list[tuple[Group, int]]:
        """All groups except the root in preorder, each with its depth."""
        tree, groups = self.snapshot.groups, []
        stack = [(group_id, 0) for group_id in reversed(tree.children(ROOT_GROUP))]
        while stack:
            group_id, depth = stack.pop()
            groups.append((self.state.groups[group_id], depth))
            stack.extend((child, depth + 1) for child in reversed(tree.children(group_id)))
        return groups

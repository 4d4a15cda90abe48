"""One question of a reader, the state of the record that answers it, and its names."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from service.domain.caveats import Caveat
from service.domain.entities import Group
from service.domain.record_state import RecordState
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal, TotalsResult
from service.domain.vocabulary import ROOT_GROUP
from service.domain.wording.range_text import outcomes_text
from service.http.consistency import get_reader
from service.http.context import request_time, start_time_budget
from service.http.measured_totals import compute_measured_totals
from service.usecases import totals
from service.usecases.state_cache import Snapshot
from service.web import labels
from service.web.messages import isolate_bidi, plain_text
from service.web.query.page_query import PageQuery


@dataclass(frozen=True, slots=True)
class NamedLink:
    """Something with a name that is opened by a link; ``about`` tells same names apart."""

    key: str
    name: str
    href: str
    about: str = ""


class ViewModel:
    """The question of a page, with answers that are worked out when they are first shown."""

    def __init__(self, page_query: PageQuery) -> None:
        """Find the state that answers; raises InvalidInputError for what cannot be answered."""
        self.page_query = page_query
        self._budget = start_time_budget()  # One for all the answers of the page.
        self.seq = get_reader().resolve_as_of(page_query.query.as_of, request_time())
        self.query: TotalsQuery = totals.resolve_merged_ids(self.snapshot, page_query.query)

    def compute_totals(self, **changes: object) -> TotalsResult:
        """Return the answer to the same question but for the changes."""
        query = replace(self.page_query.query, **changes)  # type: ignore[arg-type]
        return compute_measured_totals(query, self.seq, self._budget)

    @cached_property
    def snapshot(self) -> Snapshot:
        """The state of the record that answers."""
        return get_reader().load_snapshot(self.seq)

    @property
    def state(self) -> RecordState:
        """Everything that had been said by then."""
        return self.snapshot.state

    @property
    def is_empty(self) -> bool:
        """Whether nothing had been recorded by then."""
        return not self.state.reports

    # The number -----------------------------------------------------------------------------

    @cached_property
    def full_result(self) -> TotalsResult:
        """The totals of all sets of outcomes that are in use."""
        return self.compute_totals()

    @cached_property
    def _shown_result(self) -> TotalsResult:
        """The answer that tells of the outcomes that the page shows alone: it is there first."""
        result = self.compute_totals(outcomes=(self.page_query.show,))
        # Where the time ran out more may be told the next time: what was found by then is kept.
        return result if result.exact else self.compute_totals(outcomes=(self.page_query.show,))

    @property
    def shown_total(self) -> OutcomeTotal:
        """The total of the outcomes that the page shows."""
        return self._shown_result.totals[0]

    @property
    def caveats(self) -> list[Caveat]:
        """What qualifies that total."""
        return list(self._shown_result.caveats)

    def caveats_of(self, outcomes: frozenset[str]) -> list[Caveat]:
        """Return what qualifies the total of these outcomes."""
        result = self._shown_result if outcomes == self.page_query.show else self.full_result
        return [each for each in result.caveats if each.outcomes == outcomes]

    @property
    def file_name(self) -> str:
        """The name of a file that holds this answer, without its ending."""
        where = "-".join(self.query.places[:3]) or "everywhere"
        return f"casualty-figures-{where}-seq{self.seq}"

    @property
    def citation(self) -> str:
        """How to name this answer in a text, so that the same can be found again."""
        return plain_text(
            "take.cited", where=self.place_names, said=self.shown_total.text, seq=str(self.seq),
            at=(self.state.recorded_at or "–")[:16].replace("T", " "),
            call=self.page_query.link_to_api(as_of=str(self.seq)),
        )  # fmt: skip

    # Names ----------------------------------------------------------------------------------

    @property
    def place_names(self) -> str:
        """The asked places by name."""
        return labels.join_place_names(self.state, self.query.places) or plain_text(
            "trail.everywhere"
        )

    def format_outcomes(self, outcomes: Iterable[str]) -> str:
        """Return the outcomes in words: killed or wounded."""
        return outcomes_text(tuple(outcomes))

    @property
    def scope_words(self) -> list[str]:
        """What is asked and what it is confined to, in words: the places and the days first."""
        query, state = self.query, self.state
        words = [self.place_names, labels.format_query_period(query.period)]
        words += [
            isolate_bidi(state.groups[group_id].name)
            for group_id in query.groups
            if group_id != ROOT_GROUP
        ]

        def join_names(reporter_ids: Iterable[str]) -> str:
            return ", ".join(state.reporters[reporter_id].name for reporter_id in reporter_ids)

        if query.reporters:
            words.append(plain_text("scope.only", names=join_names(query.reporters)))
        if query.exclude_reporters:
            words.append(plain_text("scope.without", names=join_names(query.exclude_reporters)))
        if query.exclude_parties:
            words.append(plain_text("scope.no_parties"))
        if not query.straddling:
            words.append(plain_text("scope.inside"))
        if query.as_of is not None:
            words.append(plain_text("scope.as_of", moment=(self.state.recorded_at or "")[:10]))
        return words

    @property
    def place_links(self) -> list[NamedLink]:
        """The asked places."""
        return [self.make_place_link(place_id) for place_id in self.query.places]

    def make_place_link(self, place_id: str) -> NamedLink:
        """Return the place with where it lies."""
        place = self.state.places[place_id]
        about = labels.join_ancestor_names(self.snapshot, place_id)
        return NamedLink(place_id, place.name, self.page_query.link_to("./", place=place_id), about)

    @property
    def ancestor_links(self) -> list[NamedLink]:
        """What the one asked place lies in, the largest first; nothing where several are asked."""
        place_ids = self.query.places
        if len(place_ids) != 1:
            return []
        return [
            self.make_place_link(each.id)
            for each in reversed(self.snapshot.list_ancestors(place_ids[0]))
        ]

    @property
    def group_tree(self) -> list[tuple[Group, int]]:
        """All groups but everyone, in the order of their tree, each with how deep it lies."""
        tree, groups = self.snapshot.groups, []
        stack = [(group_id, 0) for group_id in reversed(tree.children(ROOT_GROUP))]
        while stack:
            group_id, depth = stack.pop()
            groups.append((self.state.groups[group_id], depth))
            stack.extend((child, depth + 1) for child in reversed(tree.children(group_id)))
        return groups

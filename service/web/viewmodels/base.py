"""The base of view models: a page query, the record state that answers it, and names."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from werkzeug.utils import cached_property

from service.columns.record_state import RecordState
from service.domain.caveats import Caveat
from service.domain.entities import Group
from service.domain.errors import InvalidInputError, TimeBudgetExceededError
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal, TotalsResult
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP
from service.domain.wording.bidi import isolate_bidi
from service.domain.wording.range_text import outcomes_text
from service.http.consistency import get_reader
from service.http.context import request_time, start_time_budget
from service.http.costly_work import take_slot
from service.http.measured_totals import compute_measured_totals
from service.usecases import totals
from service.usecases.state_cache import Snapshot
from service.web import day_words, labels
from service.web.messages import plain_text
from service.web.query.addresses import make_absolute
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import SUBJECT_PAGE, PageQuery
from service.web.sentences import Subject, write_sentence
from service.web.viewmodels.drawn_range import choose_drawn_range
from service.web.viewmodels.subject import is_stated, make_subject


@dataclass(frozen=True, slots=True)
class NamedLink:
    """A named link; ``about`` distinguishes equal names."""

    key: str
    name: str
    href: str
    about: str = ""


PAGE_SHARE: Final = 0.5
"""The share of the time for an answer that all totals of a page may take.

After twice that, the other sections of the page have no numbers.
"""

UNCOMPUTABLE: Final = (TimeBudgetExceededError, InvalidInputError)
"""The errors of totals that take too much time or memory, or have too many parts."""

MAX_OUTCOME_SETS: Final = 8
"""The most sets of outcomes that a page totals."""


class ViewModel:
    """The query of a page, with totals that are computed when they are first used."""

    def __init__(self, page_query: PageQuery) -> None:
        """Resolve the query; raises InvalidInputError for unknown ids or an invalid ``as_of``."""
        self.page_query = page_query
        self._budget = start_time_budget(PAGE_SHARE)  # Shared by all totals of the page.
        self._is_final = True
        self.seq = get_reader().resolve_as_of(page_query.query.as_of, request_time())
        self.query: TotalsQuery = totals.resolve_merged_ids(self.snapshot, page_query.query)
        self._take_slot()

    def _take_slot(self) -> None:
        """Take a slot before anything is sent, unless the page's first numbers are in memory."""
        query = replace(self.page_query.query, outcomes=self.spoken_outcomes)
        if not totals.is_cached(get_reader(), query, self.seq):
            self._budget.postpone(take_slot())

    def compute_totals(self, **changes: object) -> TotalsResult:
        """Return the totals of the query with the changes."""
        query = replace(self.page_query.query, **changes)  # type: ignore[arg-type]
        try:
            result = compute_measured_totals(query, self.seq, self._budget)
        except TimeBudgetExceededError:
            self._is_final = False
            raise
        self._is_final = self._is_final and result.is_final
        return result

    @property
    def is_lasting(self) -> bool:
        """Whether what was computed so far is the same for every later request of this state.

        It is not if the time ran out, nor if "today" is a day that was named.
        """
        names_today = "as_of" in self.page_query.parameters and self.page_query.query.as_of is None
        return self._is_final and not names_today

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

    # The numbers ----------------------------------------------------------------------------

    @cached_property
    def spoken_outcomes(self) -> tuple[frozenset[str], ...]:
        """The sets of outcomes to total: the requested one, or those that figures are about.

        Where nobody reports anything it is the first outcome.
        """
        if self.page_query.outcomes is not None:
            return (self.page_query.outcomes,)
        spoken = totals.list_spoken_outcomes(self.snapshot, self.page_query.query)
        return spoken[:MAX_OUTCOME_SETS] or (frozenset({OUTCOMES[0]}),)

    @cached_property
    def result(self) -> TotalsResult:
        """The totals of all sets of outcomes that somebody speaks of."""
        result = self.compute_totals(outcomes=self.spoken_outcomes)
        if result.is_final:
            return result
        # If the time ran out, a second call continues from what the first one cached.
        return self.compute_totals(outcomes=self.spoken_outcomes)

    @cached_property
    def lead_total(self) -> OutcomeTotal:
        """The total that the charts show: of the first outcome that figures here are about.

        That is killed, if anybody reports it. It is the set that proves most people where the first
        outcome is less than half of them.
        """
        stated = [
            (each, drawn)
            for each in self.result.totals
            if is_stated(each.outcomes, drawn := choose_drawn_range(each))
        ]
        if not stated:
            return self.result.totals[0]
        first, drawn = stated[0]
        holding = [
            pair
            for pair in stated
            if pair[0].outcomes > first.outcomes and len(pair[0].outcomes) > 1
        ]
        largest = max(holding, key=lambda pair: pair[1].low or 0, default=(first, drawn))
        return largest[0] if (largest[1].low or 0) > 2 * (drawn.low or 0) else first

    @property
    def lead_outcomes(self) -> frozenset[str]:
        """The outcomes that the charts show."""
        return self.lead_total.outcomes

    @property
    def caveats(self) -> list[Caveat]:
        """The caveats of the lead total."""
        return self.caveats_of(self.lead_outcomes)

    @cached_property
    def stated_caveats(self) -> frozenset[str]:
        """The texts of the caveats of the whole: they are not repeated beside its parts."""
        return frozenset(each.text for each in self.result.caveats)

    def caveats_of(self, outcomes: frozenset[str]) -> list[Caveat]:
        """Return the caveats of the total of these outcomes."""
        return [each for each in self.result.caveats if each.outcomes == outcomes]

    @property
    def csv_link(self) -> str:
        """The address of all figures of the total as CSV."""
        return self.page_query.link_to("figures.csv", every=None, start=None, **CSV_LINK)

    @property
    def file_name(self) -> str:
        """The name of a file with this result, without its extension."""
        where = "-".join(self.query.places[:3]) or "everywhere"
        return f"casualty-figures-{where}-seq{self.seq}"

    # The sentence ---------------------------------------------------------------------------

    @cached_property
    def subject(self) -> Subject:
        """What the sentence of the page says."""
        return make_subject(self.state, self.query, self.result)

    @property
    def headline(self) -> str:
        """The sentence of the page."""
        return write_sentence(self.subject)

    @property
    def citation(self) -> str:
        """A citation of this result, with the address that gives the same result again."""
        return plain_text(
            "take.cited", sentence=self.headline, seq=str(self.seq),
            at=day_words.format_moment(self.state.recorded_at),
            address=make_absolute(
                self.page_query.name_page(SUBJECT_PAGE, as_of=str(self.seq), chart=None)
            ),
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
    def reporter_words(self) -> list[str]:
        """The filters of reporters in words; empty if the reports of all are counted."""
        query, state = self.query, self.state
        words = []
        if query.reporters:
            names = labels.join_reporter_names(state, query.reporters)
            words.append(plain_text("scope.only", names=names))
        if query.exclude_reporters:
            names = labels.join_reporter_names(state, query.exclude_reporters)
            words.append(plain_text("scope.without", names=names))
        if query.exclude_parties:
            words.append(plain_text("scope.no_parties"))
        return words

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
        words += self.reporter_words
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
        return NamedLink(
            place_id, place.name, self.page_query.link_to(SUBJECT_PAGE, place=place_id), about
        )

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
        return list_group_tree(self.snapshot)


def list_group_tree(snapshot: Snapshot) -> list[tuple[Group, int]]:
    """Return all groups except the root in preorder, each with its depth."""
    tree, groups = snapshot.groups, []
    stack = [(group_id, 0) for group_id in reversed(tree.children(ROOT_GROUP))]
    while stack:
        group_id, depth = stack.pop()
        groups.append((snapshot.state.groups[group_id], depth))
        stack.extend((child, depth + 1) for child in reversed(tree.children(group_id)))
    return groups

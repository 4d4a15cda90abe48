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
from service.http.context import get_services, request_time, start_time_budget
from service.http.measured_totals import compute_measured_totals
from service.usecases import totals
from service.usecases.overview import above, lies_in, overview
from service.usecases.state_cache import Snapshot
from service.web import labels
from service.web.messages import isolated, plain
from service.web.query.page_query import Asked


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a name that is opened by a link; ``about`` tells same names apart."""

    key: str
    name: str
    href: str
    about: str = ""


class View:
    """The question of a page, with answers that are worked out when they are first shown."""

    def __init__(self, asked: Asked) -> None:
        """Find the state that answers; raises InvalidInputError for what cannot be answered."""
        self.asked = asked
        self._budget = start_time_budget()  # One for all the answers of the page.
        self.seq = totals.moment_asked(get_reader(), asked.question, request_time())
        self.question: TotalsQuery = totals.by_present_ids(self.snapshot, asked.question)

    def answer(self, **changes: object) -> TotalsResult:
        """Return the answer to the same question but for the changes."""
        question = replace(self.asked.question, **changes)  # type: ignore[arg-type]
        return compute_measured_totals(question, self.seq, self._budget)

    @cached_property
    def snapshot(self) -> Snapshot:
        """The state of the record that answers."""
        return overview(get_reader(), get_services().state_cache, self.seq)

    @property
    def claims(self) -> RecordState:
        """Everything that had been said by then."""
        return self.snapshot.claims

    @property
    def is_empty(self) -> bool:
        """Whether nothing had been recorded by then."""
        return not self.claims.reports

    # The number -----------------------------------------------------------------------------

    @cached_property
    def whole(self) -> TotalsResult:
        """The totals of all sets of outcomes that are in use."""
        return self.answer()

    @cached_property
    def _showing(self) -> TotalsResult:
        """The answer that tells of the outcomes that the page shows alone: it is there first."""
        answer = self.answer(outcomes=(self.asked.show,))
        # Where the time ran out more may be told the next time: what was found by then is kept.
        return answer if answer.exact else self.answer(outcomes=(self.asked.show,))

    @property
    def shown(self) -> OutcomeTotal:
        """The total of the outcomes that the page shows."""
        return self._showing.totals[0]

    @property
    def caveats(self) -> list[Caveat]:
        """What qualifies that total."""
        return list(self._showing.caveats)

    def caveats_of(self, outcomes: frozenset[str]) -> list[Caveat]:
        """Return what qualifies the total of these outcomes."""
        whole = self._showing if outcomes == self.asked.show else self.whole
        return [each for each in whole.caveats if each.outcomes == outcomes]

    @property
    def file_name(self) -> str:
        """The name of a file that holds this answer, without its ending."""
        where = "-".join(self.question.places[:3]) or "everywhere"
        return f"casualty-figures-{where}-seq{self.seq}"

    @property
    def citation(self) -> str:
        """How to name this answer in a text, so that the same can be found again."""
        return plain(
            "take.cited", where=self.name, said=self.shown.text, seq=str(self.seq),
            at=(self.claims.recorded_at or "–")[:16].replace("T", " "),
            call=self.asked.api(as_of=str(self.seq)),
        )  # fmt: skip

    # Names ----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The asked places by name."""
        return labels.places(self.claims, self.question.places) or plain("trail.everywhere")

    def outcome_name(self, outcomes: Iterable[str]) -> str:
        """Return the outcomes in words: killed or wounded."""
        return outcomes_text(tuple(outcomes))

    @property
    def scope(self) -> list[str]:
        """What is asked and what it is confined to, in words: the places and the days first."""
        question, claims = self.question, self.claims
        found = [self.name, labels.asked_days(question.period)]
        found += [isolated(claims.groups[id].name) for id in question.groups if id != ROOT_GROUP]

        def names(ids: Iterable[str]) -> str:
            return ", ".join(claims.reporters[id].name for id in ids)

        if question.reporters:
            found.append(plain("scope.only", names=names(question.reporters)))
        if question.exclude_reporters:
            found.append(plain("scope.without", names=names(question.exclude_reporters)))
        if question.exclude_parties:
            found.append(plain("scope.no_parties"))
        if not question.straddling:
            found.append(plain("scope.inside"))
        if question.as_of is not None:
            found.append(plain("scope.as_of", moment=(self.claims.recorded_at or "")[:10]))
        return found

    @property
    def places(self) -> list[Named]:
        """The asked places."""
        return [self.place(id) for id in self.question.places]

    def place(self, id: str) -> Named:
        """Return the place with where it lies."""
        known = self.claims.places[id]
        about = lies_in(self.claims, known)
        return Named(id, known.name, self.asked.link("./", place=id), about)

    @property
    def above(self) -> list[Named]:
        """What the one asked place lies in, the largest first; nothing where several are asked."""
        asked = self.question.places
        if len(asked) != 1:
            return []
        return [
            self.place(each.id)
            for each in reversed(above(self.claims, self.claims.places[asked[0]]))
        ]

    @property
    def groups(self) -> list[tuple[Group, int]]:
        """All groups but everyone, in the order of their tree, each with how deep it lies."""
        tree, found = self.snapshot.groups, []
        stack = [(id, 0) for id in reversed(tree.children(ROOT_GROUP))]
        while stack:
            id, depth = stack.pop()
            found.append((self.claims.groups[id], depth))
            stack.extend((child, depth + 1) for child in reversed(tree.children(id)))
        return found

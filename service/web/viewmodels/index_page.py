"""The index of the record: one row for each place and group for which somebody counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup
from werkzeug.utils import cached_property

from service.domain.errors import OverloadedError
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import ROOT_GROUP, sort_outcomes
from service.http import costly_work
from service.http.consistency import get_reader
from service.http.context import get_services, request_time, start_time_budget
from service.http.csv_table import CsvTable
from service.usecases import totals
from service.usecases.state_cache import Snapshot
from service.usecases.subjects import RecordSubject
from service.usecases.time_budget import TimeBudget
from service.web import day_words, labels
from service.web.charts.sparkline import draw_sparkline
from service.web.messages import plain_text
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import SUBJECT_PAGE, link_to_page, parse_page_query
from service.web.viewmodels.base import MAX_OUTCOME_SETS, PAGE_SHARE, UNCOMPUTABLE
from service.web.viewmodels.outcome_numbers import OutcomeNumber, compute_numbers
from service.web.viewmodels.recent_changes import RecentChanges
from service.web.viewmodels.sparkline import PAGE_SECONDS, Sparkline
from service.web.viewmodels.subject_table import COLUMNS, iterate_subject_rows

PAGE_SIZE: Final = 20
"""How many subjects one page has."""

MAX_NAMED_REPORTERS: Final = 2


@dataclass(frozen=True, slots=True)
class NamedReporter:
    """A reporter of a subject."""

    id: str
    name: str
    is_party: bool


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """One subject: its name and address, its numbers, and what its figures cover.

    ``numbers`` are empty if there was no time to compute them. ``parameters`` are those of its
    page and of its lead total.
    """

    where: str
    whose: str
    href: str
    numbers: Sequence[OutcomeNumber]
    days: str
    reporters: Sequence[NamedReporter]
    omitted_reporter_count: int
    parameters: Mapping[str, str]


class IndexPage:
    """The view model of the index."""

    def __init__(self, start: int) -> None:
        """Show the subjects from the number ``start`` on."""
        self.start = start
        reader = get_reader()
        self.seq = reader.seq
        self.snapshot: Snapshot = reader.load_snapshot(self.seq)
        self._budget = start_time_budget(PAGE_SHARE)
        self._sparkline_budget: TimeBudget | None = None
        self._disputed_subjects: list[RecordSubject] = []

    @property
    def is_empty(self) -> bool:
        """Whether the record has no report."""
        return not self.snapshot.state.report_count

    @cached_property
    def subjects(self) -> Sequence[RecordSubject]:
        """All subjects, those with the latest figure first."""
        return self.snapshot.list_subjects()

    @property
    def rows(self) -> Iterator[SubjectRow]:
        """The subjects of this page, each as soon as its numbers are computed."""
        return map(self._make_row, self._shown_subjects)

    @property
    def _shown_subjects(self) -> Sequence[RecordSubject]:
        return self.subjects[self.start :][:PAGE_SIZE]

    def take_slot(self) -> None:
        """Take a slot before anything is sent, unless the numbers of all rows are in memory."""
        queries = map(_make_query, self._shown_subjects)
        if not all(totals.is_cached(get_reader(), each, self.seq) for each in queries):
            self._budget.postpone(costly_work.take_slot())

    @property
    def previous_link(self) -> str | None:
        """The address of the page before; None on the first page."""
        return self._link_to_start(max(self.start - PAGE_SIZE, 0)) if self.start else None

    @property
    def next_link(self) -> str | None:
        """The address of the next page; None on the last page."""
        start = self.start + PAGE_SIZE
        return self._link_to_start(start) if start < len(self.subjects) else None

    def _link_to_start(self, start: int) -> str:
        return link_to_page("./", {"start": str(start) if start else None})

    @property
    def csv_link(self) -> str:
        """The address of these rows as CSV."""
        return self._link_to_csv(self.start)

    def _link_to_csv(self, start: int) -> str:
        return link_to_page("index.csv", {"start": str(start) if start else None, **CSV_LINK})

    def make_table(self) -> CsvTable:
        """Return the rows of this page as a table."""
        end = self.start + PAGE_SIZE
        return CsvTable(
            "casualty-figures-index",
            COLUMNS,
            iterate_subject_rows(self.snapshot, self._shown_subjects, self._budget),
            [plain_text("csv.index"), plain_text("index.hint"), plain_text("csv.stated")],
            self.snapshot.state,
            self._link_to_start(self.start),
            self._link_to_csv(end) if end < len(self.subjects) else None,
        )

    @cached_property
    def recent_changes(self) -> RecentChanges:
        """What came in, was replaced and withdrawn within the last 7 days, and what it disputes.

        To be used after the rows, whose numbers say which subjects are disputed now.
        """
        changes = RecentChanges(request_time(), self._disputed_subjects)
        _ = changes.lines  # Read at once: a slow client must not hold a transaction open.
        get_reader().release()
        return changes

    @property
    def counts(self) -> dict[str, int]:
        """How many reports, reporters and places the record has."""
        state = self.snapshot.state
        reporters = state.count_reports_by_reporter()
        return {
            "reports": state.report_count,
            "reporters": len(reporters),
            "places": len(state.places),
        }

    @property
    def last_added(self) -> str:
        """When the last event was recorded, in words."""
        return day_words.format_moment(self.snapshot.state.recorded_at)

    def draw_sparkline(self, row: SubjectRow) -> Markup:
        """Return what is placed over time as a tiny picture; empty if there is no time."""
        if self._sparkline_budget is None:
            settings = get_services().settings
            seconds = min(settings.answer_seconds, PAGE_SECONDS)
            self._sparkline_budget = TimeBudget(settings.solver_seconds, seconds / 2)
        page_query = parse_page_query(request_time(), dict(row.parameters), "")
        try:
            bars = Sparkline(page_query, self._sparkline_budget).bars
        except (*UNCOMPUTABLE, OverloadedError):
            return Markup()
        return Markup(draw_sparkline(bars))  # noqa: S704 - numbers alone

    def _make_row(self, subject: RecordSubject) -> SubjectRow:
        state = self.snapshot.state
        groups = _list_groups(subject)
        ids = {"place": ",".join(subject.places), "group": ",".join(groups)}
        parameters = {name: value for name, value in ids.items() if value}
        numbers = compute_numbers(self.snapshot, _make_query(subject), self._budget)
        if any(each.is_disputed for each in numbers):
            self._disputed_subjects.append(subject)
        named = [state.reporters[each] for each in subject.reporters[:MAX_NAMED_REPORTERS]]
        days = (
            plain_text("coverage.until", last=day_words.format_short_day(subject.last_day))
            if subject.first_day is None
            else day_words.format_short_days(subject.first_day, subject.last_day)
        )
        return SubjectRow(
            labels.join_place_names(state, subject.places),
            labels.join_group_names(state, groups) or plain_text("chip.everyone"),
            link_to_page(SUBJECT_PAGE, parameters),
            numbers,
            days,
            [NamedReporter(each.id, each.name, each.party) for each in named],
            len(subject.reporters) - len(named),
            {**parameters, "outcomes": ",".join(sort_outcomes(subject.outcome_sets[0]))},
        )


def _list_groups(subject: RecordSubject) -> tuple[str, ...]:
    """Return the groups of the subject; none if it is about everyone."""
    return tuple(each for each in subject.groups if each != ROOT_GROUP)


def _make_query(subject: RecordSubject) -> TotalsQuery:
    """Return the query for the numbers of the subject.

    It has only the outcomes of its own figures: those of a side count others too.
    """
    return TotalsQuery(
        subject.places,
        outcomes=subject.outcome_sets[:MAX_OUTCOME_SETS],
        groups=_list_groups(subject) or (ROOT_GROUP,),
    )

"""The list of reporters, and the page of one reporter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from werkzeug.utils import cached_property

from service.domain.entities import Reporter, unknown_id_message
from service.domain.errors import NotFoundError
from service.domain.report import RecordedReport
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import ROOT_GROUP
from service.http.consistency import get_reader
from service.http.context import get_services, start_time_budget
from service.http.csv_table import CsvTable
from service.usecases import reports
from service.usecases.reporter_activity import (
    ReporterActivity,
    list_activities,
    list_latest_reports,
)
from service.usecases.state_cache import Snapshot
from service.usecases.subjects import RecordSubject
from service.usecases.time_budget import TimeBudget
from service.web import day_words, labels
from service.web.messages import plain_text
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import SUBJECT_PAGE, find_root, link_to_page
from service.web.viewmodels.outcome_numbers import OutcomeNumber, compute_numbers
from service.web.viewmodels.pages_of_list import ListLinks, make_list_links
from service.web.viewmodels.report_lines import ReportLine, make_report_line
from service.web.viewmodels.report_list import link_to_reports_csv
from service.web.viewmodels.reporter_disputes import FoundDisputes, find_disputes
from service.web.viewmodels.subject_table import COLUMNS, iterate_subject_rows

PAGE_SIZE: Final = 50
"""How many reporters one page has."""

SUBJECTS_PAGE_SIZE: Final = 20
"""How many subjects of a reporter one page has."""

DISPUTE_SHARE: Final = 4
"""Disputes may take this part of the time of the page: the rest of it must not wait for them."""

MAX_LATEST: Final = 10
"""How many reports of a reporter its page lists."""


@dataclass(frozen=True, slots=True)
class ReporterRow:
    """One reporter of the list; the texts are empty where nothing is known."""

    id: str
    name: str
    kind: str
    is_party: bool
    report_count: int
    days: str
    last_recorded: str


class ReportersPage:
    """The view model of the list of all reporters."""

    def __init__(self, start: int) -> None:
        """Show the reporters from the number ``start`` on."""
        reader = get_reader()
        self.snapshot = reader.load_snapshot(reader.seq)
        activities = list_activities(self.snapshot.state)
        self.count = len(activities)
        shown = activities[start:][:PAGE_SIZE]
        last_ids = [each.last_report for each in shown if each.last_report is not None]
        last_reports = reports.get_reports(reader, last_ids, reader.seq)
        self.rows = [self._make_row(each, last_reports) for each in shown]
        self.csv_link = link_to_page("reporters.csv", CSV_LINK, find_root())
        self.links: ListLinks = make_list_links(
            "reporters", {}, start, PAGE_SIZE, self.count, find_root()
        )

    def _make_row(
        self, activity: ReporterActivity, last_reports: dict[str, RecordedReport]
    ) -> ReporterRow:
        reporter = self.snapshot.state.reporters[activity.id]
        last = last_reports.get(activity.last_report or "")
        return ReporterRow(
            reporter.id,
            reporter.name,
            labels.format_kind(reporter.kind),
            reporter.party,
            activity.report_count,
            format_covered(activity.first_day, activity.last_day),
            "" if last is None else format_recorded(last),
        )


@dataclass(frozen=True, slots=True)
class ReporterSubject:
    """A place and group for which the reporter counts, and what it says alone."""

    where: str
    whose: str
    href: str
    numbers: Sequence[OutcomeNumber]
    days: str
    figure_count: int


class ReporterPage:
    """The view model of the page of one reporter."""

    def __init__(self, reporter_id: str, start: int) -> None:
        """Read the reporter, with its subjects from the number ``start`` on.

        Raises NotFoundError for an id that is not known.
        """
        reader = get_reader()
        self.snapshot: Snapshot = reader.load_snapshot(reader.seq)
        state = self.snapshot.state
        (self.id,) = state.resolve_merged("reporter", [reporter_id])
        if self.id not in state.reporters:
            raise NotFoundError(unknown_id_message("reporter", reporter_id, state.reporters))
        self.start = start
        latest_ids = list_latest_reports(state, self.id, MAX_LATEST)
        latest = reports.get_reports(reader, latest_ids, reader.seq)
        self.latest: list[ReportLine] = [
            make_report_line(state, latest[each]) for each in latest_ids if each in latest
        ]
        self.last_recorded = format_recorded(latest[latest_ids[0]]) if latest else ""
        self._budget = start_time_budget()

    @property
    def reporter(self) -> Reporter:
        """The reporter."""
        return self.snapshot.state.reporters[self.id]

    @property
    def kind(self) -> str:
        """What the reporter is, in words."""
        return labels.format_kind(self.reporter.kind)

    @property
    def merged_ids(self) -> list[str]:
        """The other ids under which the reporter was recorded."""
        merged = self.snapshot.state.merged.get("reporter", {})
        return sorted(old for old, current in merged.items() if current == self.id)

    @cached_property
    def activity(self) -> ReporterActivity:
        """How much the reporter has reported, and about which days."""
        activities = list_activities(self.snapshot.state)
        return next(each for each in activities if each.id == self.id)

    @property
    def covered(self) -> str:
        """Which days the figures are about, in words."""
        return format_covered(self.activity.first_day, self.activity.last_day)

    @cached_property
    def _all_subjects(self) -> Sequence[RecordSubject]:
        return self.snapshot.list_subjects(self.id)

    @cached_property
    def subjects(self) -> list[ReporterSubject]:
        """The subjects of this page, those with the latest figure first."""
        shown = self._all_subjects[self.start :][:SUBJECTS_PAGE_SIZE]
        return [self._make_subject(each) for each in shown]

    @property
    def links(self) -> ListLinks:
        """The links to the subjects before and after these."""
        count = len(self._all_subjects)
        return make_list_links(
            f"reporter/{self.id}", {}, self.start, SUBJECTS_PAGE_SIZE, count, find_root()
        )

    @property
    def csv_link(self) -> str:
        """The address of the subjects of this page as CSV."""
        return self._link_to_csv(self.start, find_root())

    def _link_to_csv(self, start: int, root: str = "") -> str:
        parameters = {"start": str(start) if start else None, **CSV_LINK}
        return link_to_page(f"reporter/{self.id}.csv", parameters, root)

    def make_table(self) -> CsvTable:
        """Return the subjects of this page as a table."""
        end = self.start + SUBJECTS_PAGE_SIZE
        shown = self._all_subjects[self.start : end]
        start = str(self.start) if self.start else None
        return CsvTable(
            f"casualty-figures-{self.id}",
            COLUMNS,
            iterate_subject_rows(self.snapshot, shown, self._budget, self.id),
            [
                plain_text("csv.reporter", name=self.reporter.name),
                plain_text("index.hint"),
                plain_text("csv.stated"),
            ],
            self.snapshot.state,
            link_to_page(f"reporter/{self.id}", {"start": start}),
            self._link_to_csv(end) if end < len(self._all_subjects) else None,
        )

    @property
    def reports_csv_link(self) -> str:
        """The address of the API that has the reporter's reports as CSV."""
        return link_to_reports_csv({"reporter": self.id}, find_root())

    @cached_property
    def disputes(self) -> FoundDisputes:
        """Figures of the reporter that contradict others, in the subjects of this page."""
        shown = self._all_subjects[self.start :][:SUBJECTS_PAGE_SIZE]
        settings = get_services().settings
        budget = TimeBudget(settings.solver_seconds, settings.answer_seconds / DISPUTE_SHARE)
        return find_disputes(self.snapshot, self.id, shown, budget)

    def _make_subject(self, subject: RecordSubject) -> ReporterSubject:
        state = self.snapshot.state
        groups = tuple(each for each in subject.groups if each != ROOT_GROUP)
        query = TotalsQuery(
            places=subject.places, groups=groups or (ROOT_GROUP,), reporters=(self.id,)
        )
        parameters = {
            "place": ",".join(subject.places), "group": ",".join(groups), "reporter": self.id,
        }  # fmt: skip
        return ReporterSubject(
            labels.join_place_names(state, subject.places),
            labels.join_group_names(state, groups) or plain_text("chip.everyone"),
            link_to_page(SUBJECT_PAGE, parameters, find_root()),
            compute_numbers(self.snapshot, query, self._budget),
            format_covered(subject.first_day, subject.last_day),
            subject.figure_count,
        )


def format_covered(first: date | None, last: date | None) -> str:
    """Return the days that figures are about, in words; "" without figures."""
    if last is None:
        return ""
    if first is None:
        return plain_text("coverage.until", last=day_words.format_short_day(last))
    return day_words.format_short_days(first, last)


def format_recorded(recorded: RecordedReport) -> str:
    """Return the day on which the report was recorded."""
    return day_words.format_short_day(date.fromisoformat(recorded.recorded_at[:10]))

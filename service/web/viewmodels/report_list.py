"""The list of reports: one page of those that meet the filters, the newest first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from marshmallow import ValidationError
from werkzeug.utils import cached_property

from schemas.fields import make_cursor
from schemas.list_queries import ReportPageParameters
from service.columns.record_state import RecordState
from service.domain.entities import Place
from service.domain.errors import ErrorDetail, InvalidInputError
from service.domain.list_queries import ReportListQuery
from service.domain.report import RecordedReport
from service.domain.wording.bidi import isolate_bidi
from service.domain.wording.range_text import outcomes_text
from service.http.consistency import get_reader
from service.http.context import request_time
from service.http.costly_work import take_slot
from service.http.request_parsing import make_schema_error
from service.usecases import reports
from service.usecases.report_counts import count_reports_by_outcome, count_reports_by_state
from service.web import day_words, labels
from service.web.messages import plain_text
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import find_root, link_to_page
from service.web.query.reporters import ReporterChoices, list_reporters
from service.web.viewmodels.base import NamedLink
from service.web.viewmodels.report_words import (
    Statement,
    find_reporter,
    format_published,
    is_contradicting,
    shorten,
    write_statement,
)

REPORTS_PAGE: Final = "reports"

PAGE_SIZE: Final = 50
"""How many reports one page has."""

MAX_CSV_REPORTS: Final = 1_000
"""How many reports one CSV file has: the most that the API gives at once."""

MAX_SUGGESTIONS: Final = 8
"""How many reports are offered while one types."""

MAX_OFFERED_PLACES: Final = 12
"""How many of the places that words may mean are offered."""

EXCERPT_LENGTH: Final = 200

CURSORS: Final = ("after", "before")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One report of the list; ``published`` is "" if its date is not known."""

    id: str
    href: str
    published: str
    recorded: str
    reporter_id: str
    reporter_name: str
    is_party: bool
    statement: Statement
    excerpt: str
    state: str
    is_contradicting: bool


class ReportList:
    """The view model of the list.

    ``parameters`` are those of the address. If one of them is invalid, ``field_errors`` has its
    error by its name, and there are no rows.
    """

    def __init__(
        self,
        parameters: Mapping[str, str],
        errors: Sequence[ErrorDetail] = (),
        offered_places: Sequence[Place] = (),
    ) -> None:
        """Read the page of the list; a few of ``offered_places`` can be chosen."""
        self.parameters, self._offered_places = dict(parameters), offered_places
        self.field_errors: dict[str, str] = {}
        self._add_errors(errors)
        self.root = find_root()
        self.snapshot = get_reader().load_snapshot(get_reader().seq)
        self.query = self._load_query()
        self._reports, self._has_more = self._load_reports()

    @property
    def state(self) -> RecordState:
        """The record state of the page."""
        return self.snapshot.state

    @property
    def offered_places(self) -> list[NamedLink]:
        """The places that the words of the form may mean."""
        return [
            NamedLink(each.id, each.name, "", labels.join_ancestor_names(self.snapshot, each.id))
            for each in self._offered_places[:MAX_OFFERED_PLACES]
        ]

    # The reports ----------------------------------------------------------------------------

    def _load_query(self) -> ReportListQuery:
        try:
            query: ReportListQuery = ReportPageParameters().load(self.parameters)
        except ValidationError as error:
            errors = make_schema_error(error.messages, "").errors
            self._add_errors(
                each
                if self._is_readable(each.pointer)
                else ErrorDetail(each.pointer, plain_text("reports.not_a_day"))
                for each in errors
            )
            return ReportListQuery(is_newest_first=True)
        return query

    def _is_readable(self, name: str) -> bool:
        """Whether the parameter is a day, or is not about days."""
        if name not in ("from", "to"):
            return True
        try:
            day_words.parse_day(self.parameters[name], "first")
        except ValueError:
            return False
        return True

    def _load_reports(self) -> tuple[list[RecordedReport], bool]:
        """Return the reports of the page, and whether there are more in the same direction."""
        if self.field_errors:
            return [], False
        if self.filters:
            take_slot()  # Reports are read one after the other until a page is full.
        reader = get_reader()
        query = replace(self.query, as_of=reader.seq, limit=PAGE_SIZE + 1)
        try:
            found = reports.list_reports(reader, query, request_time())
        except InvalidInputError as error:
            self._add_errors(error.errors)
            return [], False
        page = found[:PAGE_SIZE]
        return page if query.is_newest_first else page[::-1], len(found) > PAGE_SIZE

    def _add_errors(self, errors: Iterable[ErrorDetail]) -> None:
        for each in errors:
            previous = self.field_errors.get(each.pointer)
            self.field_errors[each.pointer] = (
                f"{previous} {each.detail}" if previous else each.detail
            )

    @property
    def rows(self) -> Sequence[ReportRow]:
        """The reports of this page, the newest first."""
        return [make_report_row(self.state, each, self.root) for each in self._reports]

    @property
    def previous_link(self) -> str | None:
        """The address of the page of newer reports; None if there are none."""
        if self.query.after is None or (not self.query.is_newest_first and not self._has_more):
            return None
        if not self._reports:
            return self.link_to(after=None, before=None)
        return self.link_to(after=None, before=make_cursor("reports", self._reports[0].seq))

    @property
    def next_link(self) -> str | None:
        """The address of the page of older reports; None if there are none."""
        if not self._reports or (self.query.is_newest_first and not self._has_more):
            return None
        return self.link_to(before=None, after=make_cursor("reports", self._reports[-1].seq))

    @property
    def count_text(self) -> str:
        """How many reports there are, where that is known without counting; else ""."""
        if not self.filters:
            return plain_text("coverage.report_count", count=self.state.report_count)
        if self.previous_link or self.next_link or not self._reports:
            return ""
        return plain_text("coverage.report_count", count=len(self._reports))

    @property
    def csv_link(self) -> str:
        """The address of the API that has the same reports as CSV."""
        return link_to_reports_csv(self.filters, self.root)

    def link_to(self, **changes: str | None) -> str:
        """Return the address of the list with changed parameters; None removes one."""
        return link_to_page(REPORTS_PAGE, {**self.parameters, **changes}, self.root)

    # The filters ----------------------------------------------------------------------------

    @cached_property
    def filters(self) -> dict[str, str]:
        """The parameters without the position in the list."""
        return {name: value for name, value in self.parameters.items() if name not in CURSORS}

    @cached_property
    def places(self) -> list[NamedLink]:
        """The chosen places that are known."""
        known = [each for each in self.query.places or () if each in self.state.places]
        return [
            NamedLink(
                each,
                self.state.places[each].name,
                "",
                labels.join_ancestor_names(self.snapshot, each),
            )
            for each in self.state.resolve_merged("place", known)
        ]

    @cached_property
    def chosen_reporters(self) -> tuple[str, ...]:
        """The ids of the chosen reporters that are known."""
        known = [each for each in self.query.reporters or () if each in self.state.reporters]
        return self.state.resolve_merged("reporter", known)

    @cached_property
    def group_names(self) -> str:
        """The names of the chosen groups."""
        known = [each for each in self.query.groups or () if each in self.state.groups]
        return ", ".join(isolate_bidi(self.state.groups[each].name) for each in known)

    @cached_property
    def reporters(self) -> ReporterChoices:
        """The reporters to choose from."""
        return list_reporters(self.state, self.chosen_reporters)

    @cached_property
    def report_counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many reports of the whole record each choice has, by filter and choice."""
        return {
            "reporter": self.state.count_reports_by_reporter(),
            "state": count_reports_by_state(self.state),
            "outcomes": count_reports_by_outcome(self.state),
        }

    @property
    def first_day_text(self) -> str:
        """The first day of the period, as people write it; what was sent if it is invalid."""
        first = self.query.period.first
        return day_words.format_day(first) if first else self.parameters.get("from", "")

    @property
    def last_day_text(self) -> str:
        """The last day of the period, as people write it; what was sent if it is invalid."""
        last = self.query.period.last
        return day_words.format_day(last) if last else self.parameters.get("to", "")

    @property
    def chips(self) -> dict[str, str]:
        """What each filter is set to, in words."""
        query = self.query
        names = [isolate_bidi(self.state.reporters[each].name) for each in self.chosen_reporters]
        states = [plain_text(f"reports.state.{each}") for each in query.states or ()]
        if query.is_contradicting:
            states.append(plain_text("reports.chip.contradicting"))
        others = [each for each in (query.ref, query.incident, self.group_names) if each]
        return {
            "reporter": ", ".join(names) or plain_text("chip.reporters"),
            "place": ", ".join(isolate_bidi(each.name) for each in self.places)
            or plain_text("reports.chip.places"),
            "period": labels.capitalize(labels.format_query_period(query.period)),
            "outcomes": labels.capitalize(outcomes_text(query.outcomes or ()))
            or plain_text("chip.outcomes"),
            "state": ", ".join(states) or plain_text("reports.chip.states"),
            "other": ", ".join(others) or plain_text("reports.chip.other"),
        }


def link_to_reports_csv(filters: Mapping[str, str], root: str) -> str:
    """Return the address of the API that has the newest of these reports as CSV."""
    form = {"order": "newest", "format": "csv", "limit": str(MAX_CSV_REPORTS)}
    return link_to_page("v1/reports", {**filters, **form, **CSV_LINK}, root)


def make_report_row(state: RecordState, recorded: RecordedReport, root: str) -> ReportRow:
    """Return the report as a row of a list; ``root`` leads from the page to the index."""
    report = recorded.report
    reporter = find_reporter(state, report)
    return ReportRow(
        report.id,
        link_to_page(f"report/{report.id}", {}, root),
        format_published(report.published_at),
        format_published(recorded.recorded_at),
        reporter.id,
        reporter.name,
        reporter.party,
        write_statement(state, report),
        shorten(report.quote or "", EXCERPT_LENGTH),
        recorded.state,
        is_contradicting(recorded),
    )


def find_suggestions(words: str, but: str | None) -> list[ReportRow]:
    """Return counted and repeating reports with the words or this id, except the report ``but``."""
    reader = get_reader()
    take_slot()
    state, root = reader.load_snapshot(reader.seq).state, find_root()
    query = ReportListQuery(
        words=words, states=("live", "relay"), is_newest_first=True, limit=MAX_SUGGESTIONS
    )
    found = reports.get_reports(reader, [words], reader.seq)
    found |= {each.report.id: each for each in reports.list_reports(reader, query, request_time())}
    return [make_report_row(state, each, root) for each in found.values() if each.report.id != but]

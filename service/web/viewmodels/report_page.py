"""The page of a report: what is in it, which totals it moves, and its history."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from werkzeug.utils import cached_property

from service.columns.record_state import RecordState
from service.domain.entities import Reporter
from service.domain.errors import TimeBudgetExceededError
from service.domain.public_event import PublicEvent
from service.domain.report import OWN_INCIDENT, Report, ReportedFigure
from service.domain.report_copy import make_body
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import ROOT_GROUP
from service.domain.wording.range_text import outcomes_text, range_text
from service.http.consistency import get_reader
from service.http.context import request_time
from service.http.measured_totals import compute_measured_totals
from service.usecases import lifecycle, reports, totals
from service.usecases.state_cache import Snapshot
from service.usecases.time_budget import TimeBudget
from service.web import day_words, labels
from service.web.query.page_query import SUBJECT_PAGE, find_root, link_to_page
from service.web.sentences import Sayer, write_sentence
from service.web.viewmodels.base import MAX_OUTCOME_SETS, NamedLink
from service.web.viewmodels.relays import find_relays
from service.web.viewmodels.report_copy import CHANGEABLE_STATES
from service.web.viewmodels.report_words import (
    Statement,
    find_reporter,
    format_published,
    write_statement,
)
from service.web.viewmodels.subject import make_subject
from service.web.viewmodels.truncated import Truncated, truncate

MAX_RELAYS: Final = 40
"""The most relays of a report that are listed; the API lists all relays."""

MAX_MOVED_TOTALS: Final = 5
"""How many totals a page names."""

MOVED_TOTALS_SECONDS: Final = 1.0
"""How long they may be computed together; those that are not ready are links alone."""


@dataclass(frozen=True, slots=True)
class LinkedReport:
    """A report that this one names: who said it and when, and what it says."""

    id: str
    href: str
    name: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class MovedTotal:
    """A total in which figures of the report are counted; ``sentence`` is "" if not computed."""

    scope: str
    href: str
    sentence: str


class ReportPage:
    """The view model of the page; raises NotFoundError for an unknown id."""

    def __init__(self, report_id: str) -> None:
        """Read the report in its present state, its history, and the reports that it names."""
        reader = get_reader()
        self.seq = reader.seq
        self.recorded = reports.get_report(reader, report_id, self.seq, request_time())
        self.snapshot: Snapshot = reader.load_snapshot(self.seq)
        self.history: Sequence[PublicEvent] = lifecycle.load_history(reader, report_id)
        self.linked = self._load_linked()
        self.root = find_root()

    @property
    def report(self) -> Report:
        """The report as it was sent."""
        return self.recorded.report

    @property
    def state(self) -> RecordState:
        """The record state of the page."""
        return self.snapshot.state

    @cached_property
    def reporter(self) -> Reporter:
        """Who makes the statement."""
        return find_reporter(self.state, self.report)

    @cached_property
    def statement(self) -> Statement:
        """What the report says, and who says so, in one sentence."""
        sayer = Sayer(self.reporter.name, self.reporter.party)
        return write_statement(self.state, self.report, [sayer], limit=1)

    @property
    def published(self) -> str:
        """The day of its publication, "" if it is not known."""
        published_at = self.report.published_at
        if published_at is None:
            return ""
        return day_words.format_day(date.fromisoformat(published_at[:10]))

    # Reports around it ----------------------------------------------------------------------

    def _load_linked(self) -> Mapping[str, LinkedReport]:
        """Return the reports that it or one of its warnings names, by id."""
        report = self.report
        ids = {report.relays, report.supersedes, self.recorded.superseded_by}
        ids |= {each for warning in self.recorded.warnings for each in warning.reports}
        known = reports.get_reports(get_reader(), sorted(each for each in ids if each), self.seq)
        return {
            report_id: LinkedReport(
                report_id,
                link_to_page(f"report/{report_id}", {}, find_root()),
                ", ".join(
                    each
                    for each in (
                        find_reporter(self.state, recorded.report).name,
                        format_published(recorded.report.published_at),
                    )
                    if each
                ),
                write_statement(self.state, recorded.report),
            )
            for report_id, recorded in known.items()
        }

    @cached_property
    def relays(self) -> Truncated[tuple[str, str]]:
        """The reports that repeat it: id, and name of the reporter."""
        found = find_relays(self.state, [self.report.id]).get(self.report.id, ())
        named = [(each.id, self.state.reporters[each.reporter].name) for each in found]
        return truncate(MAX_RELAYS, named)

    # What it moves --------------------------------------------------------------------------

    @cached_property
    def _scopes(self) -> Sequence[ReportedFigure]:
        """One figure of each place, period and group that the report counts."""
        by_scope: dict[object, ReportedFigure] = {}
        for each in self.report.figures:
            by_scope.setdefault((each.places, each.period, each.groups), each)
        return list(by_scope.values())

    @cached_property
    def moved_totals(self) -> Sequence[MovedTotal]:
        """The totals of its own scopes, if it is counted."""
        return list(self._iterate_moved_totals()) if self.recorded.state == "live" else []

    @property
    def more_totals_count(self) -> int:
        """How many more scopes it has."""
        return max(len(self._scopes) - MAX_MOVED_TOTALS, 0) if self.moved_totals else 0

    def _iterate_moved_totals(self) -> Iterator[MovedTotal]:
        get_reader().release()  # Computing may take long.
        budget = TimeBudget(MOVED_TOTALS_SECONDS, MOVED_TOTALS_SECONDS)
        for figure in self._scopes[:MAX_MOVED_TOTALS]:
            groups = tuple(each for each in figure.groups if each != ROOT_GROUP)
            period = figure.period
            parameters = {
                "place": ",".join(figure.places),
                "from": period.first.isoformat() if period.first else None,
                "to": period.last.isoformat() if period.last else None,
                "group": ",".join(groups),
            }
            names = labels.join_place_names(self.state, figure.places)
            whose = labels.join_group_names(self.state, groups)
            days = labels.format_query_period(period)
            yield MovedTotal(
                " · ".join(each for each in (names, days, whose) if each),
                link_to_page(SUBJECT_PAGE, parameters, self.root),
                self._write_total(TotalsQuery(figure.places, period, groups=figure.groups), budget),
            )

    def _write_total(self, query: TotalsQuery, budget: TimeBudget) -> str:
        """Return the present sentence of the total; "" if there is no time to compute it."""
        spoken = totals.list_spoken_outcomes(self.snapshot, query)[:MAX_OUTCOME_SETS]
        query = replace(query, outcomes=spoken)
        try:
            result = compute_measured_totals(query, self.seq, budget)
        except TimeBudgetExceededError:
            return ""
        if not result.is_final:
            return ""
        resolved = totals.resolve_merged_ids(self.snapshot, query)
        return write_sentence(make_subject(self.state, resolved, result))

    # Its figures ----------------------------------------------------------------------------

    def format_range(self, figure: ReportedFigure) -> str:
        """Return the range of the figure in words."""
        return range_text(figure.low, figure.high)

    def format_outcomes(self, figure: ReportedFigure) -> str:
        """Return the outcomes of the figure in words."""
        return outcomes_text(figure.outcomes)

    def link_to_places(self, place_ids: Sequence[str]) -> Sequence[NamedLink]:
        """Return a link to the page of each place."""
        return [
            NamedLink(
                each,
                self.state.places[each].name,
                link_to_page(SUBJECT_PAGE, {"place": each}, self.root),
            )
            for each in self.state.resolve_merged("place", place_ids)
        ]

    def link_to_incident(self, incident: str) -> str | None:
        """Return the address of the page of an incident; None for one without an id."""
        if incident == OWN_INCIDENT:
            return None
        return link_to_page(f"incident/{quote(incident, safe=':')}", {}, self.root)

    # What can be done -----------------------------------------------------------------------

    @property
    def is_changeable(self) -> bool:
        """Whether it can be corrected and withdrawn."""
        return self.recorded.state in CHANGEABLE_STATES

    @cached_property
    def body(self) -> dict[str, Any]:
        """The report as it would be sent again."""
        return make_body(self.report)

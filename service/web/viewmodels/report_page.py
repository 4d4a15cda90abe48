"""The report page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.columns.record_state import RecordState
from service.domain.entities import Reporter
from service.domain.public_event import PublicEvent
from service.domain.report import RecordedReport, ReportedFigure
from service.domain.wording.range_text import outcomes_text, range_text
from service.http.consistency import get_reader
from service.http.context import request_time
from service.usecases import lifecycle, reports
from service.web.viewmodels.relays import find_relays
from service.web.viewmodels.truncated import Truncated, truncate

MAX_RELAYS: Final = 40
"""The most relays of a report that are listed; the API lists all relays."""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A report, its reporter, its history and its relays (report id, name of the reporter)."""

    recorded: RecordedReport
    reporter: Reporter
    history: Sequence[PublicEvent]
    relays: Truncated[tuple[str, str]]
    state: RecordState

    def format_range(self, figure: ReportedFigure) -> str:
        """Return the range of the figure in words."""
        return range_text(figure.low, figure.high)

    def format_outcomes(self, figure: ReportedFigure) -> str:
        """Return the outcomes of the figure in words."""
        return outcomes_text(figure.outcomes)


def make_report_page(report_id: str) -> ReportPage:
    """Return the current state of the report; raises NotFoundError for an unknown id."""
    reader = get_reader()
    recorded = reports.get_report(reader, report_id, None, request_time())
    state = reader.load_snapshot(reader.seq).state
    (reporter_id,) = state.resolve_merged("reporter", [recorded.report.reporter])
    repeating = [
        (each.id, state.reporters[each.reporter].name)
        for each in find_relays(state, [report_id]).get(report_id, ())
    ]
    history = lifecycle.load_history(reader, report_id)
    shown_relays = truncate(MAX_RELAYS, repeating)
    return ReportPage(recorded, state.reporters[reporter_id], history, shown_relays, state)

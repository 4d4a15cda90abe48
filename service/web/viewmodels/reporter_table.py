"""All reporters as a table."""

from typing import Any, Final

from service.columns.record_state import RecordState
from service.http.consistency import get_reader
from service.http.csv_table import CsvTable
from service.usecases.reporter_activity import ReporterActivity, list_activities
from service.web.messages import plain_text
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import link_to_page

MAX_ROWS: Final = 5_000
"""How many reporters one file has."""

COLUMNS: Final = (
    "reporter", "reporter_name", "aliases", "kind", "party", "reports", "from", "to", "last_report",
)  # fmt: skip


def make_reporter_table(start: int) -> CsvTable:
    """Return the reporters from the number ``start`` on, those with most reports first."""
    reader = get_reader()
    state = reader.load_snapshot(reader.seq).state
    activities = list_activities(state)
    end = start + MAX_ROWS
    more = {"start": str(end), **CSV_LINK}
    return CsvTable(
        "casualty-figures-reporters",
        COLUMNS,
        (_make_row(state, each) for each in activities[start:end]),
        [plain_text("csv.reporters")],
        state,
        "reporters",
        link_to_page("reporters.csv", more) if end < len(activities) else None,
    )


def _make_row(state: RecordState, activity: ReporterActivity) -> dict[str, Any]:
    reporter = state.reporters[activity.id]
    return {
        "reporter": reporter.id,
        "reporter_name": reporter.name,
        "aliases": "; ".join(reporter.aliases),
        "kind": reporter.kind,
        "party": reporter.party,
        "reports": activity.report_count,
        "from": activity.first_day,
        "to": activity.last_day,
        "last_report": activity.last_report,
    }

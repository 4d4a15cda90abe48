"""What came in as a table: a row for each figure of each report that was changed."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from service.columns.record_state import RecordState
from service.http.consistency import get_reader
from service.http.csv_table import CsvTable
from service.usecases.recent_changes import (
    REPLACED,
    ReportChanges,
    find_replacing_rows,
    list_figure_rows,
    split_by_day,
)
from service.web.messages import plain_text
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import link_to_page
from service.web.viewmodels.new_page import MAX_DAYS, NewPage
from service.web.viewmodels.report_changes import name_kind
from service.web.viewmodels.scope_cells import (
    FIGURE_COLUMNS,
    make_figure_cells,
    make_reporter_cells,
)

MAX_CHANGES: Final = 2_000
"""How many changes one file has, each of which may have several figures."""

COLUMNS: Final = (
    "event", "recorded_on", "change", "report", "replaced_by", "stance", "reporter",
    "reporter_name", "party", *FIGURE_COLUMNS,
)  # fmt: skip


def make_change_table(view: NewPage, start: int) -> CsvTable:
    """Return the changes from the number ``start`` on, the latest first, of at most 14 days."""
    reader, state = get_reader(), view.now_state.state
    end = max(len(view.changes) - start, 0)
    changes = view.changes.cut(max(end - MAX_CHANGES, 0), end)
    with reader.read_transaction() as db:
        days, _ = split_by_day(db, changes, MAX_DAYS)
    left = end - sum(len(each) for _, each in days)
    more = {**view.pinned_parameters, "start": str(len(view.changes) - left), **CSV_LINK}
    return CsvTable(
        "casualty-figures-new",
        COLUMNS,
        _iterate_rows(state, days),
        [plain_text("csv.new", title=view.title)],
        state,
        link_to_page("new", view.pinned_parameters),
        link_to_page("new.csv", more) if left else None,
    )


def _iterate_rows(
    state: RecordState, days: list[tuple[date, ReportChanges]]
) -> Iterator[dict[str, Any]]:
    rows = [row for _, changes in days for row in changes.rows.tolist()]
    figure_rows, replacing = list_figure_rows(state, rows), find_replacing_rows(state, rows)
    for day, changes in days:
        events = zip(
            changes.seqs.tolist(), changes.kinds.tolist(), changes.rows.tolist(), strict=True
        )
        for event, kind, row in reversed(list(events)):
            report = state.make_report(row)
            replacing_row = replacing.get(row) if kind == REPLACED else None
            cells = {
                "event": event,
                "recorded_on": day,
                "change": name_kind(state, kind, row),
                "report": state.get_report_id(row),
                "replaced_by": None
                if replacing_row is None
                else state.get_report_id(replacing_row),
                "stance": report.stance,
                **make_reporter_cells(state, report.reporter),
            }
            figures = state.make_figures(figure_rows.get(row, []))
            for figure in figures:
                yield {**cells, **make_figure_cells(state, figure)}
            if not figures:
                yield cells

"""What came in as a table: a row for each figure of each report that was changed."""

from collections.abc import Iterator
from typing import Any, Final

from service.columns.record_state import RecordState
from service.http.csv_table import CsvTable
from service.usecases.recent_changes import (
    REPLACED,
    ReportChanges,
    find_replacing_rows,
    list_figure_rows,
)
from service.web.messages import plain_text
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import link_to_page
from service.web.viewmodels.new_page import NewPage
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


def make_change_table(view: NewPage) -> CsvTable:
    """Return the changes on the days of the page, the latest first."""
    state, left = view.now_state.state, MAX_CHANGES
    shown: list[tuple[str, ReportChanges]] = []
    for day, changes in view.changes_by_day:
        if left:
            latest = changes.cut(max(len(changes) - left, 0), len(changes))
            shown.append((day.isoformat(), latest))
            left -= len(latest)
    shown_count = MAX_CHANGES - left
    more = len(view.changes) - shown_count
    until = str(int(view.changes.seqs[more - 1])) if more else None
    return CsvTable(
        "casualty-figures-new",
        COLUMNS,
        _iterate_rows(state, shown),
        [plain_text("csv.new", title=view.title)],
        state,
        link_to_page("new", view.pinned_parameters),
        link_to_page("new.csv", {**view.pinned_parameters, "until": until, **CSV_LINK})
        if more
        else None,
    )


def _iterate_rows(
    state: RecordState, shown: list[tuple[str, ReportChanges]]
) -> Iterator[dict[str, Any]]:
    rows = [row for _, changes in shown for row in changes.rows.tolist()]
    figure_rows, replacing = list_figure_rows(state, rows), find_replacing_rows(state, rows)
    for day, changes in shown:
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

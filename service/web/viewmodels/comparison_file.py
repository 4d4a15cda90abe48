"""A comparison as a file: a picture of both bars, and a table of both sides' numbers."""

from collections.abc import Iterator
from typing import Any, Final

from service.domain.errors import NotFoundError
from service.exports.table_cells import PLACE_COLUMNS
from service.http.consistency import get_reader
from service.http.csv_table import CsvTable
from service.web import day_words
from service.web.charts.range_chart import RangeChart
from service.web.charts.svg_document import DocumentLayout, DocumentText
from service.web.messages import plain_text
from service.web.query.addresses import make_absolute
from service.web.viewmodels.comparison import Comparison
from service.web.viewmodels.scope_cells import (
    SCOPE_COLUMNS,
    STATED_COLUMNS,
    make_scope_cells,
    make_stated_cells,
)

COLUMNS: Final = (
    "side", "name", "as_of", *SCOPE_COLUMNS, "reporter_filter", *STATED_COLUMNS, *PLACE_COLUMNS,
)  # fmt: skip


def layout_comparison(view: Comparison) -> tuple[RangeChart, DocumentLayout]:
    """Return the chart of the first set of outcomes, and the layout of its file.

    Raises NotFoundError if there are not two sides, or if nobody counts anything of them.
    """
    if len(view.sides) < 2 or not view.charts:
        raise NotFoundError(plain_text("embed.nothing"))
    shown = view.charts[0]
    views = [each.view for each in view.sides if each.view is not None]
    sentences = list(dict.fromkeys(each.headline for each in views))
    caveats = dict.fromkeys(text.text for each in views for text in each.leading_caveats)
    state = get_reader().load_snapshot(view.seq).state
    foot = plain_text(
        "charts.file.foot", seq=str(view.seq), at=day_words.format_moment(state.recorded_at)
    )
    address = make_absolute(view.name_page("compare", as_of=str(view.seq)))
    notes = [plain_text("compare.hint"), *caveats]
    text = DocumentText(view.title, " ".join(sentences), shown.title, notes, foot, address)
    return shown.chart, shown.chart.layout_document(text)


def make_comparison_table(view: Comparison) -> CsvTable:
    """Return a row for each side and set of outcomes that a sentence of either side states."""
    return CsvTable(
        "casualty-figures-comparison",
        COLUMNS,
        _iterate_rows(view),
        [view.title, plain_text("compare.hint"), plain_text("csv.stated")],
        get_reader().load_snapshot(view.seq).state,
        view.name_page("compare", as_of=str(view.seq)),
    )


def _iterate_rows(view: Comparison) -> Iterator[dict[str, Any]]:
    for number, side in enumerate(view.sides, 1):
        cells: dict[str, Any] = {"side": number, "name": side.name}
        if side.view is None:
            yield {**cells, "reported": False, "text": plain_text("compare.unknown_then")}
            continue
        query = side.view.query
        cells |= {
            "as_of": side.view.seq,
            **make_scope_cells(side.view.state, query.places, query.groups, query.period),
            "reporter_filter": "; ".join(side.view.reporter_words),
        }
        for outcomes in view.outcome_sets:
            (total,) = side.view.compute_totals(outcomes=(outcomes,)).totals
            yield {**cells, **make_stated_cells(total)}

"""The figures of a total as a table."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from service.domain.total import End
from service.http.csv_table import CsvTable
from service.usecases.query_figures import QueryFigure
from service.web.messages import plain_text
from service.web.query.csv_parameters import CSV_LINK
from service.web.viewmodels.figure_list import FigureList, sum_shares
from service.web.viewmodels.scope_cells import (
    FIGURE_COLUMNS,
    make_figure_cells,
    make_reporter_cells,
)

MAX_ROWS: Final = 5_000
"""How many figures one file has."""

COLUMNS: Final = (
    "number", "report", "reporter", "reporter_name", "party", "published_at", "state",
    "not_counted", "adds_low", "adds_high", "wording", *FIGURE_COLUMNS,
)  # fmt: skip


class FigureTable(FigureList):
    """The view model of the same list as a file."""

    def make_table(self) -> CsvTable:
        """Return the figures of this page, those that contribute most first."""
        page = self.load_page(MAX_ROWS)
        next_offset = page.next_offset
        query = self.page_query
        pinned = {"as_of": str(self.seq)}
        return CsvTable(
            f"{self.file_name}-figures",
            COLUMNS,
            self._iterate_rows(page.figures),
            [plain_text("csv.figures", sentence=self.headline), plain_text("csv.adds")],
            self.state,
            query.name_page("figures", **pinned),
            None
            if next_offset is None
            else query.name_page("figures.csv", **pinned, start=str(next_offset), **CSV_LINK),
        )

    def _iterate_rows(self, figures: Sequence[QueryFigure]) -> Iterator[dict[str, Any]]:
        for number, each in enumerate(figures, self.page_query.start + 1):
            yield {
                "number": number,
                "report": each.figure.report,
                **make_reporter_cells(self.state, each.figure.reporter),
                "published_at": each.published_at,
                "state": each.state,
                "not_counted": each.reason,
                "adds_low": _format_share(each, "low"),
                "adds_high": _format_share(each, "high"),
                "wording": each.wording,
                **make_figure_cells(self.state, each.figure),
            }


def _format_share(listed: QueryFigure, bound: End) -> int | float | None:
    people = sum_shares(listed, bound)
    if people is None:
        return None
    return int(people) if people.denominator == 1 else round(float(people), 4)

"""The table of a chart: the same numbers as rows, and each caveat of them once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from service.web.charts.items import ChartItem

MAX_ROWS: Final = 400
"""The most rows of a table on a page; the CSV file has all."""

MAX_NOTES: Final = 30
"""The most caveats below a table; a part's own page has all of its own."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: an item, and the numbers of its caveats below the table."""

    item: ChartItem
    note_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table, its caveats in the order of their numbers, and how many of each are left out."""

    rows: tuple[TableRow, ...]
    notes: tuple[str, ...]
    omitted_row_count: int = 0
    omitted_note_count: int = 0

    @property
    def has_beyond(self) -> bool:
        """Whether wider figures change the total of any row."""
        return any(row.item.beyond is not None for row in self.rows)

    @property
    def has_disputes(self) -> bool:
        """Whether reports contradict each other in any row."""
        return any(row.item.dispute_text for row in self.rows)


def layout_table(items: Sequence[ChartItem], stated: Collection[str] = ()) -> DataTable:
    """Return the table of the items.

    The page has ``stated`` as caveats of the whole already: they are left out.
    """
    shown = items[:MAX_ROWS]
    texts = dict.fromkeys(text for item in shown for text in item.caveats if text not in stated)
    numbers = {text: number for number, text in enumerate(list(texts)[:MAX_NOTES], 1)}
    rows = tuple(
        TableRow(item, tuple(numbers[text] for text in item.caveats if text in numbers))
        for item in shown
    )
    return DataTable(rows, tuple(numbers), len(items) - len(shown), len(texts) - len(numbers))

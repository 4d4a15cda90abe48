"""The table of a chart: the same numbers as rows, and each caveat of them once."""

from collections.abc import Iterable, Sequence
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
class NumberedNotes:
    """Notes below a table, each once, and the numbers of those of each row."""

    texts: tuple[str, ...]
    numbers: tuple[tuple[int, ...], ...]
    omitted_count: int = 0


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


def layout_table(items: Sequence[ChartItem]) -> DataTable:
    """Return the table of the items."""
    shown = items[:MAX_ROWS]
    notes = number_notes([item.caveats for item in shown])
    rows = tuple(map(TableRow, shown, notes.numbers))
    return DataTable(rows, notes.texts, len(items) - len(shown), notes.omitted_count)


def number_notes(notes_by_row: Iterable[Sequence[str]]) -> NumberedNotes:
    """Return each note once, and the numbers of those of each row."""
    rows = list(notes_by_row)
    texts = dict.fromkeys(text for notes in rows for text in notes)
    numbers = {text: number for number, text in enumerate(list(texts)[:MAX_NOTES], 1)}
    return NumberedNotes(
        tuple(numbers),
        tuple(tuple(numbers[text] for text in notes if text in numbers) for notes in rows),
        len(texts) - len(numbers),
    )

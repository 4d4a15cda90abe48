"""The range chart: a row for each part with its number and its bar, and unplaced people last."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from service.web.charts import legend, scale
from service.web.charts.dispute_lines import (
    MAX_DISPUTES,
    STUB_WIDTH,
    Dispute,
    PlacedDispute,
    layout_disputes,
    place_disputes,
)
from service.web.charts.items import RangeBar, find_beyond_note
from service.web.charts.scale import RangePosition
from service.web.charts.svg_document import (
    CONTENT_WIDTH,
    MARGIN,
    DocumentLayout,
    DocumentText,
    TextLine,
    layout_document,
)
from service.web.charts.text_layout import clean_text, wrap_text

ROW_HEIGHT: Final = 26
"""The height of a row with one line of text, in pixels."""

NAME_WIDTH: Final = 250
NUMBER_RIGHT: Final = MARGIN + NAME_WIDTH + 140
BAR_LEFT: Final = NUMBER_RIGHT + 16
BAR_RIGHT: Final = MARGIN + CONTENT_WIDTH - STUB_WIDTH - 12
"""The columns of a file: names, numbers that end at the right of theirs, and bars."""


@dataclass(frozen=True, slots=True)
class Row:
    """The layout of one bar; ``position`` is None if there is nothing to draw.

    A bar of unplaced people ``is_cut`` if it is longer than the scale.
    """

    bar: RangeBar
    label: str
    number: str
    position: RangePosition | None
    is_cut: bool


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row in a file: its lines of text, and the upper edge of its bar."""

    row: Row
    top: int
    texts: tuple[TextLine, ...]
    bottom: int


@dataclass(frozen=True, slots=True)
class RangeChart:
    """The layout of a range chart; ``unplaced_rows`` are those of unplaced people."""

    id_prefix: str
    rows: tuple[Row, ...]
    unplaced_rows: tuple[Row, ...]
    disputes: tuple[Dispute, ...]
    omitted_dispute_count: int
    signs: tuple[str, ...]
    bar_left: int = BAR_LEFT
    bar_width: int = BAR_RIGHT - BAR_LEFT

    @property
    def note(self) -> str:
        """What figures that reach beyond the bars may add to them; empty if there are none."""
        return find_beyond_note(row.bar for row in self.rows)

    @property
    def placed_rows(self) -> tuple[PlacedRow, ...]:
        """The rows of a file from top to bottom, unplaced ones last."""
        return tuple(_place_rows((*self.rows, *self.unplaced_rows)))

    @property
    def placed_disputes(self) -> tuple[PlacedDispute, ...]:
        """The contradictions of a file, below its rows."""
        top = max((each.bottom for each in self.placed_rows), default=ROW_HEIGHT)
        return tuple(place_disputes(self.disputes, top + 8))

    @property
    def height(self) -> int:
        """The height of the drawing in a file, in pixels."""
        bottoms = [each.bottom for each in self.placed_rows]
        return max([ROW_HEIGHT, *bottoms, *(each.bottom for each in self.placed_disputes)])

    def layout_document(self, text: DocumentText) -> DocumentLayout:
        """Return the layout of the file with this chart."""
        return layout_document(text, self.note, self.signs, self.height)


def layout_range_chart(bars: Sequence[RangeBar], id_prefix: str = "range-chart") -> RangeChart:
    """Return the layout of the chart; the bars keep their order.

    The ids of its elements begin with ``id_prefix``, which no other chart of the page may have.
    """
    drawn_bars = [_reduce_unplaced_bar(bar) for bar in bars]
    axis = scale.fit_scale(
        (number for bar in drawn_bars if not bar.is_unplaced for number in bar.shown_range),
        (bar.low for bar in drawn_bars if bar.is_unplaced),
    )
    rows = tuple(_layout_row(bar, axis) for bar in drawn_bars)
    signs = legend.find_used_signs(bars)
    disputes = layout_disputes(drawn_bars)
    return RangeChart(
        id_prefix=id_prefix,
        rows=tuple(row for row in rows if not row.bar.is_unplaced),
        unplaced_rows=tuple(row for row in rows if row.bar.is_unplaced),
        disputes=tuple(disputes[:MAX_DISPUTES]),
        omitted_dispute_count=len(disputes[MAX_DISPUTES:]),
        signs=(*signs, "cut") if any(row.is_cut for row in rows) else signs,
    )


def _reduce_unplaced_bar(bar: RangeBar) -> RangeBar:
    """Return the bar as it is drawn: only the low of unplaced people."""
    if not bar.is_unplaced:
        return bar
    return replace(bar, high=None, is_disputed=False, nearest=None, sides=())


def _layout_row(bar: RangeBar, axis: scale.Axis) -> Row:
    low, high = bar.shown_range
    if bar.is_unplaced or not bar.is_placed:
        high = low
    return Row(
        bar=bar,
        label=clean_text(bar.label),
        number=bar.number,
        position=axis.locate_range(low or 0, high) if bar.is_drawn else None,
        is_cut=bar.is_unplaced and bar.low is not None and bar.low > axis.top,
    )


def _place_rows(rows: Iterable[Row]) -> Iterator[PlacedRow]:
    y = 0
    is_first_unplaced = True
    for row in rows:
        if row.bar.is_unplaced and is_first_unplaced:
            y, is_first_unplaced = y + 8, False
        yield (placed_row := _place_row(row, y))
        y = placed_row.bottom


def _place_row(row: Row, top: int) -> PlacedRow:
    """Return the row at ``top``: as high as its name and what contradicts it."""
    texts: list[TextLine] = []
    y = top
    for words in wrap_text(row.label, 14, NAME_WIDTH):
        texts.append(TextLine(MARGIN, y + 18, 14, "ink", words))
        y += 18
    if row.position is None:
        texts.append(TextLine(BAR_LEFT, top + 18, 13, "quiet", row.number))
    else:
        texts.append(TextLine(NUMBER_RIGHT, top + 18, 14, "ink", row.number, "end"))
    return PlacedRow(row, top, tuple(texts), max(y + 8, top + ROW_HEIGHT))

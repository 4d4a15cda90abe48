"""The range chart: a bar for each part on a common axis, with unplaced people set apart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from service.web.charts import legend, scale
from service.web.charts.items import DisputeSide, RangeBar, find_beyond_note
from service.web.charts.scale import RangePosition, Tick
from service.web.charts.svg_document import (
    BOLD_ROLES,
    CONTENT_WIDTH,
    MARGIN,
    DocumentLayout,
    TextLine,
    layout_document,
)
from service.web.charts.text_layout import clean_text, shorten_text, wrap_text
from service.web.messages import markup

_TEXT_COLUMN_WIDTH: Final = 320
_AXIS_HEIGHT: Final = 40
_SEPARATOR_HEIGHT: Final = 34


@dataclass(frozen=True, slots=True)
class Row:
    """The layout of one bar; ``position`` is None if nothing is reported.

    A bar of unplaced people ``is_cut`` if it is longer than the axis.
    """

    bar: RangeBar
    label: str
    text: str
    position: RangePosition | None
    nearest: RangePosition | None
    beyond: RangePosition | None
    sides: tuple[tuple[DisputeSide, RangePosition], ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row in a file: its lines of text, and the upper edges of the bar and its sides."""

    row: Row
    top: int
    lines: tuple[TextLine, ...]
    side_tops: tuple[int, ...]
    bottom: int


@dataclass(frozen=True, slots=True)
class RangeChart:
    """The layout of a range chart; ``unplaced_rows`` are those of unplaced people."""

    id_prefix: str
    rows: tuple[Row, ...]
    unplaced_rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    caption: str
    signs: tuple[str, ...]

    @property
    def note(self) -> str:
        """What figures that reach beyond the bars may add to them; empty if there are none."""
        return find_beyond_note(row.bar for row in self.rows)

    @property
    def unplaced_note(self) -> str:
        """Where the unplaced people may be; empty if there are none."""
        if not self.unplaced_rows:
            return ""
        may_be_elsewhere = any(row.bar.may_be_elsewhere for row in self.unplaced_rows)
        return clean_text(markup("charts.apart.elsewhere" if may_be_elsewhere else "charts.apart"))

    @property
    def placed_rows(self) -> tuple[PlacedRow, ...]:
        """The rows of a file from top to bottom, unplaced ones last."""
        return tuple(_place_rows(self.rows, self.unplaced_rows))

    @property
    def height(self) -> int:
        """The height of the drawing in a file, in pixels."""
        return max((each.bottom for each in self.placed_rows), default=_AXIS_HEIGHT)

    @property
    def separator_y(self) -> int | None:
        """The position of the line above the unplaced rows; None if there are none."""
        first_unplaced = next((each for each in self.placed_rows if each.row.bar.is_unplaced), None)
        return first_unplaced.top - _SEPARATOR_HEIGHT + 8 if first_unplaced else None

    def layout_document(
        self, title: str, caveats: Sequence[str], citation: str, scope: str
    ) -> DocumentLayout:
        """Return the layout of the file with this chart."""
        notes = [self.note, *caveats] if self.note else caveats
        return layout_document(title, notes, citation, scope, self.signs, self.height)


def layout_range_chart(bars: Sequence[RangeBar], id_prefix: str = "range-chart") -> RangeChart:
    """Return the layout of the chart; the bars keep their order.

    The ids of its elements begin with ``id_prefix``, which no other chart of the page may have.
    """
    drawn_bars = [_reduce_unplaced_bar(bar) for bar in bars]
    axis = scale.fit_axis_to_main(
        (number for bar in drawn_bars for number in _main_numbers_of(bar)),
        (number for bar in drawn_bars for number in _other_numbers_of(bar)),
    )
    rows = tuple(_layout_row(bar, axis) for bar in drawn_bars)
    signs = legend.find_used_signs(bars)
    return RangeChart(
        id_prefix=id_prefix,
        rows=tuple(row for row in rows if not row.bar.is_unplaced),
        unplaced_rows=tuple(row for row in rows if row.bar.is_unplaced),
        ticks=axis.ticks,
        caption=axis.caption,
        signs=(*signs, "cut") if any(row.is_cut for row in rows) else signs,
    )


def _reduce_unplaced_bar(bar: RangeBar) -> RangeBar:
    """Return the bar as it is drawn: only the low of unplaced people."""
    if not bar.is_unplaced:
        return bar
    return replace(bar, high=bar.low, is_disputed=False, nearest=None, sides=())


def _main_numbers_of(bar: RangeBar) -> tuple[int | None, ...]:
    """Return the numbers that the axis must include: those of what is placed."""
    return () if bar.is_unplaced else (bar.low, bar.high, *(bar.nearest or ()))


def _other_numbers_of(bar: RangeBar) -> tuple[int | None, ...]:
    """Return the numbers of unplaced people, and of figures that may be about wider scopes."""
    if bar.is_unplaced:
        return (bar.low,)
    return tuple(number for side in bar.sides for number in (side.low, side.high))


def _layout_row(bar: RangeBar, axis: scale.Axis) -> Row:
    return Row(
        bar=bar,
        label=clean_text(bar.label),
        text=clean_text(bar.text),
        position=None if bar.low is None else axis.locate_range(bar.low, bar.high),
        nearest=axis.locate_range(*bar.nearest) if bar.nearest else None,
        beyond=axis.locate_range(*bar.beyond) if bar.beyond else None,
        sides=tuple((side, axis.locate_range(side.low, side.high)) for side in bar.sides),
        is_cut=bar.is_unplaced and bar.low is not None and bar.low > axis.top,
    )


def _place_rows(rows: Iterable[Row], unplaced_rows: Iterable[Row]) -> Iterator[PlacedRow]:
    y = _AXIS_HEIGHT
    for row in rows:
        yield (placed_row := _place_row(row, y))
        y = placed_row.bottom
    y += _SEPARATOR_HEIGHT
    for row in unplaced_rows:
        yield (placed_row := _place_row(row, y))
        y = placed_row.bottom


def _place_row(row: Row, top: int) -> PlacedRow:
    """Return the row at ``top``: its text beside its bar, as high as the higher of the two."""
    lines: list[TextLine] = []
    y = top
    range_words = f"{row.text} ({row.bar.dispute_text})" if row.bar.dispute_text else row.text
    for words, size, role in ((row.label, 14, "strong"), (range_words, 13, "quiet")):
        for line in wrap_text(words, size, _TEXT_COLUMN_WIDTH - 20, role in BOLD_ROLES):
            y += size * 5 // 4
            lines.append(TextLine(MARGIN, y, size, role, line))
    y = max(y + 8, top + 30)
    sides = []
    for side, _ in row.sides:
        for line in wrap_text(side.scope_text, 12, CONTENT_WIDTH - 16):
            lines.append(TextLine(MARGIN + 16, y + 13, 12, "quiet", line))
            y += 18
        sides.append(y)
        label = shorten_text(side.text, 12, _TEXT_COLUMN_WIDTH - 52)
        lines.append(TextLine(MARGIN + 32, y + 13, 12, "quiet", label))
        y += 20
    if row.bar.omitted_side_count:
        omitted_text = clean_text(markup("charts.sides.more", count=row.bar.omitted_side_count))
        lines.append(TextLine(MARGIN + 16, y + 13, 12, "quiet", omitted_text))
        y += 18
    return PlacedRow(row, top, tuple(lines), tuple(sides), y + 8)

"""The range chart: a row for each part with its number and its bar, and unplaced people last."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from service.domain.wording.bidi import isolate_bidi
from service.web.charts import legend, scale
from service.web.charts.items import RangeBar, find_beyond_note
from service.web.charts.scale import AXIS_LENGTH, RangePosition
from service.web.charts.svg_document import (
    CONTENT_WIDTH,
    MARGIN,
    DocumentLayout,
    DocumentText,
    TextLine,
    layout_document,
)
from service.web.charts.text_layout import clean_text, measure_text, shorten_text, wrap_text
from service.web.messages import markup

ROW_HEIGHT: Final = 26
"""The height of a row with one line of text, in pixels."""

STUB_WIDTH: Final = 28
"""The length of the arrow of a range without an upper bound, in pixels."""

NAME_WIDTH: Final = 250
NUMBER_RIGHT: Final = MARGIN + NAME_WIDTH + 140
BAR_LEFT: Final = NUMBER_RIGHT + 16
BAR_RIGHT: Final = MARGIN + CONTENT_WIDTH - STUB_WIDTH - 12
"""The columns of a file: names, numbers that end at the right of theirs, and bars."""

MAX_DISPUTES: Final = 8
"""The most contradictions below a chart; the table has those of all bars."""

_LABEL_WIDTH: Final = 280
_NARROWEST_STRIP: Final = 416
_LINE_HEIGHTS: Final = {"after": 18, "before": 18, "above": 32}

LabelPlace = Literal["after", "before", "above"]
"""Where the name of a line is: after its end, before its beginning, or above its end."""


@dataclass(frozen=True, slots=True)
class ThinLine:
    """A thin line with its label, of one side, or of the range that holds in any case.

    ``label`` is the text, shortened. ``scope_text`` names the people of the figure; it is empty if
    the line before is about the same.
    """

    text: str
    label: str
    position: RangePosition
    place: LabelPlace
    is_side: bool
    scope_text: str = ""

    @property
    def height(self) -> int:
        """The height of the line with its label, in pixels."""
        return _LINE_HEIGHTS[self.place]


@dataclass(frozen=True, slots=True)
class Dispute:
    """Reports that contradict each other, and the bars that they dispute.

    ``lines`` are the sides on an axis of their own and, last, what holds in any case.
    """

    text: str
    lines: tuple[ThinLine, ...]
    omitted_side_count: int


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
class PlacedDispute:
    """A contradiction in a file: its lines of text, and the upper edges of its thin lines."""

    dispute: Dispute
    texts: tuple[TextLine, ...]
    line_tops: tuple[int, ...]
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
        return tuple(_place_disputes(self.disputes, top + 8))

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
    disputes = _layout_disputes(drawn_bars)
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


def _layout_disputes(bars: Iterable[RangeBar]) -> list[Dispute]:
    """Return each contradiction once, with all bars that it disputes."""
    groups: dict[tuple[object, ...], list[RangeBar]] = {}
    for bar in bars:
        if bar.is_disputed:
            key = (bar.sides, bar.omitted_side_count, bar.contradiction)
            groups.setdefault(key, []).append(bar)
    return [_layout_dispute(group) for group in groups.values()]


def _layout_dispute(bars: Sequence[RangeBar]) -> Dispute:
    first = bars[0]
    merged = [(bar, *bar.merged_range) for bar in bars if bar.merged_text][:MAX_DISPUTES]
    axis = scale.fit_scale(
        (
            *(number for side in first.sides for number in (side.low, side.high)),
            *(number for _, low, high in merged for number in (low, high)),
        )
    )
    lines = [
        _layout_line(side.text, axis.locate_range(side.low, side.high), True, side.scope_text)
        for side in first.sides
    ]
    for bar, low, high in merged:
        name = f"{isolate_bidi(clean_text(bar.label))}: " if len(bars) > 1 else ""
        text = f"{name}{bar.merged_text}"
        lines.append(_layout_line(text, axis.locate_range(low or 0, high), False))
    names = ", ".join(isolate_bidi(clean_text(bar.label)) for bar in bars[:MAX_DISPUTES])
    if len(bars) > MAX_DISPUTES:
        more = markup("charts.dispute.more", names=names, count=len(bars) - MAX_DISPUTES)
        names = clean_text(more)
    text = clean_text(markup("charts.dispute", names=names, differ=first.differ_text))
    return Dispute(text, tuple(lines), first.omitted_side_count)


def _layout_line(
    text: str, position: RangePosition, is_side: bool, scope_text: str = ""
) -> ThinLine:
    """Return the line, with its label at its end if there is room in any chart with labels."""
    label = shorten_text(text, 12, _LABEL_WIDTH)
    label_length = (measure_text(label, 12) + 20) * AXIS_LENGTH / _NARROWEST_STRIP
    stub_length = STUB_WIDTH * AXIS_LENGTH / _NARROWEST_STRIP if position.is_open else 0
    place: LabelPlace = "above"
    if position.high + stub_length + label_length <= AXIS_LENGTH:
        place = "after"
    elif position.low >= label_length:
        place = "before"
    return ThinLine(clean_text(text), label, position, place, is_side, clean_text(scope_text))


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


def _place_disputes(disputes: Iterable[Dispute], top: int) -> Iterator[PlacedDispute]:
    y = top
    for dispute in disputes:
        texts: list[TextLine] = []
        line_tops = []

        def write(words: str, role: str, size: int, y: int, texts: list[TextLine] = texts) -> int:
            for line in wrap_text(words, size, CONTENT_WIDTH):
                texts.append(TextLine(MARGIN, y + size, size, role, line))
                y += size + 5
            return y

        y = write(dispute.text, "ink", 13, y)
        for line in dispute.lines:
            y = write(line.scope_text, "quiet", 12, y + 2)
            line_tops.append(y)
            y += line.height
        if dispute.omitted_side_count:
            more = markup("charts.sides.more", count=dispute.omitted_side_count)
            y = write(clean_text(more), "quiet", 12, y)
        y += 10
        yield PlacedDispute(dispute, tuple(texts), tuple(line_tops), y)

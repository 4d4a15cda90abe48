"""The time chart: a bar for each day, week, month or year along an axis of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from service.web.charts import legend, scale
from service.web.charts.items import PeriodBar, find_beyond_note
from service.web.charts.scale import AXIS_LENGTH, RangePosition, Tick
from service.web.charts.svg_document import DocumentLayout, DocumentText, layout_document
from service.web.charts.text_layout import clean_text
from service.web.charts.time_labels import AxisLabel, ShownOn, layout_axis_labels
from service.web.charts.time_numbers import NumberLabel, layout_number_labels
from service.web.messages import markup

PLOT_HEIGHT: Final = 150
LABEL_HEIGHT: Final = 22
STUB_HEIGHT: Final = 18
DAYS_HEIGHT: Final = 40
"""The heights of the bars, of a number above them, of the arrow of an open range, and of the labels
below, in pixels."""

MAX_LABELLED_BARS: Final = 62
MAX_BARS: Final = 400
"""More bars have no numbers; still more are drawn as an area."""

_MAX_BAR_WIDTH: Final = 1_100
_MAX_BARS_WITH_GAPS: Final = 120


@dataclass(frozen=True, slots=True)
class Column:
    """The layout of one bar: from ``left``, ``width`` wide, with ``gap`` free at both edges.

    ``position`` is None if there is nothing to draw: a gap.
    """

    bar: PeriodBar
    label: str
    text: str
    left: int
    width: int
    gap: int
    position: RangePosition | None

    @property
    def middle(self) -> int:
        """The middle of the column."""
        return self.left + self.width // 2


@dataclass(frozen=True, slots=True)
class TimeChart:
    """The layout of a time chart: its columns by day, their numbers, and the labels of days.

    ``axis_on`` is where the axis of people is needed, since not every bar has its number there;
    None if it is nowhere. ``unplaced_text`` tells of people whom no report dates to one column.
    """

    columns: tuple[Column, ...]
    numbers: tuple[NumberLabel, ...]
    numbers_are_lows: bool
    ticks: tuple[Tick, ...]
    day_labels: tuple[AxisLabel, ...]
    axis_on: ShownOn | None
    caption: str
    signs: tuple[str, ...]
    unplaced_text: str = ""
    id_prefix: str = "time-chart"
    plot_height: int = PLOT_HEIGHT
    stub_height: int = STUB_HEIGHT

    @property
    def top(self) -> int:
        """The space above the longest bar: for its number, and for an arrow."""
        has_open = any(each.position and each.position.is_open for each in self.columns)
        return LABEL_HEIGHT + (STUB_HEIGHT if has_open else 0)

    @property
    def height(self) -> int:
        """The height of the drawing, in pixels."""
        return self.top + self.plot_height + DAYS_HEIGHT

    @property
    def note(self) -> str:
        """What figures that reach beyond the columns may add; empty if there are none."""
        return find_beyond_note(column.bar for column in self.columns)

    @property
    def numbers_note(self) -> str:
        """Which ends of the ranges the numbers are, or what an area does not show; else empty."""
        unseen = [each for each in self.columns if each.position and _is_unseen(each)]
        if self.is_area and unseen:
            return clean_text(markup("charts.area.unseen", count=len(unseen)))
        return clean_text(markup("charts.numbers.low")) if self.numbers_are_lows else ""

    @property
    def is_dense(self) -> bool:
        """Whether columns are too narrow for outlines and arrows."""
        return len(self.columns) > MAX_LABELLED_BARS

    @property
    def is_area(self) -> bool:
        """Whether the columns are so many that an area takes their place."""
        return len(self.columns) > MAX_BARS

    @property
    def low_path(self) -> str:
        """The outline of the area of all lows, in parts of the axes."""
        return "".join(_step(each, each.position.low) for each in self.columns if each.position)

    @property
    def high_path(self) -> str:
        """The outline of the area of all highs, in parts of the axes."""
        return "".join(_step(each, each.position.high) for each in self.columns if each.position)

    def layout_document(self, text: DocumentText) -> DocumentLayout:
        """Return the layout of the file with this chart."""
        rest = self.unplaced_text
        rest = f"{rest[0].upper()}{rest[1:]}." if rest else ""
        note = " ".join(each for each in (rest, self.numbers_note, self.note) if each)
        return layout_document(text, note, self.signs, self.height)


def _find_signs(bars: Sequence[PeriodBar]) -> tuple[str, ...]:
    """Return the signs of the chart: many bars have no marks of zero, and areas few of any kind."""
    left_out: set[str] = set()
    if len(bars) > MAX_LABELLED_BARS:
        left_out = {"zero"}
    if len(bars) > MAX_BARS:
        left_out |= {"open", "loose", "disputed"}
    return tuple(sign for sign in legend.find_used_signs(bars) if sign not in left_out)


def _is_unseen(column: Column) -> bool:
    """Whether an area does not show all of the column."""
    is_open = column.position is not None and column.position.is_open
    return is_open or column.bar.is_disputed


def _step(column: Column, height: int) -> str:
    return f"M{column.left},{AXIS_LENGTH}v{-height}h{column.width}v{height}z" if height else ""


def layout_time_chart(
    bars: Sequence[PeriodBar], unit: str = "day", unplaced_text: str = ""
) -> TimeChart:
    """Return the layout of the chart; the columns are in the order of their first days.

    ``unit`` is what each bar is: a day, week, month or year.
    """
    ordered = sorted(bars, key=lambda bar: (bar.first_day, bar.last_day))
    shown = [number for bar in ordered for number in bar.shown_range if bar.is_drawn]
    has_labels = 0 < len(ordered) <= MAX_LABELLED_BARS
    first_day = min((bar.first_day for bar in ordered), default=date(1, 1, 1))
    day_count = max(((bar.last_day - first_day).days + 1 for bar in ordered), default=1)
    axis = scale.fit_axis(shown, max_steps=4)
    columns = [_layout_column(bar, axis, first_day, day_count, len(ordered)) for bar in ordered]
    numbers = layout_number_labels(columns, PLOT_HEIGHT) if has_labels else None
    if numbers is not None and numbers.is_complete_on == "both":
        # Without ticks the bars need not end at a round number.
        axis = scale.fit_scale(shown)
        columns = [_layout_column(bar, axis, first_day, day_count, len(ordered)) for bar in ordered]
        numbers = layout_number_labels(columns, PLOT_HEIGHT)
    complete_on = numbers.is_complete_on if numbers else None
    return TimeChart(
        columns=tuple(columns),
        numbers=numbers.labels if numbers else (),
        numbers_are_lows=numbers.are_lows if numbers else False,
        ticks=axis.ticks,
        day_labels=layout_axis_labels(columns, unit, first_day, day_count),
        axis_on=_AXIS_ON[complete_on],
        caption=axis.caption,
        signs=_find_signs(ordered),
        unplaced_text=unplaced_text,
    )


_AXIS_ON: Final[dict[ShownOn | None, ShownOn | None]] = {
    "both": None, "wide": "narrow", "narrow": "wide", None: "both",
}  # fmt: skip
"""Where the axis is needed, by where every bar has its number."""


def _layout_column(
    bar: PeriodBar, axis: scale.Axis, first_day: date, day_count: int, column_count: int
) -> Column:
    left = (bar.first_day - first_day).days * AXIS_LENGTH // day_count
    width = max(1, ((bar.last_day - first_day).days + 1) * AXIS_LENGTH // day_count - left)
    gap = max(min(width // 8, 60), (width - _MAX_BAR_WIDTH) // 2)
    low, high = bar.shown_range
    return Column(
        bar=bar,
        label=clean_text(bar.label),
        text=clean_text(bar.text),
        left=left,
        width=width,
        gap=0 if column_count > _MAX_BARS_WITH_GAPS else gap,
        position=(
            axis.locate_range(low or 0, high if bar.is_placed else low) if bar.is_drawn else None
        ),
    )

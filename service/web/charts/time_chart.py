"""The time chart: a range for each day, week, month or year along an axis of days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from service.web.charts import legend, scale
from service.web.charts.items import PeriodBar, find_beyond_note
from service.web.charts.scale import AXIS_LENGTH, RangePosition, Tick
from service.web.charts.svg_document import DocumentLayout, layout_document
from service.web.charts.text_layout import clean_text
from service.web.messages import markup

HEIGHT: Final = 300
"""The height of the drawing, in pixels."""

_MAX_COLUMNS_WITH_GAPS: Final = 120
_MIN_TICK_DISTANCE: Final = 850
_MIN_TICK_DISTANCE_ON_PHONES: Final = 1_750
_MAX_TICK_POSITION: Final = 9_500


@dataclass(frozen=True, slots=True)
class Column:
    """The layout of one bar: from ``left``, ``width`` wide, with ``gap`` free at both edges."""

    bar: PeriodBar
    label: str
    text: str
    left: int
    width: int
    gap: int
    position: RangePosition | None
    nearest: RangePosition | None
    beyond: RangePosition | None

    @property
    def middle(self) -> int:
        """The middle of the column."""
        return self.left + self.width // 2


@dataclass(frozen=True, slots=True)
class DateTick:
    """A tick on the axis of days; narrow charts leave out those that are ``is_minor``.

    ``year`` is written below the label unless it is empty. If it ``repeats_year``, an earlier minor
    tick has the same year, and only narrow charts write it again.
    """

    position: int
    label: str
    year: str
    is_minor: bool
    repeats_year: bool = False


@dataclass(frozen=True, slots=True)
class TimeChart:
    """The layout of a time chart: its columns by day, and the ticks of both axes."""

    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    date_ticks: tuple[DateTick, ...]
    caption: str
    signs: tuple[str, ...]
    height: int = HEIGHT
    id_prefix: str = "time-chart"

    @property
    def note(self) -> str:
        """What figures that reach beyond the columns may add; empty if there are none."""
        return find_beyond_note(column.bar for column in self.columns)

    @property
    def arrow_half_width(self) -> int:
        """Half the width of an arrow head in pixels; narrow columns have smaller ones."""
        half_widths = ((16, 5), (31, 4), (60, 3))
        return next(
            (half_width for count, half_width in half_widths if len(self.columns) <= count), 2
        )

    @property
    def is_dense(self) -> bool:
        """Whether columns are too narrow for outlines and arrow shafts."""
        return len(self.columns) > 60

    def layout_document(
        self, title: str, caveats: Sequence[str], citation: str, scope: str
    ) -> DocumentLayout:
        """Return the layout of the file with this chart."""
        notes = [self.note, *caveats] if self.note else caveats
        return layout_document(title, notes, citation, scope, self.signs, self.height)


def layout_time_chart(bars: Sequence[PeriodBar]) -> TimeChart:
    """Return the layout of the chart; the columns are in the order of their first days."""
    ordered = sorted(bars, key=lambda bar: (bar.first_day, bar.last_day))
    numbers = (number for bar in ordered for number in _numbers_of(bar))
    axis = scale.fit_axis(numbers, max_steps=4)
    first_day = min((bar.first_day for bar in ordered), default=date(1, 1, 1))
    day_count = max(((bar.last_day - first_day).days + 1 for bar in ordered), default=1)
    return TimeChart(
        columns=tuple(
            _layout_column(bar, axis, first_day, day_count, len(ordered)) for bar in ordered
        ),
        ticks=axis.ticks,
        date_ticks=_layout_date_ticks(first_day, day_count) if ordered else (),
        caption=axis.caption,
        signs=legend.find_used_signs(ordered),
    )


def _numbers_of(bar: PeriodBar) -> tuple[int | None, ...]:
    return (bar.low, bar.high, *(bar.nearest or ()))


def _layout_column(
    bar: PeriodBar, axis: scale.Axis, first_day: date, day_count: int, column_count: int
) -> Column:
    left = (bar.first_day - first_day).days * AXIS_LENGTH // day_count
    width = max(1, ((bar.last_day - first_day).days + 1) * AXIS_LENGTH // day_count - left)
    return Column(
        bar=bar,
        label=clean_text(bar.label),
        text=clean_text(bar.text),
        left=left,
        width=width,
        gap=0 if column_count > _MAX_COLUMNS_WITH_GAPS else min(width // 8, 60),
        position=None if bar.low is None else axis.locate_range(bar.low, bar.high),
        nearest=axis.locate_range(*bar.nearest) if bar.nearest else None,
        beyond=axis.locate_range(*bar.beyond) if bar.beyond else None,
    )


def _layout_date_ticks(first_day: date, day_count: int) -> tuple[DateTick, ...]:
    """Return ticks at the finest step that leaves room for their labels."""
    last_day = first_day + timedelta(days=day_count - 1)
    for step in _iterate_tick_steps():
        dates = [
            (each, _is_major(each, step)) for each in _iterate_tick_dates(first_day, last_day, step)
        ]
        if len(dates) <= 11 and sum(major for _, major in dates) <= 6:
            break
    return tuple(_space_ticks(first_day, day_count, step[0], dates))


TickStep = tuple[str, int, int]
"""A unit (``d``, ``w``, ``m`` or ``y``), and the intervals of ticks and major ticks in it."""


def _iterate_tick_steps() -> Iterator[TickStep]:
    yield from (("d", 1, 2), ("d", 2, 4), ("w", 1, 2), ("w", 2, 4), ("m", 1, 2), ("m", 1, 3))
    yield from (("m", 3, 6), ("m", 6, 12))
    power = 1
    while True:
        yield from (("y", power, 2 * power), ("y", 2 * power, 4 * power))
        yield ("y", 5 * power, 10 * power)
        power *= 10


def _count_units_before(day: date, unit: str) -> int:
    """Return how many whole units precede the day."""
    if unit == "d":
        return day.toordinal()
    if unit == "w":
        return (day.toordinal() - 1) // 7
    return day.year * 12 + day.month - 1 if unit == "m" else day.year


def _is_major(day: date, step: TickStep) -> bool:
    return _count_units_before(day, step[0]) % step[2] == 0


def _iterate_tick_dates(first_day: date, last_day: date, step: TickStep) -> Iterator[date]:
    """Yield the first days of the steps from the first day to the last, at most 13."""
    unit, interval, _ = step
    number = -(-_count_units_before(first_day, unit) // interval) * interval
    for _ in range(13):
        day = _find_first_day(number, unit)
        if day is None or day > last_day:
            return
        if day >= first_day:
            yield day
        number += interval


def _find_first_day(number: int, unit: str) -> date | None:
    """Return the first day of the unit; None outside the years 1 to 9999."""
    try:
        if unit == "d":
            return date.fromordinal(number)
        if unit == "w":
            return date.fromordinal(number * 7 + 1)
        return date(number // 12, number % 12 + 1, 1) if unit == "m" else date(number, 1, 1)
    except (ValueError, OverflowError):
        return None


def _space_ticks(
    first_day: date, day_count: int, unit: str, dates: Sequence[tuple[date, bool]]
) -> Iterator[DateTick]:
    """Yield the ticks without those whose labels would overlap."""
    last, last_major = -AXIS_LENGTH, -AXIS_LENGTH
    year, year_major = 0, 0
    for day, major in dates:
        position = (day - first_day).days * AXIS_LENGTH // day_count
        major = (
            major
            and position - last_major >= _MIN_TICK_DISTANCE_ON_PHONES
            and position <= AXIS_LENGTH - _MIN_TICK_DISTANCE_ON_PHONES
        )
        if position - last < _MIN_TICK_DISTANCE or position > _MAX_TICK_POSITION:
            continue
        shows_year = unit != "y" and (day.year != year or (major and day.year != year_major))
        year_label = f"{day.year:04}" if shows_year else ""
        tick = DateTick(position, _format_day(day, unit), year_label, not major, day.year == year)
        last, year = position, day.year
        if major:
            last_major, year_major = position, day.year
        yield tick


def _format_day(day: date, unit: str) -> str:
    if unit == "y":
        return f"{day.year}"
    month = markup(f"charts.month.{day.month}")
    return clean_text(month if unit == "m" else markup("charts.day", day=day.day, month=month))

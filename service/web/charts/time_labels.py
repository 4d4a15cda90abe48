"""The labels of the days below the bars of a time chart, where they have room.

A chart is drawn once for wide and narrow screens. A label that has room on one of them alone is
shown there alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

from service.web.charts.scale import AXIS_LENGTH
from service.web.charts.text_layout import clean_text, measure_text
from service.web.messages import markup

if TYPE_CHECKING:
    from service.web.charts.time_chart import Column

ShownOn = Literal["wide", "narrow", "both"]

PLOT_WIDTHS: Final[dict[ShownOn, int]] = {"wide": 584, "narrow": 224}
"""The least width of the plot on each kind of screen, in pixels."""

FONT_SIZE: Final = 12
_SPACE: Final = 6


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A label below the bars, in the first line or, with ``line`` 1, in the second.

    ``anchor`` is SVG's text-anchor.
    """

    position: int
    line: int
    text: str
    anchor: str
    shown_on: ShownOn


TickStep = tuple[str, int]
"""A unit (``d``, ``w``, ``m`` or ``y``), and the interval of labels in it."""

_FINEST: Final = {"day": 0, "week": 2, "month": 4, "year": 8}
_STEPS: Final[tuple[TickStep, ...]] = (
    ("d", 1), ("d", 2), ("w", 1), ("w", 2), ("m", 1), ("m", 2), ("m", 3), ("m", 6),
)  # fmt: skip
_MAX_LABELS: Final = 70


def layout_axis_labels(
    columns: Sequence["Column"], unit: str, first_day: date, day_count: int
) -> tuple[AxisLabel, ...]:
    """Return the labels of days at the finest step at which they have room, for each width."""
    if not columns:
        return ()
    wide, narrow = (
        _choose_labels(columns, unit, first_day, day_count, width) for width in ("wide", "narrow")
    )
    bare = {replace(each, shown_on="both") for each in wide} & {
        replace(each, shown_on="both") for each in narrow
    }
    labels = [
        replace(each, shown_on="both")
        if replace(each, shown_on="both") in bare
        else each
        for each in (*wide, *narrow)
    ]  # fmt: skip
    return tuple(dict.fromkeys(labels))


def _choose_labels(
    columns: Sequence["Column"], unit: str, first_day: date, day_count: int, shown_on: ShownOn
) -> list[AxisLabel]:
    pixels = PLOT_WIDTHS[shown_on] / AXIS_LENGTH
    labels: list[tuple[date, AxisLabel]] = []
    for step in _iterate_steps(unit):
        labels = list(_list_labels(columns, unit, step, first_day, day_count, shown_on))
        if len(labels) < _MAX_LABELS and _have_room([label for _, label in labels], pixels):
            break
    second = _list_second_line(labels, step[0], pixels)
    return [*(label for _, label in labels), *_drop_overlapping(second, pixels)]


def _iterate_steps(unit: str) -> Iterator[TickStep]:
    yield from _STEPS[_FINEST.get(unit, 0) :]
    power = 1
    while True:
        yield from (("y", power), ("y", 2 * power), ("y", 5 * power))
        power *= 10


def _list_labels(
    columns: Sequence["Column"],
    unit: str,
    step: TickStep,
    first_day: date,
    day_count: int,
    shown_on: ShownOn,
) -> Iterator[tuple[date, AxisLabel]]:
    """Yield labels with their days: below the middle of columns, or from where a month begins."""
    tick_unit, interval = step
    if unit.startswith(tick_unit):
        for column in columns:
            day = column.bar.first_day
            if _count_units_before(day, tick_unit) % interval == 0:
                text = _format_day(day, tick_unit)
                yield day, AxisLabel(column.middle, 0, text, "middle", shown_on)
        return
    last_day = first_day + timedelta(days=day_count - 1)
    for day in _iterate_days(first_day, last_day, step):
        position = (day - first_day).days * AXIS_LENGTH // day_count
        yield day, AxisLabel(position, 0, _format_day(day, tick_unit), "start", shown_on)


def _have_room(labels: Sequence[AxisLabel], pixels: float) -> bool:
    return len(_drop_overlapping(labels, pixels)) == len(labels)


def _drop_overlapping(labels: Sequence[AxisLabel], pixels: float) -> list[AxisLabel]:
    """Return the labels without those that overlap an earlier one or the right edge."""
    kept: list[AxisLabel] = []
    end = float("-inf")
    for label in labels:
        width = measure_text(label.text, FONT_SIZE)
        left = label.position * pixels - (width / 2 if label.anchor == "middle" else 0)
        if left >= end and left + width <= AXIS_LENGTH * pixels + 2 * _SPACE:
            kept.append(label)
            end = left + width + _SPACE
    return kept


def _list_second_line(
    labels: Sequence[tuple[date, AxisLabel]], unit: str, pixels: float
) -> list[AxisLabel]:
    """Return the second line: below days their month, below weeks and months their year."""
    second = []
    previous: date | None = None
    for day, label in labels:
        is_new_year = previous is None or day.year != previous.year
        is_new = is_new_year or (unit == "d" and day.month != (previous and previous.month))
        text = f"{day.year}" if is_new_year else ""
        if unit == "d":
            text = f"{_format_day(day, 'm')} {text}".strip()
        if unit != "y" and is_new:
            second.append(_keep_inside(replace(label, line=1, text=text), pixels))
        previous = day
    return second


def _keep_inside(label: AxisLabel, pixels: float) -> AxisLabel:
    """Return the label, from the left edge on if it would begin before it."""
    half = measure_text(label.text, FONT_SIZE) / 2
    if label.anchor == "middle" and label.position * pixels < half:
        return replace(label, position=0, anchor="start")
    return label


def _count_units_before(day: date, unit: str) -> int:
    """Return how many whole units precede the day."""
    if unit == "d":
        return day.toordinal()
    if unit == "w":
        return (day.toordinal() - 1) // 7
    return day.year * 12 + day.month - 1 if unit == "m" else day.year


def _iterate_days(first_day: date, last_day: date, step: TickStep) -> Iterator[date]:
    """Yield the first days of the steps from the first day to the last."""
    unit, interval = step
    number = -(-_count_units_before(first_day, unit) // interval) * interval
    for _ in range(_MAX_LABELS + 2):
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


def _format_day(day: date, unit: str) -> str:
    if unit == "y":
        return f"{day.year}"
    if unit == "d":
        return f"{day.day}"
    month = markup(f"charts.month.{day.month}")
    return clean_text(month if unit == "m" else markup("charts.day", day=day.day, month=month))

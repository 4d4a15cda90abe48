"""The numbers above the bars of a time chart, where they have room."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from service.domain.wording.range_text import compact_range_text
from service.web.charts.scale import AXIS_LENGTH
from service.web.charts.text_layout import measure_text
from service.web.charts.time_labels import FONT_SIZE, PLOT_WIDTHS, ShownOn

if TYPE_CHECKING:
    from service.web.charts.time_chart import Column

_LINE_HEIGHT: Final = 15


@dataclass(frozen=True, slots=True)
class NumberLabel:
    """The number above a bar: its middle and its height in parts of the axes."""

    position: int
    height: int
    is_open: bool
    text: str
    shown_on: ShownOn


@dataclass(frozen=True, slots=True)
class NumberLabels:
    """The numbers of a chart; ``are_lows`` if they are the least where a range has two ends.

    ``is_complete_on`` is where every bar has its number; None if that is nowhere.
    """

    labels: tuple[NumberLabel, ...]
    are_lows: bool
    is_complete_on: ShownOn | None


def layout_number_labels(columns: Sequence["Column"], plot_height: int) -> NumberLabels:
    """Return the numbers that have room: whole ranges if all of them have, or else the lows."""
    drawn = [each for each in columns if each.position is not None]
    texts = {each.left: _write_range(each) for each in drawn}
    wide = _find_labelled(drawn, texts, plot_height, "wide")
    are_lows = len(wide) < len(drawn)
    if are_lows:
        texts = {each.left: _write_low(each) for each in drawn}
        wide = _find_labelled(drawn, texts, plot_height, "wide")
        are_lows = any(_write_range(each) != texts[each.left] for each in drawn)
    narrow = _find_labelled(drawn, texts, plot_height, "narrow")
    complete: ShownOn | None = None
    if len(wide) == len(drawn):
        complete = "both" if len(narrow) == len(drawn) else "wide"
    labels = [
        NumberLabel(each.middle, each.position.high, each.position.is_open, texts[each.left], on)
        for each in drawn
        if each.position is not None and (on := _join(each.left in wide, each.left in narrow))
    ]
    return NumberLabels(tuple(labels), are_lows, complete)


def _join(is_wide: bool, is_narrow: bool) -> ShownOn | None:
    if is_wide and is_narrow:
        return "both"
    return "wide" if is_wide else "narrow" if is_narrow else None


def _write_range(column: "Column") -> str:
    return column.bar.number


def _write_low(column: "Column") -> str:
    low, high = column.bar.shown_range
    is_open = high is None or not column.bar.is_placed
    return compact_range_text(low or 0, None if is_open else low)


def _find_labelled(
    columns: Sequence["Column"], texts: dict[int, str], plot_height: int, shown_on: ShownOn
) -> set[int]:
    """Return the left edges of the columns whose numbers have room, the highest bars first.

    A number is in front of no bar and no other number.
    """
    pixels = PLOT_WIDTHS[shown_on] / AXIS_LENGTH
    boxes: list[tuple[float, float, float]] = []
    labelled = set()
    for column in sorted(columns, key=lambda each: (-_top_of(each), each.left)):
        half = (measure_text(texts[column.left], FONT_SIZE) * 0.9 + 2) / 2
        middle, bottom = column.middle * pixels, _top_of(column) * plot_height / AXIS_LENGTH
        left, right = middle - half, middle + half
        is_hidden = any(
            each.left * pixels < right
            and left < (each.left + each.width) * pixels
            and _top_of(each) > _top_of(column)
            for each in columns
        ) or any(
            other_left < right and left < other_right and abs(other_bottom - bottom) < _LINE_HEIGHT
            for other_left, other_right, other_bottom in boxes
        )
        if not is_hidden:
            boxes.append((left, right, bottom))
            labelled.add(column.left)
    return labelled


def _top_of(column: "Column") -> int:
    return column.position.high if column.position else 0

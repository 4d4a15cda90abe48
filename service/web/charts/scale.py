"""The axis of people: it begins at zero and has ticks at round numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from service.web.messages import markup

AXIS_LENGTH: Final = 10_000
"""The length of an axis in units; a unit is a hundredth of a percent of the drawing."""

_MIN_POSITION: Final = 40
_UNITS: Final = (1_000_000_000, 1_000_000, 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick of the axis: its position, value and label."""

    position: int
    value: int
    label: str


@dataclass(frozen=True, slots=True)
class RangePosition:
    """The positions of the ends of a range on the axis.

    A range without an upper bound, or that ends beyond the axis, ``is_open``: an arrow of a fixed
    length begins at its ``high``, which is that of its low, or the end of the axis.
    """

    low: int
    high: int
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from zero to ``top`` people with a tick every ``step`` people."""

    top: int
    step: int

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The ticks from zero on; their labels count multiples of ``unit``."""
        values = range(0, self.top + 1, self.step)
        return tuple(Tick(self.locate(value), value, self._format_value(value)) for value in values)

    @property
    def unit(self) -> int:
        """The number of people that the label 1 means: large numbers are labelled in millions."""
        return next(unit for unit in _UNITS if self.top >= unit)

    @property
    def caption(self) -> str:
        """The unit of the labels, in words."""
        return str(markup(f"charts.unit.{self.unit}"))

    def locate(self, people: int) -> int:
        """Return the position of the number. The position of one person is visibly not zero."""
        return max(_MIN_POSITION, people * AXIS_LENGTH // self.top) if people else 0

    def locate_range(self, low: int, high: int | None) -> RangePosition:
        """Return the positions of the range; ``high`` None means that no upper bound is known."""
        low_position = min(self.locate(low), AXIS_LENGTH)
        if high is None:
            return RangePosition(low_position, low_position, is_open=True)
        if high > self.top:
            return RangePosition(low_position, AXIS_LENGTH, is_open=True)
        return RangePosition(low_position, self.locate(high))

    def _format_value(self, value: int) -> str:
        return f"{value // self.unit:,}" if value % self.unit == 0 else f"{value / self.unit:,.1f}"


def fit_scale(main: Iterable[int | None], others: Iterable[int | None] = ()) -> Axis:
    """Return an axis without ticks that ends at the greatest of the main numbers.

    Without them it ends at the greatest of the others: these are cut at its end, since one large
    number must not make all the rest invisible.
    """
    greatest = max((number for number in main if number), default=0)
    greatest = greatest or max((number for number in others if number), default=1)
    return Axis(top=greatest, step=greatest)


def fit_axis(numbers: Iterable[int | None], max_steps: int = 5) -> Axis:
    """Return an axis that includes all numbers, with at most ``max_steps`` steps.

    None among the numbers is ignored.
    """
    greatest = max((number for number in numbers if number is not None), default=1) or 1
    step = next(step for step in _iterate_round_steps() if step * max_steps >= greatest)
    return Axis(top=-(-greatest // step) * step, step=step)


def _iterate_round_steps() -> Iterable[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10

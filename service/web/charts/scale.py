"""Where a number of people stands on an axis that begins at zero and has round marks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from service.web.messages import markup

AXIS_LENGTH: Final = 10_000
"""The length of an axis, in whole parts; a picture may have any size."""

_TOP_POSITION: Final = 9_200
_MIN_POSITION: Final = 40
_UNITS: Final = (1_000_000_000, 1_000_000, 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark of the axis: where it stands, and the number written there."""

    position: int
    value: int
    label: str


@dataclass(frozen=True, slots=True)
class RangePosition:
    """Where a range lies: solid to ``low``, light to ``high``, and fading out if it ``is_open``.

    An open range reaches the very end of the axis, past its last mark.
    """

    low: int
    high: int
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from nobody to ``top`` people, a mark at every ``step``."""

    top: int
    step: int

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The marks, from zero on; their numbers count ``unit`` people each."""
        values = range(0, self.top + 1, self.step)
        return tuple(Tick(self.locate(value), value, self._format_value(value)) for value in values)

    @property
    def unit(self) -> int:
        """How many people a 1 at a mark stands for: large numbers are written in millions."""
        return next(unit for unit in _UNITS if self.top >= unit)

    @property
    def caption(self) -> str:
        """What the numbers count, in words."""
        return str(markup(f"charts.unit.{self.unit}"))

    def locate(self, people: int) -> int:
        """Return where the number stands; even one person stands visibly apart from zero."""
        return max(_MIN_POSITION, people * _TOP_POSITION // self.top) if people else 0

    def locate_range(self, low: int, high: int | None) -> RangePosition:
        """Return where the range lies; ``high`` None means open above."""
        if high is None:
            return RangePosition(self.locate(low), AXIS_LENGTH, is_open=True)
        return RangePosition(self.locate(low), self.locate(high))

    def _format_value(self, value: int) -> str:
        return f"{value // self.unit:,}" if value % self.unit == 0 else f"{value / self.unit:,.1f}"


def fit_axis(numbers: Iterable[int | None], max_steps: int = 5) -> Axis:
    """Return the axis that holds all the numbers; a None among them is no number.

    ``max_steps`` is the most steps it has.
    """
    greatest = max((number for number in numbers if number is not None), default=1) or 1
    step = next(step for step in _iterate_round_steps() if step * max_steps >= greatest)
    return Axis(top=-(-greatest // step) * step, step=step)


def _iterate_round_steps() -> Iterable[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10

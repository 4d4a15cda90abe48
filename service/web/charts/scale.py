"""Where a number of people stands on an axis that begins at zero and has round marks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from service.web.messages import text

FRAME: Final = 10_000
"""The length of an axis, in whole parts; a picture may have any size."""

_SPAN: Final = 9_200
_LEAST: Final = 40
_UNITS: Final = (1_000_000_000, 1_000_000, 1)


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark of the axis: where it stands, and the number written there."""

    at: int
    value: int
    label: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a range lies: solid to ``low``, light to ``high``, and fading out if it is ``open``.

    An open range reaches the very end of the axis, past its last mark.
    """

    low: int
    high: int
    open: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from nobody to ``top`` people, a mark at every ``step``."""

    top: int
    step: int

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The marks, from zero on; their numbers count ``unit`` people each."""
        values = range(0, self.top + 1, self.step)
        return tuple(Tick(self.at(value), value, self._label(value)) for value in values)

    @property
    def unit(self) -> int:
        """How many people a 1 at a mark stands for: large numbers are written in millions."""
        return next(unit for unit in _UNITS if self.top >= unit)

    @property
    def caption(self) -> str:
        """What the numbers count, in words."""
        return str(text(f"charts.unit.{self.unit}"))

    def at(self, people: int) -> int:
        """Return where the number stands; even one person stands visibly apart from zero."""
        return max(_LEAST, people * _SPAN // self.top) if people else 0

    def stretch(self, low: int, high: int | None) -> Stretch:
        """Return where the range lies; ``high`` None means open above."""
        if high is None:
            return Stretch(self.at(low), FRAME, open=True)
        return Stretch(self.at(low), self.at(high))

    def _label(self, value: int) -> str:
        return f"{value // self.unit:,}" if value % self.unit == 0 else f"{value / self.unit:,.1f}"


def fitting(numbers: Iterable[int | None], marks: int = 5) -> Scale:
    """Return the axis that holds all the numbers; a None among them is no number.

    ``marks`` is the most steps it has.
    """
    most = max((number for number in numbers if number is not None), default=1) or 1
    step = next(step for step in _round_steps() if step * marks >= most)
    return Scale(top=-(-most // step) * step, step=step)


def _round_steps() -> Iterable[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10

"""What is known of the number of people in one asked scope, and the proof of it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from service.domain.figure import Figure

End = Literal["low", "high"]
"""The floor or the ceiling of a figure."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a proof: an end of a figure, and how many times it is taken.

    ``times`` is below zero where the end is taken off.
    """

    figure: Figure
    end: End
    times: Fraction

    @property
    def people(self) -> int:
        """The end's own number of people; a ceiling in a proof is always a known one."""
        quantity = self.figure.quantity
        return quantity.high or 0 if self.end == "high" else quantity.low


@dataclass(frozen=True, slots=True)
class Total:
    """The least and the most people in the asked scope, as the counted figures have it.

    ``figures`` are the counted ones that may speak of people asked for, as they were given; where
    there are none nothing is reported, and ``low`` and ``high`` are both None. Otherwise ``high``
    None means that no ceiling is known. ``nearest`` is None unless the total is disputed (or time
    ran out). ``because_low`` adds up to the low, rounded up (to a part of it where whole people
    need more than adding up), and ``because_high`` to the high, rounded down.
    """

    figures: tuple[Figure, ...] = ()
    low: int | None = None
    high: int | None = None
    exact: bool = True
    floors_set_aside: tuple[Figure, ...] = ()
    ceilings_set_aside: tuple[Figure, ...] = ()
    nearest: tuple[int, int | None] | None = None
    because_low: tuple[Step, ...] = ()
    because_high: tuple[Step, ...] = ()

    @property
    def reported(self) -> bool:
        """Whether any counted figure speaks of the asked scope."""
        return bool(self.figures)

    @property
    def disputed(self) -> bool:
        """Whether a figure that speaks of the asked scope contradicts others."""
        return bool(self.floors_set_aside or self.ceilings_set_aside)

    def leaning(self) -> tuple[Figure, ...]:
        """Return the figures with a soft end that a bound leans on, each once."""
        steps = (*self.because_low, *self.because_high)
        soft = [step.figure for step in steps if step.end in step.figure.quantity.soft]
        return tuple(dict.fromkeys(soft))

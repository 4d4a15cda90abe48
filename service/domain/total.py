"""What is known of the number of people in one asked scope, and the proof of it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from service.domain.figure import Figure

End = Literal["low", "high"]
"""The floor or the ceiling of a figure."""


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a proof: an end of a figure, and how many times it is taken.

    ``multiplier`` is below zero where the end is taken off.
    """

    figure: Figure
    end: End
    multiplier: Fraction

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
    ran out). ``low_terms`` adds up to the low, rounded up (to a part of it where whole people
    need more than adding up), and ``high_terms`` to the high, rounded down.
    """

    figures: tuple[Figure, ...] = ()
    low: int | None = None
    high: int | None = None
    exact: bool = True
    is_disputed: bool = False
    lows_set_aside: tuple[Figure, ...] = ()
    highs_set_aside: tuple[Figure, ...] = ()
    nearest: tuple[int, int | None] | None = None
    contradiction: int | None = None
    low_terms: tuple[Term, ...] = ()
    high_terms: tuple[Term, ...] = ()

    @property
    def is_reported(self) -> bool:
        """Whether any counted figure speaks of the asked scope."""
        return bool(self.figures)

    def soft_figures(self) -> tuple[Figure, ...]:
        """Return the figures with a soft end that a bound leans on, each once."""
        terms = (*self.low_terms, *self.high_terms)
        soft = [term.figure for term in terms if term.end in term.figure.quantity.soft]
        return tuple(dict.fromkeys(soft))

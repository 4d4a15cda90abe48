"""Totals: the range of people in one scope, with its certificate."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from service.domain.figure import Figure

End = Literal["low", "high"]
"""An end of a figure's range."""

ENDS: Final[tuple[End, End]] = ("low", "high")
"""Both ends of a range."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a certificate: an end of a figure and its multiplier.

    The multiplier is negative if the end is subtracted.
    """

    figure: Figure
    end: End
    multiplier: Fraction

    @property
    def people(self) -> int:
        """The number of people at this end of the figure; a high in a certificate is never None."""
        quantity = self.figure.quantity
        return quantity.high or 0 if self.end == "high" else quantity.low


@dataclass(frozen=True, slots=True)
class RoundedSum:
    """Terms of a certificate whose sum is rounded to whole people before more is added.

    A low is rounded up and a high down, but the bound of fractions of people is rounded outward,
    if no whole numbers meet all figures or time ran out. ``needs_search`` is True if rounding the
    sum does not give ``people``: then a search over whole numbers proved the rest.
    """

    terms: Sequence[Term]
    terms_sum: Fraction
    people: int
    needs_search: bool


@dataclass(frozen=True, slots=True)
class Total:
    """The fewest and the most people in a scope in any world that meets all counted figures.

    ``figures`` are the counted figures that overlap the scope, in the order of recording. Without
    any, nothing is reported, and ``low`` and ``high`` are None. Otherwise ``high`` None means that
    no upper bound is known. ``nearest`` is None unless the total is disputed, or if time ran out.
    ``contradiction`` is by how many people the reports that dispute the total must be wrong at
    least: the least sum of shortfall and excess. It is None like ``nearest``.
    ``opening`` are the figures that leave the total without a high: they count people inside the
    scope whom no high counts.
    ``low_terms`` add up to ``low`` and ``high_terms`` to ``high``, the largest contributions first,
    once each of ``low_roundings`` and ``high_roundings`` replaces the sum of its terms by whole
    people.
    ``is_relaxed`` says of a total that is not exact that this is because of the size of the record,
    and not because time ran out.
    """

    figures: Sequence[Figure] = ()
    low: int | None = None
    high: int | None = None
    exact: bool = True
    is_disputed: bool = False
    lows_set_aside: tuple[Figure, ...] = ()
    highs_set_aside: tuple[Figure, ...] = ()
    nearest: tuple[int, int | None] | None = None
    contradiction: int | None = None
    opening: Sequence[Figure] = ()
    low_terms: Sequence[Term] = ()
    high_terms: Sequence[Term] = ()
    low_roundings: tuple[RoundedSum, ...] = ()
    high_roundings: tuple[RoundedSum, ...] = ()
    is_relaxed: bool = False

    @property
    def is_final(self) -> bool:
        """Whether the same computation with more time would give the same total."""
        return self.exact or self.is_relaxed

    @property
    def is_reported(self) -> bool:
        """Whether any counted figure overlaps the scope."""
        return bool(self.figures)

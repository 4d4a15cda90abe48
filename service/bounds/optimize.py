"""The least and the most of one program under given floors and ceilings, each with its proof."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

import numpy as np

from service.bounds.certificate import Terms, added, exact_prices, negated
from service.bounds.laminar import Nest, Proven, Range
from service.bounds.linear_program import Flags, Program
from service.bounds.presolve import Ends, Numbers, Piece, pieces
from service.bounds.solver import (
    NOISE,
    Deadline,
    Model,
    Solution,
    Unsolved,
)
from service.bounds.sparse_matrix import Whole, stacked
from service.domain.total import End

LARGEST_SEARCH = 800
"""How many columns a search for whole numbers may have: its time cannot be held to a limit."""

OVERRUN = 4
"""A search is only begun while so many times as long is left as the real-valued optimum took: it
looks at the clock no sooner."""

TOLERANCE = 1e-4
"""How far from a whole number the solver's columns may be to be tried as one."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a total: None where it is open.

    ``exact`` is False where a limit was hit or where only fractions of people meet all figures;
    the value then may be a fraction and is to be rounded outward.
    """

    value: Fraction | None
    exact: bool = True
    terms: Terms = field(default_factory=dict)


class Wanted:
    """The columns of a program that a question counts, and the pieces that bear on it."""

    def __init__(self, program: Program, surely: Flags, maybe: Flags) -> None:
        """``surely`` are those that hold only people asked for, ``maybe`` those that hold some."""
        self.program, self.surely, self.maybe = program, surely, maybe
        self._for_least: dict[Ends, list[Piece]] = {}
        self._for_most: dict[Ends, list[Piece] | None] = {}
        self._whole: dict[tuple[Ends, bytes], Range | None] = {}

    def for_least(self, ends: Ends) -> list[Piece]:
        """Return the pieces that bear on the fewest people asked for.

        A floor that can be met by people who are not asked for and whom no ceiling counts cannot
        raise it, and drops out before anything is solved.
        """
        if ends not in self._for_least:
            elsewhere = np.logical_not(self.surely[self.program.atom_column], dtype=np.bool_)
            nobody = np.zeros(len(self.surely), dtype=bool)
            self._for_least[ends] = pieces(self.program, ends, elsewhere, nobody, self.surely)
        return self._for_least[ends]

    def for_most(self, ends: Ends) -> list[Piece] | None:
        """Return the pieces that bear on the most people asked for; None if it is open."""
        if ends not in self._for_most:
            self._for_most[ends] = self._most_pieces(ends)
        return self._for_most[ends]

    def _most_pieces(self, ends: Ends) -> list[Piece] | None:
        asked = self.maybe[self.program.atom_column]
        if (asked & ~self.program.atoms.columns_in(ends.capped)).any():
            return None
        others = np.logical_not(asked, dtype=np.bool_)
        return pieces(self.program, ends, others, self.maybe, self.maybe)

    def _nested(self, ends: Ends, wanted: Flags) -> Range | None:
        """Return what all rows allow of the columns, once for both ends where they ask the same."""
        key = ends, wanted.tobytes()
        if key not in self._whole:
            self._whole[key] = nested_whole(self.program, ends, wanted)
        return self._whole[key]

    def least(self, ends: Ends, by: Deadline) -> "Estimate":
        """Return the fewest people asked for in any world that meets the ends."""
        whole = self._nested(ends, self.surely)
        if whole is not None:
            return Estimate([_Known(_bound(whole.least_in))])
        found = self.for_least(ends)
        return Estimate([_sought(each, self.program, ends, self.surely, 1, by) for each in found])

    def most(self, ends: Ends, by: Deadline) -> "Estimate":
        """Return the most people asked for in any world that meets the ends, None if it is open."""
        whole = self._nested(ends, self.maybe)
        if whole is not None:
            return Estimate([_Known(_bound(whole.most_in))])
        found = self.for_most(ends)
        if found is None:
            return Estimate([_Known(Bound(None))])
        return Estimate([_sought(each, self.program, ends, self.maybe, -1, by) for each in found])


class Estimate:
    """One end of a total as real numbers tell it, the sum over pieces that do not bind each other.

    The search for whole people can take long, and is put off until it is asked for.
    """

    def __init__(self, found: Sequence["_Known | _Part"]) -> None:
        self._found = found

    def searched(self, by: Deadline) -> Bound:
        """Return the end in whole people, or as real numbers tell it where no time is left."""
        bounds = [each.searched(by) for each in self._found]
        exact = all(bound.exact for bound in bounds)
        values = [bound.value for bound in bounds if bound.value is not None]
        if len(values) < len(bounds):
            return Bound(None, exact)
        return Bound(sum(values, Fraction(0)), exact, added([bound.terms for bound in bounds]))


@dataclass(frozen=True, slots=True)
class _Known:
    """An end that was found without a solver."""

    bound: Bound

    def searched(self, by: Deadline) -> Bound:
        """Return the end: there is nothing to search for."""
        return self.bound


def _sought(
    piece: Piece, program: Program, ends: Ends, wanted: Flags, sign: int, by: Deadline
) -> "_Known | _Part":
    """Return the fewest (sign 1) or the most (sign -1) people asked for in the piece."""
    known = nested_range(program, piece, ends, wanted)
    end = None if known is None else known.least_in if sign > 0 else known.most_in
    if end is not None:
        return _Known(replace(_bound(end), terms=_named(end.terms(), piece)))
    return _Part(piece, program, ends, sign * wanted[piece.columns].astype(np.int64), by)


def _bound(end: Proven | None) -> Bound:
    """Return the end of a total that nested rows have, with its proof."""
    return Bound(None) if end is None else Bound(Fraction(end.value), True, end.terms())


def nested_whole(program: Program, ends: Ends, wanted: Flags) -> Range | None:
    """Return what all rows together allow where they are nested, free of ties, and agree.

    Of running totals that is far quicker than to look for the pieces that bear on a question.
    """
    return None if program.nest is None else program.nest.range(ends.floors, ends.ceilings, wanted)


def nested_range(program: Program, piece: Piece, ends: Ends, wanted: Flags) -> Range | None:
    """Return what the piece allows where its rows are all nested, nothing ties its columns and its
    ends agree; None where a solver has to tell. Rows are numbered as in the piece.
    """
    if len(piece.ties):
        return None
    nest = Nest.of(program.covers.cut(piece.rows, piece.columns))
    return None if nest is None else nest.range(*_own_ends(piece, ends), wanted[piece.columns])


def _own_ends(piece: Piece, ends: Ends) -> tuple[Numbers, Numbers]:
    """Return the floors and the ceilings with which the piece's rows take part."""
    floors = np.where(piece.binding, ends.floors[piece.rows], 0.0)
    return floors, np.where(piece.capping, ends.ceilings[piece.rows], np.inf)


def _named(terms: Terms, piece: Piece) -> Terms:
    """Return the proof with the rows' numbers in the whole program."""
    return {(int(piece.rows[row]), end): times for (row, end), times in terms.items()}


class _Part:
    """The rows and columns of one piece with the cost of each column, cut out of the program.

    Costs are all 0 or 1 for the fewest people, all 0 or -1 for the most.
    """

    def __init__(
        self, piece: Piece, program: Program, ends: Ends, costs: Whole, by: Deadline
    ) -> None:
        self._piece, self._costs = piece, costs
        covers = program.covers.cut(piece.rows, piece.columns)
        self._matrix = stacked([covers, program.ties.cut(piece.ties, piece.columns)])
        self._floors, self._ceilings = _own_ends(piece, ends)
        ties = len(piece.ties)
        self._lower = np.concatenate([self._floors, np.full(ties, -np.inf)])
        self._upper = np.concatenate([self._ceilings, np.zeros(ties)])
        self._proven: Bound | None = None
        try:
            self._solve(by)
        except Unsolved:
            pass

    def _solve(self, by: Deadline) -> None:
        """Find the real-valued optimum and its proof."""
        self._model = Model(self._matrix, self._lower, self._upper)
        start = by.left()
        self._real = self._model.minimise(self._costs.astype(float), by)
        self._took = start - by.left()
        value, terms = self._priced()
        reached = self._reached(self._real)
        if reached is not None and reached <= ceil(value):
            self._proven = Bound(Fraction(reached), True, terms)
        else:
            self._proven = Bound(value, False, terms)

    def searched(self, by: Deadline) -> Bound:
        """Return the end in whole people where it is found, else as real numbers prove it."""
        most = (self._costs < 0).any()
        if self._proven is None:
            return Bound(None if most else Fraction(0), exact=False)
        found = self._proven if self._proven.exact else self._searched(self._proven, by)
        if not most:
            return found
        return Bound(-(found.value or 0) + Fraction(0), found.exact, negated(found.terms))

    def _searched(self, proven: Bound, by: Deadline) -> Bound:
        """Return the optimum in whole people where a search finds it, else the proven bound.

        It is looked for near the real-valued optimum first, where only the fractions are free:
        that is a small search however large the piece.
        """
        near = np.abs(self._real.columns - np.rint(self._real.columns)) <= TOLERANCE
        nothing = np.zeros(len(near), dtype=bool)
        return self._search(near, proven, by) or self._search(nothing, proven, by) or proven

    def _search(self, kept: Flags, proven: Bound, by: Deadline) -> Bound | None:
        """Return the optimum in whole people with the kept columns as they are, if it is one."""
        if (~kept).sum() > LARGEST_SEARCH or by.left() < OVERRUN * self._took:
            return None
        try:
            whole = self._model.minimise_whole(
                self._costs.astype(float), self._real.columns, kept, by
            )
        except Unsolved:
            return None
        reached = self._reached(whole)
        # Where columns are kept the search proves nothing of the others.
        limit = -np.inf if kept.any() else whole.bound - NOISE * max(1.0, abs(whole.bound))
        surely = np.ceil(max(float(proven.value or 0), limit))
        optimal = reached is not None and reached <= surely
        return Bound(Fraction(reached or 0), True, proven.terms) if optimal else None

    def _priced(self) -> tuple[Fraction, Terms]:
        """Return the bound that the prices prove in exact arithmetic, and its terms.

        Raises Unsolved where they prove none.
        """
        capped = np.isfinite(self._upper)
        floored = np.isfinite(self._lower)
        prices = exact_prices(self._real.prices, self._matrix, self._costs, floored, capped)
        terms: dict[tuple[int, End], Fraction] = {}
        value = Fraction(0)
        for row, price in enumerate(prices[: len(self._floors)]):
            if price > 0 and self._floors[row]:
                value += price * int(self._floors[row])
                terms[(row, "low")] = price
            elif price < 0:
                value += price * int(self._ceilings[row])
                terms[(row, "high")] = price
        return value, _named(terms, self._piece)

    def _reached(self, solution: Solution) -> int | None:
        """Return the cost of the solution, None unless it is a world of whole people."""
        columns = np.rint(solution.columns).astype(np.int64)
        sums = self._matrix.times(columns)
        fits = (sums >= self._lower).all() and (sums <= self._upper).all()
        whole = (np.abs(columns - solution.columns) <= TOLERANCE).all() and (columns >= 0).all()
        return int(self._costs @ columns) if fits and whole else None

"""The least and the most of one program under given floors and ceilings, each with its proof."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bounds import nested
from service.bounds.pieces import Ends, Numbers, Piece, pieces
from service.bounds.program import Flags, Program
from service.bounds.proof import Terms, added, exact_prices, negated
from service.bounds.solver import (
    NOISE,
    Deadline,
    Model,
    Solution,
    Unsolved,
)

LARGEST_SEARCH = 800
"""How many columns a search for whole numbers may have: its time cannot be held to a limit."""

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


def pieces_for_least(program: Program, ends: Ends, wanted: Flags) -> list[Piece]:
    """Return the pieces that bear on the fewest people in the wanted columns.

    A floor that can be met by people who are not asked for and whom no ceiling counts cannot
    raise it, and drops out before anything is solved.
    """
    elsewhere = np.logical_not(wanted[program.atom_column], dtype=np.bool_)
    nobody = np.zeros(len(wanted), dtype=bool)
    return pieces(program, ends, elsewhere, nobody, wanted)


def pieces_for_most(program: Program, ends: Ends, wanted: Flags) -> list[Piece] | None:
    """Return the pieces that bear on the most people in the wanted columns; None if it is open."""
    asked = wanted[program.atom_column]
    if (asked & ~program.atoms[ends.capped].any(axis=0)).any():
        return None
    return pieces(program, ends, np.logical_not(asked, dtype=np.bool_), wanted, wanted)


def least(program: Program, ends: Ends, wanted: Flags, by: Deadline) -> Bound:
    """Return the fewest people that the wanted columns hold in any world."""
    found = pieces_for_least(program, ends, wanted)
    return _joined([_least_of(piece, program, ends, wanted, by) for piece in found])


def most(program: Program, ends: Ends, wanted: Flags, by: Deadline) -> Bound:
    """Return the most people that the wanted columns hold in any world, None where it is open."""
    found = pieces_for_most(program, ends, wanted)
    if found is None:
        return Bound(None)
    return _joined([_most_of(piece, program, ends, wanted, by) for piece in found])


def _joined(found: list[Bound]) -> Bound:
    """Return the sum of bounds that do not bind each other."""
    exact = all(bound.exact for bound in found)
    values = [bound.value for bound in found if bound.value is not None]
    if len(values) < len(found):
        return Bound(None, exact)
    return Bound(sum(values, Fraction(0)), exact, added([bound.terms for bound in found]))


def nested_range(program: Program, piece: Piece, ends: Ends, wanted: Flags) -> nested.Range | None:
    """Return what the piece allows where its rows are all nested, nothing ties its columns and its
    ends agree; None where a solver has to tell. Rows are numbered as in the piece.
    """
    if len(piece.ties):
        return None
    covers = program.covers[np.ix_(piece.rows, piece.columns)]
    outcome = nested.solve(covers, *_own_ends(piece, ends), wanted[piece.columns])
    return None if outcome is None else outcome.range


def _own_ends(piece: Piece, ends: Ends) -> tuple[Numbers, Numbers]:
    """Return the floors and the ceilings with which the piece's rows take part."""
    floors = np.where(piece.binding, ends.floors[piece.rows], 0.0)
    return floors, np.where(piece.capping, ends.ceilings[piece.rows], np.inf)


def _named(terms: Terms, piece: Piece) -> Terms:
    """Return the proof with the rows' numbers in the whole program."""
    return {(int(piece.rows[row]), end): times for (row, end), times in terms.items()}


def _least_of(piece: Piece, program: Program, ends: Ends, wanted: Flags, by: Deadline) -> Bound:
    known = nested_range(program, piece, ends, wanted)
    if known is not None:
        return Bound(Fraction(known.least_in.value), True, _named(known.least_in.terms(), piece))
    try:
        return _Part(piece, program, ends).solved(wanted[piece.columns].astype(np.int64), by)
    except Unsolved:
        return Bound(Fraction(0), exact=False)


def _most_of(piece: Piece, program: Program, ends: Ends, wanted: Flags, by: Deadline) -> Bound:
    known = nested_range(program, piece, ends, wanted)
    if known is not None and known.most_in is not None:
        return Bound(Fraction(known.most_in.value), True, _named(known.most_in.terms(), piece))
    try:
        bound = _Part(piece, program, ends).solved(-wanted[piece.columns].astype(np.int64), by)
    except Unsolved:
        return Bound(None, exact=False)
    return Bound(-(bound.value or 0) + Fraction(0), bound.exact, negated(bound.terms))


class _Part:
    """The rows and columns of one piece, cut out of the program."""

    def __init__(self, piece: Piece, program: Program, ends: Ends) -> None:
        self._rows = piece.rows
        covers = program.covers[np.ix_(piece.rows, piece.columns)]
        ties = program.ties[np.ix_(piece.ties, piece.columns)]
        self._piece = piece
        self._floors, self._ceilings = _own_ends(piece, ends)
        self._matrix: NDArray[Any] = np.vstack([covers.astype(np.int8), ties])
        self._lower = np.concatenate([self._floors, np.full(len(ties), -np.inf)])
        self._upper = np.concatenate([self._ceilings, np.zeros(len(ties))])

    def solved(self, costs: NDArray[np.int64], by: Deadline) -> Bound:
        """Return the least cost: real-valued first, whole where that is a fraction."""
        model = Model(self._matrix, self._lower, self._upper)
        real = model.minimise(costs.astype(float), by)
        value, terms = self._proven(real, costs)
        reached = self._reached(real, costs)
        if reached is not None and reached <= ceil(value):
            return Bound(Fraction(reached), True, terms)
        return self._searched(model, real, costs, Bound(value, False, terms), by)

    def _searched(
        self, model: Model, real: Solution, costs: NDArray[np.int64], proven: Bound, by: Deadline
    ) -> Bound:
        """Return the optimum in whole people where a search finds it, else the proven bound.

        It is looked for near the real-valued optimum first, where only the fractions are free:
        that is a small search however large the piece.
        """
        near = np.abs(real.columns - np.rint(real.columns)) <= TOLERANCE
        nothing = np.zeros(len(near), dtype=bool)
        return (
            self._search(model, real, costs, near, proven, by)
            or self._search(model, real, costs, nothing, proven, by)
            or proven
        )

    def _search(
        self,
        model: Model,
        real: Solution,
        costs: NDArray[np.int64],
        kept: Flags,
        proven: Bound,
        by: Deadline,
    ) -> Bound | None:
        """Return the optimum in whole people with the kept columns as they are, if it is one."""
        if (~kept).sum() > LARGEST_SEARCH:
            return None
        try:
            whole = model.minimise_whole(costs.astype(float), real.columns, kept, by)
        except Unsolved:
            return None
        reached = self._reached(whole, costs)
        # Where columns are kept the search proves nothing of the others.
        limit = -np.inf if kept.any() else whole.bound - NOISE * max(1.0, abs(whole.bound))
        surely = np.ceil(max(float(proven.value or 0), limit))
        optimal = reached is not None and reached <= surely
        return Bound(Fraction(reached or 0), True, proven.terms) if optimal else None

    def _proven(self, real: Solution, costs: NDArray[np.int64]) -> tuple[Fraction, Terms]:
        """Return the bound that the prices prove in exact arithmetic, and its terms.

        Raises Unsolved where they prove none.
        """
        capped = np.isfinite(self._upper)
        floored = np.isfinite(self._lower)
        prices = exact_prices(real.prices, self._matrix, costs, floored, capped)
        terms: dict[Any, Fraction] = {}
        value = Fraction(0)
        for row, price in enumerate(prices[: len(self._rows)]):
            if price:
                end = self._floors[row] if price > 0 else self._ceilings[row]
                value += price * int(end)
                terms[(row, "low" if price > 0 else "high")] = price
        kept = {
            end: times for end, times in terms.items() if end[1] == "high" or self._floors[end[0]]
        }
        return value, _named(kept, self._piece)

    def _reached(self, solution: Solution, costs: NDArray[np.int64]) -> int | None:
        """Return the cost of the solution, None unless it is a world of whole people."""
        columns = np.rint(solution.columns).astype(np.int64)
        sums = self._matrix.astype(np.int64) @ columns
        fits = (sums >= self._lower).all() and (sums <= self._upper).all()
        whole = (np.abs(columns - solution.columns) <= TOLERANCE).all() and (columns >= 0).all()
        return int(costs @ columns) if fits and whole else None

"""A small program that contains every world: what wide figures and claims say about one query.

The wide constraints that overlap the query are rows, and so are the narrow ones around it. All
others are represented by the people that they claim, added up by where these can be. Each step adds
constraints up or leaves some out, so the range can only be wider than that of all figures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from service.bounds.boxes import Region
from service.bounds.constraints import Constraint, IncidentBox
from service.bounds.relaxation.claim_terms import ClaimTerms
from service.bounds.relaxation.component_bounds import (
    list_sets,
    make_term_keys,
)
from service.bounds.relaxation.constraint_table import OPEN
from service.bounds.relaxation.footprints import Grid
from service.bounds.relaxation.large_record import LargeRecord
from service.columns.arrays import IntArray
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.total import End, Term
from service.domain.vocabulary import ALL_OUTCOMES, LOSSES

CLAIM_SCHEME: Final = " claims"
"""The scheme of the people of claims; no scheme of a report begins with a space."""


@dataclass(frozen=True, slots=True)
class _ClaimRow:
    """What a row of the program about claims stands for.

    ``components`` are those of one footprint, whose claims within ``outcomes`` the row adds up, or
    whose highs. ``wide`` is the position of a wide constraint instead.
    """

    outcomes: int
    components: IntArray
    wide: int | None = None


class RelaxedProgram:
    """The constraints of the program: some of the record as they are, and rows about claims.

    A row is a constraint of one figure that nobody reported; ``split_terms`` puts the figures
    that it stands for in its place.
    """

    def __init__(self, record: LargeRecord, grid: Grid, constraints: Iterable[Constraint]) -> None:
        """``constraints`` are those of the record that are spelled out."""
        self._record, self._grid = record, grid
        self.constraints = list(constraints)
        self._rows: dict[str, _ClaimRow] = {}

    def add_components(self, chosen: IntArray, *, with_highs: bool) -> None:
        """Add the claims of some components, and their highs too if wanted."""
        footprints = self._grid.locate_components(self._record.components, chosen)
        footprints = self._grid.merge_places(footprints)
        highs = self._record.bounds.highs[chosen, ALL_OUTCOMES]
        keys = np.concatenate([footprints, (highs == OPEN)[:, None]], axis=1)
        distinct, numbers = np.unique(keys, axis=0, return_inverse=True)
        numbers = numbers.ravel()
        order = np.argsort(numbers, kind="stable")
        edges = np.searchsorted(numbers[order], np.arange(1, len(distinct)))
        for key, members in zip(distinct.tolist(), np.split(order, edges), strict=True):
            self._add_group(key[:5], chosen[members], with_highs=with_highs)

    def _add_group(self, footprint: Sequence[int], chosen: IntArray, *, with_highs: bool) -> None:
        """Add a row for each set of outcomes that the components of one footprint claim."""
        people = self._record.packing.component_people[chosen]
        group = f"{len(self.constraints)}"
        for bits in list_sets(ALL_OUTCOMES):
            if people[:, bits].any():
                claimed = int(people[:, list_sets(bits)].sum())
                row = _ClaimRow(bits, chosen)
                self._add_row(footprint, group, row, Quantity(claimed, None))
        if with_highs:
            outcomes = int(np.bitwise_or.reduce(self._record.bounds.outcomes[chosen]))
            highs = self._record.bounds.highs[chosen, ALL_OUTCOMES]
            upper = None if (highs == OPEN).any() else int(highs.sum())
            row = _ClaimRow(outcomes, chosen)
            self._add_row(footprint, group, row, Quantity(0, upper))

    def add_wide_claims(self, positions: IntArray) -> None:
        """Add the claims of some wide constraints."""
        record = self._record
        constraints = record.components.wide[positions]
        footprints = self._grid.locate_constraints(constraints).tolist()
        for position, constraint, footprint in zip(
            positions.tolist(), constraints.tolist(), footprints, strict=True
        ):
            row = _ClaimRow(int(record.table.outcomes[constraint]), NOBODY, position)
            quantity = Quantity(int(record.packing.wide_people[position]), None)
            self._add_row(footprint, f"wide {position}", row, quantity)

    def _add_row(
        self, footprint: Sequence[int], group: str, row: _ClaimRow, quantity: Quantity
    ) -> None:
        path = ((CLAIM_SCHEME, group),)
        boxes = self._grid.make_boxes(footprint, row.outcomes)
        parts = tuple(sorted(IncidentBox(box, path) for box in boxes))
        figure = Figure(f"{CLAIM_SCHEME} {len(self._rows)}", "", "", _NO_SCOPE, quantity)
        self._rows[figure.id] = row
        self.constraints.append(Constraint(parts, (figure,), (figure,), (figure,)))

    def add_region(self, region: Region) -> None:
        """Add people in a region of whom nothing is known but that they can be there."""
        parts = tuple(sorted(IncidentBox(box, ()) for box in region.boxes))
        figure = Figure(f"{CLAIM_SCHEME} region", "", "", _NO_SCOPE, Quantity(0, None))
        self._rows[figure.id] = _ClaimRow(0, NOBODY)
        self.constraints.append(Constraint(parts, (figure,), (), (figure,)))

    def is_row(self, figure: Figure) -> bool:
        """Whether the figure is one that nobody reported."""
        return figure.id in self._rows

    def _add_claims(self, claims: ClaimTerms, row: _ClaimRow, end: End, weight: Fraction) -> None:
        """Add a term of a row to those of claims."""
        if row.wide is not None:
            claims.add_wide(row.wide, weight)
        elif end == "high":
            own = self._record.bounds.outcomes[row.components]
            claims.add_bounds(make_term_keys(row.components, own), "high", weight)
        else:
            claims.add_claims(row.components, row.outcomes, weight)

    def split_terms(
        self, terms: Iterable[Term]
    ) -> tuple[list[Term], dict[tuple[int, End], Fraction]]:
        """Return the terms of reported figures, and those behind the claims.

        The second are multipliers of ends of constraints of the table.
        """
        claims = ClaimTerms(self._record)
        reported = []
        for term in terms:
            if self.is_row(term.figure):
                self._add_claims(claims, self._rows[term.figure.id], term.end, term.multiplier)
            else:
                reported.append(term)
        return reported, claims.list_terms()

    def find_constraints(self, figure: Figure) -> IntArray:
        """Return the constraints whose lows are behind a row."""
        claims = ClaimTerms(self._record)
        self._add_claims(claims, self._rows[figure.id], "low", Fraction(1))
        lows = [constraint for constraint, end in claims.list_terms() if end == "low"]
        return np.array(lows, dtype=np.int64)


_NO_SCOPE: Final = Scope((), Period(None, None), LOSSES, ())

NOBODY: Final[IntArray] = np.zeros(0, dtype=np.int64)

"""A small program that contains every world: what wide figures and claims say about one query.

The wide constraints that overlap the query are rows, and so are the narrow ones around it. All
others are represented by the people that they claim, added up by where these can be. Each step adds
constraints up or leaves some out, so the range can only be wider than that of all figures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heappop, heappush
from typing import Final

import numpy as np

from service.bounds.boxes import Region
from service.bounds.constraints import Constraint, IncidentBox
from service.bounds.relaxation.component_bounds import (
    SET_COUNT,
    ComponentBounds,
    list_sets,
    make_term_keys,
)
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable
from service.bounds.relaxation.footprints import Grid
from service.bounds.relaxation.narrow_components import NarrowComponents
from service.bounds.relaxation.packing import Overlaps, Packing
from service.columns.arrays import IntArray
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.total import End, Term
from service.domain.vocabulary import LOSSES

CLAIM_SCHEME: Final = " claims"
"""The scheme of the people of claims; no scheme of a report begins with a space."""

ALL_OUTCOMES: Final = SET_COUNT - 1


@dataclass(frozen=True, slots=True)
class LargeRecord:
    """What is known of all counted figures before any query."""

    table: ConstraintTable
    components: NarrowComponents
    bounds: ComponentBounds
    packing: Packing
    overlaps: Overlaps


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
                claims.add(self._rows[term.figure.id], term.end, term.multiplier)
            else:
                reported.append(term)
        return reported, claims.list_terms()

    def find_constraints(self, figure: Figure) -> IntArray:
        """Return the constraints whose lows are behind a row."""
        claims = ClaimTerms(self._record)
        claims.add(self._rows[figure.id], "low", Fraction(1))
        lows = [constraint for constraint, end in claims.list_terms() if end == "low"]
        return np.array(lows, dtype=np.int64)


_NO_SCOPE: Final = Scope((), Period(None, None), LOSSES, ())

NOBODY: Final[IntArray] = np.zeros(0, dtype=np.int64)


class ClaimTerms:
    """The multipliers of claims, turned into those of constraints."""

    def __init__(self, record: LargeRecord) -> None:
        self._record = record
        self._wide: dict[int, Fraction] = {}
        self._terms: dict[tuple[int, End], Fraction] = {}
        self._weights: dict[int, dict[int, Fraction]] = {}

    def add(self, row: _ClaimRow, end: End, multiplier: Fraction) -> None:
        """Add a term of a row."""
        if row.wide is not None:
            self.add_wide(row.wide, multiplier)
        elif end == "high":
            own = self._record.bounds.outcomes[row.components]
            self._add_bounds(make_term_keys(row.components, own), "high", multiplier)
        else:
            self.add_claims(row.components, row.outcomes, multiplier)

    def add_wide(self, position: int, multiplier: Fraction) -> None:
        """Add the multiplier to the claim of a wide constraint."""
        self._wide[position] = self._wide.get(position, Fraction(0)) + multiplier

    def add_claims(self, components: IntArray, outcomes: int, multiplier: Fraction) -> None:
        """Add the multiplier to all claims of the components within some outcomes."""
        people = self._record.packing.component_people
        for bits in list_sets(outcomes):
            for component in components[people[components, bits] > 0].tolist():
                weights = self._weights.setdefault(component, {})
                weights[bits] = weights.get(bits, Fraction(0)) + multiplier

    def _add_bounds(self, keys: IntArray, kind: End, multiplier: Fraction) -> None:
        """Add the proofs of bounds of components."""
        for constraint, end, own_multiplier in self._record.bounds.iterate_terms(keys, kind):
            self._add_term(constraint, end, multiplier * own_multiplier)

    def _add_term(self, constraint: int, end: End, multiplier: Fraction) -> None:
        key = constraint, end
        self._terms[key] = self._terms.get(key, Fraction(0)) + multiplier

    def list_terms(self) -> dict[tuple[int, End], Fraction]:
        """Return the multipliers of constraints.

        A claim of a wide constraint is its low less the claims within it, and a claim in a
        component is a low of the component less the claims within that.
        """
        self._expand_wide()
        people = self._record.packing.component_people
        by_weight: dict[Fraction, list[int]] = {}
        for component, weights in self._weights.items():
            claimed = [bits for bits in list_sets(ALL_OUTCOMES) if people[component, bits]]
            for bits in claimed:
                holder = next(
                    (each for each in claimed if each != bits and bits & ~each == 0), None
                )
                weight = weights.get(bits, Fraction(0))
                weight -= weights.get(holder, Fraction(0)) if holder else 0
                if weight:
                    by_weight.setdefault(weight, []).append(component * SET_COUNT + bits)
        for weight, keys in by_weight.items():
            self._add_bounds(np.array(keys, dtype=np.int64), "low", weight)
        return {key: multiplier for key, multiplier in self._terms.items() if multiplier}

    def _expand_wide(self) -> None:
        """Replace the claims of wide constraints by their lows less the claims within them."""
        record, ranks = self._record, self._record.packing.ranks
        pending = [(-int(ranks[position]), position) for position in self._wide]
        heapify(pending)
        while pending:
            _, position = heappop(pending)  # One that is in no other that is pending.
            multiplier = self._wide[position]
            if not multiplier:
                continue
            constraint = int(record.components.wide[position])
            self._add_term(constraint, "low", multiplier)
            inner = record.overlaps.find_claims_within(record.packing, position)
            for other in inner.wide.tolist():
                if other not in self._wide:
                    heappush(pending, (-int(ranks[other]), other))
                self._wide[other] = self._wide.get(other, Fraction(0)) - multiplier
            outcomes = int(record.table.outcomes[constraint])
            self.add_claims(inner.components, outcomes, -multiplier)

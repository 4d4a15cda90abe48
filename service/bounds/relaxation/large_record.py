"""What is known of all counted figures of a large record before any query."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.bounds.relaxation.bound_components import WindowBounds
from service.bounds.relaxation.component_bounds import ComponentBounds
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable
from service.bounds.relaxation.free_points import FreePoints
from service.bounds.relaxation.narrow_components import NarrowComponents
from service.bounds.relaxation.packing import Overlaps, Packing
from service.bounds.relaxation.record_objects import KnownComponents
from service.bounds.relaxation.special_components import Accounts, SpecialComponent
from service.bounds.relaxation.weighted_components import ComponentWeigher
from service.columns.arrays import IntArray
from service.columns.record_columns import NONE
from service.domain.total import End


@dataclass(frozen=True, slots=True)
class LargeRecord:
    """The constraints, their components with bounds, and the claims."""

    table: ConstraintTable
    components: NarrowComponents
    bounds: ComponentBounds
    packing: Packing
    overlaps: Overlaps
    windows: WindowBounds
    free_points: FreePoints
    special: Mapping[int, SpecialComponent]
    weigher: ComponentWeigher
    known_components: KnownComponents
    """Components that were solved by themselves, by their constraints and kept figures."""

    def find_end_rows(self, constraints: IntArray, end: End) -> IntArray:
        """Return for each constraint the row of a figure that gives its low or its high.

        Numbers above those of the table are rows already: the weigher gives them to figures of
        contradictory components.
        """
        rows: IntArray = constraints - len(self.table)
        is_constraint = rows < 0
        rows[is_constraint] = self.table.find_end_rows(constraints[is_constraint], end)
        return rows

    def find_upper(self, accounts: Accounts) -> IntArray:
        """Return the highs of all constraints that hold in some accounts, ``OPEN`` for none."""
        upper = self.table.upper.copy()
        for component, special in self.special.items():
            highs = special.find_bounds(accounts.find(component)).upper
            is_own = special.numbers != NONE
            is_limited = np.isfinite(highs)
            upper[special.numbers[is_own]] = OPEN
            upper[special.numbers[is_own & is_limited]] = highs[is_own & is_limited]
        return upper

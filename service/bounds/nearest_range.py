"""The nearest range: the fewest and the most people in the worlds with the least violation.

Where figures contradict each other, no world meets all of them. Those with the least sum of
violations are the nearest to them.
"""

from threading import Lock

import numpy as np

from service.bounds.elastic_program import ElasticProgram
from service.bounds.infeasibility import ResolvedBounds
from service.bounds.linear_program import LinearProgram
from service.bounds.optimize import Objective
from service.bounds.presolve import Block, ConstraintBounds, merge_blocks
from service.bounds.solver import Deadline, UnsolvedError
from service.columns.arrays import FloatArray, IntArray

NearestRange = tuple[float, float | None]
"""The fewest and the most people, real-valued; the second is None if there is no upper bound."""


class NearestRangeSolver:
    """Finds nearest ranges of one program; threads may share it.

    The last elastic program is cached: both ends need the same one, and so do most parts of a
    breakdown.
    """

    def __init__(self, program: LinearProgram) -> None:
        self._program = program
        self._lock = Lock()
        self._key: tuple[bytes, ...] = ()
        self._elastic_program: ElasticProgram | None = None

    def find_nearest(
        self, objective: Objective, resolved: ResolvedBounds, deadline: Deadline
    ) -> NearestRange | None:
        """Return the objective's range in the worlds of least violation; None if time ran out."""
        nearest = self._find_on_faces(objective, resolved)
        if nearest is not None:
            return nearest
        try:
            low = self._minimise_cost(
                resolved,
                objective.find_min_blocks(resolved.given_bounds),
                objective.certain_columns.astype(np.int64),
                deadline,
            )
            max_blocks = objective.find_max_blocks(resolved.given_bounds)
            if max_blocks is None:
                return low, None
            return low, -self._minimise_cost(
                resolved, max_blocks, -objective.possible_columns.astype(np.int64), deadline
            )
        except UnsolvedError:
            return None

    def _find_on_faces(self, objective: Objective, resolved: ResolvedBounds) -> NearestRange | None:
        """Return the range where the whole program is a tree of constraints, else None."""
        family = self._program.laminar_family
        if family is None:
            return None
        # Each conflict has a face: constraints that are a part of a tree are one.
        faces = [
            (conflict.block, *optimum)
            for conflict in resolved.conflicts
            if (optimum := conflict.nearest_face) is not None
        ]
        lower, upper = resolved.given_bounds.lower.copy(), resolved.given_bounds.upper.copy()
        is_empty = np.zeros(len(objective.certain_columns), dtype=bool)
        for block, face, empty_columns in faces:
            lower[block.constraints] = face.lower
            upper[block.constraints] = face.upper
            is_empty |= empty_columns
        ranges = [
            family.compute_bounds(lower, upper, columns, is_empty)
            for columns in (objective.certain_columns, objective.possible_columns)
        ]
        if ranges[0] is None or ranges[1] is None:
            return None  # Another block is infeasible, and was not resolved for this query.
        low, high = ranges[0].lower_in.value, ranges[1].upper_in
        return float(low), None if high is None else float(high.value)

    def _minimise_cost(
        self, resolved: ResolvedBounds, blocks: list[Block], costs: IntArray, deadline: Deadline
    ) -> float:
        """Return the least cost in the worlds of least violation.

        ``costs`` is ``int[n_columns]``. Raises UnsolvedError if time runs out.
        """
        if not blocks:
            return 0.0
        block = merge_blocks(blocks)
        in_block = np.zeros(len(self._program.constraints), dtype=bool)
        in_block[block.constraints] = True
        relaxed = np.zeros(len(self._program.constraints))
        max_violation = 0.0
        for conflict in resolved.conflicts:
            if in_block[conflict.block.constraints].all():
                relaxed[conflict.block.constraints] = 1
                max_violation += conflict.minimise_violation(deadline)
        if not self._lock.acquire(timeout=deadline.seconds_left()):
            raise UnsolvedError("no time left")
        try:
            elastic_program = self._get_elastic_program(
                block, resolved.given_bounds, relaxed, max_violation
            )
            return elastic_program.minimise_cost(costs[block.columns].astype(float), deadline)
        finally:
            self._lock.release()

    def _get_elastic_program(
        self, block: Block, bounds: ConstraintBounds, relaxed: FloatArray, max_violation: float
    ) -> ElasticProgram:
        """Return the program of the worlds with a sum of violations of at most ``max_violation``.

        ``relaxed``, ``float[n_constraints]``, is 1 for a constraint of a conflict, whose bounds may
        be violated, and 0 elsewhere.
        """
        key_arrays = (
            block.constraints,
            block.uses_lower,
            block.uses_upper,
            block.columns,
            block.couplings,
            relaxed,
        )
        key = tuple(array.tobytes() for array in key_arrays)
        if self._elastic_program is None or self._key != key:
            self._elastic_program = ElasticProgram(
                self._program, block, bounds, ConstraintBounds(relaxed, relaxed)
            )
            self._elastic_program.limit_violation(max_violation)
            self._key = key
        return self._elastic_program

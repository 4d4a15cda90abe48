"""The nearest reading: the worlds that bend contradicting reports least."""

from threading import Lock

import numpy as np

from service.bounds.arrays import FloatArray, IntArray
from service.bounds.elastic_program import ElasticProgram
from service.bounds.infeasibility import ResolvedBounds
from service.bounds.linear_program import LinearProgram
from service.bounds.optimize import Objective
from service.bounds.presolve import Block, ConstraintBounds, merge_blocks
from service.bounds.solver import Deadline, UnsolvedError

NearestRange = tuple[float, float | None]
"""The least and the most in the nearest reading, real-valued; a most of None is open."""


class NearestRangeSolver:
    """Finds the nearest readings of one program; threads may share it.

    The last model is kept: both ends need the same one, and so do most questions that are parts of
    one answer.
    """

    def __init__(self, program: LinearProgram) -> None:
        self._program = program
        self._lock = Lock()
        self._key: tuple[bytes, ...] = ()
        self._elastic_program: ElasticProgram | None = None

    def find_nearest(
        self, objective: Objective, resolved: ResolvedBounds, deadline: Deadline
    ) -> NearestRange | None:
        """Return the least and the most asked for in the worlds that bend the reports least.

        The whole is None where time ran out.
        """
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

    def _minimise_cost(
        self, resolved: ResolvedBounds, blocks: list[Block], costs: IntArray, deadline: Deadline
    ) -> float:
        """Return the least cost where each contested piece bends no more than it must."""
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
        """Return the model of the worlds that bend the soft ends no more than this in all."""
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

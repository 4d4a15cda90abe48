"""The least violation of one side of a block, its lower or its upper bounds, while the other holds.

The ends that some optimum violates are set aside.
"""

from typing import Literal

import numpy as np

from service.bounds.constraints import Constraint
from service.bounds.elastic_program import MIN_VIOLATION, ElasticProgram
from service.bounds.laminar import LaminarFamily
from service.bounds.linear_program import LinearProgram
from service.bounds.optimize import select_bounds
from service.bounds.presolve import Block, ConstraintBounds
from service.bounds.solver import Deadline, UnsolvedError
from service.domain.figure import Figure

MIN_EXTREME_TIME_RATIO = 3
"""Search for an extreme only if this many times the seconds of its side's program are left.

It takes about as long as that program, and a total with both bounds is more useful than a total
with every end that is set aside. If the program took long, the bounds get half of the query's time
and the extremes the other half: they are found over several queries, as the side's program is
solved only once.
"""

Side = Literal["lower", "upper"]
"""The bounds that may be violated while the other side's bounds hold."""

SetAside = dict[Side, dict[int, list[Figure]]]
"""The figures whose end on a side is set aside, by the number of their constraint."""


class LaminarSideViolation:
    """The least violation of one side of a laminar block, which needs no solver."""

    exact = True

    def __init__(
        self,
        side: Side,
        program: LinearProgram,
        block: Block,
        bounds: ConstraintBounds,
        family: LaminarFamily,
    ) -> None:
        self.side, self._program, self._block = side, program, block
        lower, upper = select_bounds(block, bounds)
        face = family.find_optimal_face(lower, upper, (side,))
        self.least_violation = float(face.amount)
        extremes = np.array(face.least if side == "lower" else face.most)
        is_violated = extremes < lower if side == "lower" else extremes > upper
        self._extremes = dict(
            zip(np.flatnonzero(is_violated).tolist(), extremes[is_violated].tolist(), strict=True)
        )
        is_forcing = np.array(face.duals) != 0
        self.constraints = set(block.constraints[is_violated | is_forcing].tolist())
        self.couplings = set[int]()
        # A nonzero price between two nested constraints: they force one violation together.
        self.links = [
            (int(block.constraints[position]), int(block.constraints[family.parent[position]]))
            for position, price in enumerate(face.prices)
            if price
        ]

    def find_set_aside(self, deadline: Deadline) -> dict[int, list[Figure]]:
        """Return the figures whose end on this side is set aside, by constraint."""
        return {
            int(self._block.constraints[position]): [
                figure
                for figure in _bounding_figures(
                    self._program.constraints[self._block.constraints[position]], self.side
                )
                if _is_violated(_get_level(figure, self.side), extreme, self.side)
            ]
            for position, extreme in self._extremes.items()
        }


class SideViolation:
    """The least violation of one side's bounds in a block while the other side's bounds hold."""

    def __init__(
        self,
        side: Side,
        program: LinearProgram,
        block: Block,
        bounds: ConstraintBounds,
        deadline: Deadline,
    ) -> None:
        """Solve the elastic program; raises UnsolvedError if time runs out."""
        self.side, self._program, self._block = side, program, block
        self.links: list[tuple[int, int]] = []
        self._extremes: dict[int, float] = {}
        self.exact = True
        if len(block.constraints) == 1:
            self._solve_single_constraint(bounds)
            return
        constraint_count = len(program.constraints)
        relaxed = ConstraintBounds(
            np.full(constraint_count, side == "lower"),
            np.full(constraint_count, side == "upper"),
        )
        self._elastic = ElasticProgram(program, block, bounds, relaxed)
        seconds_before = deadline.seconds_left()
        violation = self._elastic.find_violated_constraints(deadline)
        self._solve_seconds = seconds_before - deadline.seconds_left()
        self.least_violation = violation.amount
        self._violated = violation.violated
        self._people_of = dict(
            zip(violation.violated.tolist(), violation.people.tolist(), strict=True)
        )
        self.couplings = set(violation.forcing_couplings.tolist())
        self.constraints = set(
            block.constraints[np.concatenate([violation.violated, violation.forcing])].tolist()
        )

    def _solve_single_constraint(self, bounds: ConstraintBounds) -> None:
        """Set the result for one constraint whose lower bound exceeds its upper bound."""
        constraint = int(self._block.constraints[0])
        lower, upper = float(bounds.lower[constraint]), float(bounds.upper[constraint])
        self.least_violation = lower - upper
        self._violated = np.array([0])
        self.couplings, self.constraints = set[int](), {constraint}
        self._extremes[0] = upper if self.side == "lower" else lower

    def find_set_aside(self, deadline: Deadline) -> dict[int, list[Figure]]:
        """Return the figures whose end on this side is set aside, by constraint of the program.

        If time runs out, all ends of a violated constraint are, and ``exact`` is False until the
        next call.
        """
        self.exact = True
        figures_by_constraint = {}
        for position in self._violated.tolist():
            constraint = int(self._block.constraints[position])
            extreme = self._find_extreme(position, deadline)
            figures_by_constraint[constraint] = [
                figure
                for figure in _bounding_figures(self._program.constraints[constraint], self.side)
                if _is_violated(_get_level(figure, self.side), extreme, self.side)
            ]
        return figures_by_constraint

    def _find_extreme(self, position: int, deadline: Deadline) -> float:
        """Return the fewest (or most) people that an optimum puts in a violated constraint.

        The outermost end is violated in any case. A solver run is needed only for further ends that
        the known optimum does not violate.
        """
        if position in self._extremes:
            return self._extremes[position]
        extreme = -np.inf if self.side == "lower" else np.inf
        figures = _bounding_figures(
            self._program.constraints[self._block.constraints[position]], self.side
        )
        levels = {_get_level(figure, self.side) for figure in figures} - {None}
        if len(levels) > 1 and not all(
            _is_violated(level, self._people_of[position], self.side) for level in levels
        ):
            try:
                if deadline.seconds_left() <= min(
                    MIN_EXTREME_TIME_RATIO * self._solve_seconds, deadline.seconds / 2
                ):
                    raise UnsolvedError("the remaining time is kept for the bounds")
                extreme = self._elastic.find_extreme(
                    position, 1 if self.side == "lower" else -1, deadline
                )
            except UnsolvedError:
                self.exact = False
                return extreme
        self._extremes[position] = extreme
        return extreme


def _bounding_figures(constraint: Constraint, side: Side) -> tuple[Figure, ...]:
    """Return the figures whose end on the side bounds the constraint."""
    return constraint.lower_figures if side == "lower" else constraint.upper_figures


def _get_level(figure: Figure, side: Side) -> int | None:
    """Return the figure's low or high on this side; None if it has none. A low of 0 is none."""
    return figure.quantity.low or None if side == "lower" else figure.quantity.high


def _is_violated(level: int | None, people: float, side: Side) -> bool:
    """Whether a low or high at this level is violated by ``people`` in the constraint."""
    if level is None:
        return False
    return people < level - MIN_VIOLATION if side == "lower" else people > level + MIN_VIOLATION

"""Worlds in which contradicting figures are missed by as few people as possible."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from service.bounds.crowds import Crowds
from service.bounds.infeasibility import Dispute
from service.bounds.linear_program import LinearProgram
from service.bounds.partition import NOWHERE
from service.bounds.presolve import ConstraintBounds
from service.bounds.solver import Deadline, Model, UnsolvedError
from service.bounds.sparse_matrix import SparseMatrix, hstack, vstack
from service.columns.arrays import FloatArray, IntArray

Account = Literal["remaining", "highs", "lows", "nearest"]
"""Which ends of contradicting figures hold.

``remaining`` are those that are not set aside. Beside them all highs hold, or all lows. Or the sum
of shortfall and excess is as small as possible.
"""

MISSED_COST: Final = 1_000.0
"""The cost of each person by whom a figure is missed, in people of a world."""

WHOLE_TOLERANCE: Final = 1e-4


class ElasticConstraints(NamedTuple):
    """Rows of constraints whose ends may be missed, and their limits.

    ``matrix`` has the columns of the constraints first, then ``slack_count`` columns with the
    people by whom each end is missed.
    """

    matrix: SparseMatrix
    lower: FloatArray
    upper: FloatArray
    slack_count: int


def make_elastic(
    constraint_matrix: SparseMatrix,
    coupling_matrix: SparseMatrix,
    bounds: ConstraintBounds,
    account: Account,
    limit: float = np.inf,
) -> ElasticConstraints:
    """Return the rows of an account: with ``highs`` only lows may be missed, with ``lows`` highs.

    ``limit`` is the most people by whom they may be missed together.
    """
    count, column_count = constraint_matrix.shape
    coupling_count = coupling_matrix.shape[0]
    rows = np.arange(count)
    short, over = rows[: count * (account != "lows")], rows[: count * (account != "highs")]
    shape, nowhere = (count, 2 * count), rows[:0]
    slack = np.arange(2 * count)
    # The two ends of a constraint are two rows: the solver takes no low above a high.
    rows_of_ends = (
        hstack(constraint_matrix, SparseMatrix(shape, short, short, np.ones_like(short))),
        hstack(constraint_matrix, SparseMatrix(shape, over, count + over, -np.ones_like(over))),
    )
    no_slack = SparseMatrix((coupling_count, 2 * count), nowhere, nowhere, nowhere)
    sum_of_slack = SparseMatrix(
        (1, column_count + 2 * count),
        np.zeros_like(slack),
        column_count + slack,
        np.ones_like(slack),
    )
    below = np.full(count + coupling_count + 1, -np.inf)
    return ElasticConstraints(
        vstack([*rows_of_ends, hstack(coupling_matrix, no_slack), sum_of_slack]),
        np.concatenate([bounds.lower, below]),
        np.concatenate([np.full(count, np.inf), bounds.upper, np.zeros(coupling_count), [limit]]),
        2 * count,
    )


class AccountWorlds(NamedTuple):
    """The people of some worlds, and by how many people the figures are missed in each of them."""

    crowds: tuple[Crowds, ...] = ()
    missed: int = 0


def find_account_worlds(
    program: LinearProgram,
    bounds: ConstraintBounds,
    disputes: Sequence[Dispute],
    account: Account,
    axis: str,
    deadline: Deadline,
) -> AccountWorlds:
    """Return worlds with the least violation of the bounds, each with few people.

    Each end that is set aside in a dispute is missed in one of them, if the account is ``highs`` or
    ``lows``. Places are along one axis. Raises UnsolvedError if there are no such worlds in whole
    people, or if time runs out.
    """
    search = _WorldSearch(program, bounds, account, axis)
    people = search.find_least(deadline)
    worlds = [search.locate(people)]
    pending = _find_thresholds(program, disputes, account)
    while pending := _drop_missed(pending, program.constraint_matrix.matvec(people), account):
        constraint = next(iter(pending))
        people = search.find_missing(constraint, deadline)
        worlds.append(search.locate(people))
        counted = program.constraint_matrix.matvec(people)
        if constraint in _drop_missed(pending, counted, account):
            raise UnsolvedError("only fractions of people miss an end")
    return AccountWorlds(tuple(worlds), int(search.missed))


def _find_thresholds(
    program: LinearProgram, disputes: Sequence[Dispute], account: Account
) -> dict[int, int]:
    """Return the end, of those set aside in each constraint, that is missed last."""
    found: dict[int, int] = {}
    for dispute in disputes:
        for number in dispute.constraints:
            own = program.constraints[number]
            lows = [each.quantity.low for each in own.lower_figures if each in dispute.lows]
            highs = [each.quantity.high or 0 for each in own.upper_figures if each in dispute.highs]
            if account == "highs" and lows:
                found[number] = min(lows)
            if account == "lows" and highs:
                found[number] = max(highs)
    return found


def _drop_missed(
    thresholds: Mapping[int, int], people: IntArray, account: Account
) -> dict[int, int]:
    """Return the thresholds that so many people in the constraints do not miss."""
    sign = 1 if account == "highs" else -1
    return {
        number: threshold
        for number, threshold in thresholds.items()
        if sign * people[number] >= sign * threshold
    }


class _WorldSearch:
    """The search for worlds of least violation of one program."""

    def __init__(
        self, program: LinearProgram, bounds: ConstraintBounds, account: Account, axis: str
    ) -> None:
        self._program, self._bounds, self._account = program, bounds, account
        self._points = program.locate_people(axis)
        self._has_people = self._points[:, :, 1] != NOWHERE
        self._is_counted = self._has_people.any(axis=1)
        self.missed = np.inf
        """By how many people the ends are missed at least, once that is known."""

    def find_least(self, deadline: Deadline) -> IntArray:
        """Return people with the least violation, int[n_columns]; raises UnsolvedError."""
        elastic = self._make_elastic()
        costs = np.append(self._is_counted, np.full(elastic.slack_count, MISSED_COST))
        whole = _solve(elastic, costs.astype(float), deadline)
        self.missed = float(whole[len(self._is_counted) :].sum())
        return whole[: len(self._is_counted)]

    def find_missing(self, constraint: int, deadline: Deadline) -> IntArray:
        """Return such people who miss a constraint by as many as possible; raises UnsolvedError."""
        elastic = self._make_elastic()
        numbers = np.arange(len(self._is_counted))
        row = self._program.constraint_matrix.submatrix(np.array([constraint]), numbers)
        own = row.rmatvec(np.ones(1, dtype=np.int64))
        sign = 1 if self._account == "highs" else -1
        costs = np.append(
            self._is_counted + sign * MISSED_COST * own, np.zeros(elastic.slack_count)
        )
        return _solve(elastic, costs, deadline)[: len(self._is_counted)]

    def _make_elastic(self) -> ElasticConstraints:
        program = self._program
        return make_elastic(
            program.constraint_matrix,
            program.coupling_matrix,
            self._bounds,
            self._account,
            self.missed,
        )

    def locate(self, people: IntArray) -> Crowds:
        """Return the people at points."""
        columns = np.flatnonzero((people > 0) & self._is_counted)
        outcome = self._has_people[columns].argmax(axis=1)
        place, day = self._points[columns, outcome].T
        return Crowds(place, day, outcome, people[columns])


def _solve(elastic: ElasticConstraints, costs: FloatArray, deadline: Deadline) -> IntArray:
    """Return columns of the least cost in whole numbers; raises UnsolvedError."""
    primal = Model(elastic.matrix, elastic.lower, elastic.upper).minimise(costs, deadline).primal
    whole: IntArray = np.rint(primal).astype(np.int64)
    if np.abs(whole - primal).max(initial=0) > WHOLE_TOLERANCE:
        raise UnsolvedError("the solution has fractions of people")
    return whole

"""Worlds in which contradicting figures are missed by as few people as possible."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from service.bounds.crowds import Crowds
from service.bounds.elastic_program import ElasticRows, build_elastic_rows
from service.bounds.infeasibility import Dispute
from service.bounds.linear_program import LinearProgram
from service.bounds.partition import NOWHERE
from service.bounds.presolve import ConstraintBounds, make_whole_block
from service.bounds.solver import Deadline, Model, UnsolvedError
from service.columns.arrays import FloatArray, IntArray

Account = Literal["remaining", "highs", "lows", "nearest"]
"""Which ends of contradicting figures hold.

``remaining`` are those that are not set aside. Beside them all highs hold, or all lows. Or the sum
of shortfall and excess is as small as possible.
"""

MISSED_COST: Final = 1_000.0
"""The cost of each person by whom a figure is missed, in people of a world."""

WHOLE_TOLERANCE: Final = 1e-4


def build_account_rows(
    program: LinearProgram, bounds: ConstraintBounds, account: Account
) -> ElasticRows:
    """Return the rows of an account.

    With ``highs`` only lows may be missed, with ``lows`` only highs, else both.
    """
    every = np.ones(len(bounds.lower))
    relaxed = ConstraintBounds(every * (account != "lows"), every * (account != "highs"))
    return build_elastic_rows(program, make_whole_block(program), bounds, relaxed)


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
        self._program, self._account = program, account
        self._rows = build_account_rows(program, bounds, account)
        self._points = program.locate_people(axis)
        self._has_people = self._points[:, :, 1] != NOWHERE
        self._is_counted = self._has_people.any(axis=1)
        self.missed = np.inf
        """By how many people the ends are missed at least, once that is known."""

    def find_least(self, deadline: Deadline) -> IntArray:
        """Return people with the least violation, int[n_columns]; raises UnsolvedError."""
        slack_costs = np.full(len(self._rows.slack_rows), MISSED_COST)
        whole = _solve(self._rows, np.append(self._is_counted, slack_costs), deadline)
        self.missed = float(whole[len(self._is_counted) :].sum())
        return whole[: len(self._is_counted)]

    def find_missing(self, constraint: int, deadline: Deadline) -> IntArray:
        """Return such people who miss a constraint by as many as possible; raises UnsolvedError."""
        numbers = np.arange(len(self._is_counted))
        row = self._program.constraint_matrix.submatrix(np.array([constraint]), numbers)
        own = row.rmatvec(np.ones(1, dtype=np.int64))
        sign = 1 if self._account == "highs" else -1
        rows = self._rows.limit_violation(self.missed)
        costs = np.append(
            self._is_counted + sign * MISSED_COST * own, np.zeros(len(rows.slack_rows))
        )
        return _solve(rows, costs, deadline)[: len(self._is_counted)]

    def locate(self, people: IntArray) -> Crowds:
        """Return the people at points."""
        columns = np.flatnonzero((people > 0) & self._is_counted)
        outcome = self._has_people[columns].argmax(axis=1)
        place, day = self._points[columns, outcome].T
        return Crowds(place, day, outcome, people[columns])


def _solve(rows: ElasticRows, costs: FloatArray, deadline: Deadline) -> IntArray:
    """Return columns of the least cost in whole numbers; raises UnsolvedError."""
    primal = Model(rows.matrix, rows.lower, rows.upper).minimise(costs, deadline).primal
    whole: IntArray = np.rint(primal).astype(np.int64)
    if np.abs(whole - primal).max(initial=0) > WHOLE_TOLERANCE:
        raise UnsolvedError("the solution has fractions of people")
    return whole

"""Components that contradict themselves, with what is left of their figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from service.bounds.account_worlds import Account, AccountWorlds
from service.bounds.component_result import find_end_figure
from service.bounds.component_solver import Component
from service.bounds.crowds import Crowds
from service.bounds.infeasibility import Dispute, ResolvedBounds
from service.bounds.partition import NOWHERE
from service.bounds.presolve import ConstraintBounds
from service.bounds.relaxation.constraint_table import EVERYWHERE, ConstraintTable
from service.bounds.relaxation.record_objects import RecordObjects
from service.bounds.solver import Deadline, UnsolvedError
from service.columns.arrays import IntArray
from service.columns.record_columns import NONE
from service.domain.total import End

SOLVER_SECONDS: Final = 5.0

WORLD_ACCOUNTS: Final[tuple[Account, ...]] = ("highs", "lows", "nearest")
"""The accounts that worlds are looked for in. What remains is met by the worlds of all but one."""


class Accounts(NamedTuple):
    """Which ends hold: those of an account in some contradictory components, else what remains."""

    account: Account = "remaining"
    components: frozenset[int] = frozenset()

    def find(self, component: int) -> Account:
        """Return the account of a component."""
        return self.account if component in self.components else "remaining"


@dataclass(frozen=True, slots=True)
class SpecialComponent:
    """The ends of a component that are not set aside, and people who miss the fewest others.

    ``numbers``, int[n_constraints], are its constraints in the table, ``NONE`` for what is not the
    scope of a figure. ``given`` and ``remaining`` are their bounds. ``rows`` are those of the
    figures that give the low and the high that remain, int[n_constraints, 2], ``NONE`` for no end.
    ``worlds`` has no people for an account if none were found.
    """

    component: Component
    numbers: IntArray
    disputes: tuple[Dispute, ...]
    given: ConstraintBounds
    remaining: ConstraintBounds
    rows: IntArray
    worlds: Mapping[Account, AccountWorlds]
    is_contradictory: bool

    def find_bounds(self, account: Account) -> ConstraintBounds:
        """Return the bounds that hold in an account; in the nearest one they can be missed."""
        return ConstraintBounds(
            (self.given if account in ("lows", "nearest") else self.remaining).lower,
            (self.given if account in ("highs", "nearest") else self.remaining).upper,
        )

    def find_crowds(self, account: Account, number: int) -> Crowds:
        """Return the people of the world with a number, or of the last one.

        They are those of the nearest account if none of this one are known.
        """
        crowds = (self.worlds.get(account) or AccountWorlds()).crowds
        crowds = crowds or self.worlds["nearest"].crowds
        return crowds[min(number, len(crowds) - 1)]

    @property
    def disputing(self) -> list[Dispute]:
        """The disputes that have an end set aside."""
        return [each for each in self.disputes if each.lows or each.highs]


def solve_special(
    table: ConstraintTable, objects: RecordObjects, members: IntArray
) -> SpecialComponent | None:
    """Return what is left of a component; None if no people are known who come close to it."""
    deadline = Deadline(SOLVER_SECONDS)
    component = objects.make_component(members)
    resolved = component.resolve_all(deadline)
    if resolved is None or not resolved.exact:
        return None
    is_contradictory = bool(resolved.disputes)
    worlds: dict[Account, AccountWorlds] = {}
    for account in WORLD_ACCOUNTS if is_contradictory else WORLD_ACCOUNTS[-1:]:
        try:
            axis = table.place_intervals.axis
            found = component.find_account_worlds(resolved, account, axis, deadline)
        except UnsolvedError:
            found = AccountWorlds()
        crowds = tuple(each._replace(place=name_nowhere(each.place)) for each in found.crowds)
        worlds[account] = found._replace(crowds=crowds)
    if not worlds["nearest"].crowds:
        return None
    numbers = [
        int(table.constraint_of_row[objects.row_of(each.figures[0])]) if each.figures else NONE
        for each in component.constraints
    ]
    return SpecialComponent(
        component,
        np.array(numbers, dtype=np.int64),
        resolved.disputes,
        resolved.given_bounds,
        resolved.remaining_bounds,
        _find_rows(objects, component, resolved),
        worlds,
        is_contradictory,
    )


def name_nowhere(places: IntArray) -> IntArray:
    """Return the places, and one for people who are at no place of the division.

    They are still counted by figures about everywhere.
    """
    return np.where(places == NOWHERE, EVERYWHERE[1] - 1, places)


def _find_rows(objects: RecordObjects, component: Component, resolved: ResolvedBounds) -> IntArray:
    """Return the rows of the figures that give the remaining ends, int[n_constraints, 2]."""
    left = resolved.remaining_bounds
    rows: IntArray = np.full((len(component.constraints), 2), NONE, dtype=np.int64)
    ends: tuple[End, End] = ("low", "high")
    for position, constraint in enumerate(component.constraints):
        has_end = left.lower[position] > 0, np.isfinite(left.upper[position])
        for number, end in enumerate(ends):
            if has_end[number]:
                figure = find_end_figure(constraint, end, resolved.set_aside)
                rows[position, number] = objects.row_of(figure)
    return rows

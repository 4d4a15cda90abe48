"""Worlds that miss contradicting figures by as few people as possible."""

from collections.abc import Sequence

import numpy as np
import pytest

from service.bounds import account_worlds
from service.bounds.account_worlds import Account, AccountWorlds
from service.bounds.component_solver import Component
from service.bounds.constraints import FigureScopes, Reclassifications
from service.bounds.solver import Deadline, UnsolvedError
from service.domain.figure import Figure
from tests.bounds.builders import AMPLE_SECONDS, GROUPS, PLACES, finish, make_figure, make_scope


def find_worlds(figures: Sequence[Figure], account: Account) -> AccountWorlds:
    """Return the worlds of an account of some figures, which depend on each other."""
    scopes = FigureScopes(figures, Reclassifications(figures, {}), PLACES, GROUPS)
    component = Component(finish(scopes.build_constraints()))
    deadline = Deadline(AMPLE_SECONDS)
    resolved = component.resolve_all(deadline)
    assert resolved is not None
    return component.find_account_worlds(resolved, account, "place administrative", deadline)


ONE_DAY = [
    make_figure("low", 5, 5, make_scope("a", (1, 1))),
    make_figure("high", 0, 2, make_scope("a", (1, 1))),
]


@pytest.mark.parametrize(("account", "people"), [("highs", 2), ("lows", 5)])
def test_the_people_are_those_of_the_account(account: Account, people: int) -> None:
    worlds = find_worlds(ONE_DAY, account)
    assert [int(each.people.sum()) for each in worlds.crowds] == [people]
    assert worlds.missed == 3


def test_a_nearest_world_misses_as_few_people_as_possible() -> None:
    worlds = find_worlds(ONE_DAY, "nearest")
    assert worlds.missed == 3
    assert 2 <= worlds.crowds[0].people.sum() <= 5


TWO_DAYS = [
    make_figure("first day", 3, None, make_scope("a", (1, 1))),
    make_figure("second day", 3, None, make_scope("a", (2, 2))),
    make_figure("both days", 0, 4, make_scope("a", (1, 2))),
]
"""Either of the two lows can be met, but only one of them."""


def test_each_end_that_is_set_aside_is_missed_in_one_of_the_worlds() -> None:
    worlds = find_worlds(TWO_DAYS, "highs")
    on_days = [
        [int(each.people[each.day == day].sum()) for day in np.unique(each.day)]
        for each in worlds.crowds
    ]
    assert worlds.missed == 2
    assert {min(each) for each in on_days} == {1} and len(on_days) == 2


def test_with_all_lows_true_one_world_misses_the_high() -> None:
    worlds = find_worlds(TWO_DAYS, "lows")
    assert [int(each.people.sum()) for each in worlds.crowds] == [6]
    assert worlds.missed == 2


def test_fractions_of_people_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_worlds, "WHOLE_TOLERANCE", -1.0)
    with pytest.raises(UnsolvedError):
        find_worlds(ONE_DAY, "nearest")


def test_an_end_that_only_fractions_of_people_miss_is_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find_least_again(
        search: account_worlds._WorldSearch, constraint: int, deadline: Deadline
    ) -> np.ndarray:
        return search.find_least(deadline)

    monkeypatch.setattr(account_worlds._WorldSearch, "find_missing", find_least_again)
    with pytest.raises(UnsolvedError):
        find_worlds(TWO_DAYS, "highs")


def test_without_time_nothing_is_resolved() -> None:
    figures = [*ONE_DAY, *TWO_DAYS]
    scopes = FigureScopes(figures, Reclassifications(figures, {}), PLACES, GROUPS)
    component = Component(finish(scopes.build_constraints()))
    assert component.resolve_all(Deadline(0.0)) is None

"""Nested rows are answered without a solver, and with the solver's own answer."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings

from service.bounds.laminar import Nest
from service.bounds.sparse_matrix import Sparse
from service.domain.figure import Figure, Scope
from service.domain.periods import Period
from service.domain.total import Total
from service.domain.vocabulary import ROOT_GROUP
from tests.bounds.build import figure, scope, scopes, sets, total


def reach(
    covers: list[list[int]],
    floors: list[int],
    ceilings: list[float],
    wanted: list[int],
) -> tuple[int, int | None] | None:
    """Return the least and the most of the wanted columns; None where the rows contradict."""
    nest = Nest.of(Sparse.of(np.array(covers)))
    assert nest is not None
    found = nest.range(
        np.array(floors, dtype=float),
        np.array(ceilings, dtype=float),
        np.array(wanted, dtype=bool),
    )
    if found is None:
        return None
    return found.least_in.value, None if found.most_in is None else found.most_in.value


def test_a_floor_around_a_ceiling_leaves_the_rest() -> None:
    assert reach([[1, 1], [0, 1]], [10, 0], [np.inf, 4], [1, 0]) == (6, None)


def test_a_ceiling_around_a_floor_leaves_the_rest() -> None:
    assert reach([[1, 1], [0, 1]], [0, 4], [10, np.inf], [1, 0]) == (0, 6)


def test_rows_apart_are_added() -> None:
    assert reach([[1, 0], [0, 1]], [3, 4], [5, 6], [1, 1]) == (7, 11)


def test_a_column_of_no_row_is_open() -> None:
    assert reach([[1, 0]], [3], [5], [1, 1]) == (3, None)
    assert reach([[1, 0]], [3], [5], [1, 0]) == (3, 5)


def test_equal_rows_lie_in_each_other() -> None:
    assert reach([[1, 1], [1, 1]], [3, 5], [9, 7], [1, 1]) == (5, 7)


def test_rows_that_contradict_allow_nothing() -> None:
    assert reach([[1, 1], [0, 1]], [0, 5], [4, np.inf], [1, 1]) is None


def test_a_row_over_nobody_holds_nobody() -> None:
    assert reach([[0, 0], [1, 1]], [0, 4], [9, 6], [1, 1]) == (4, 6)
    assert reach([[0, 0], [1, 1]], [1, 4], [9, 6], [1, 1]) is None


def test_crossing_rows_are_left_to_the_solver() -> None:
    assert Nest.of(Sparse.of(np.array([[1, 1, 0], [0, 1, 1]]))) is None


def days(first: int, last: int) -> Scope:
    """Return the scope of the days that come so long after a first one."""
    day = date(2020, 1, 1)
    period = Period(day + timedelta(first), day + timedelta(last))
    return Scope(("a",), period, frozenset({"killed"}), (ROOT_GROUP,))


def ladder(rungs: int) -> list[Figure]:
    """Return running totals, one within the next: 2 people a day, give or take one."""
    return [
        figure(f"f{rung}", 2 * rung, 2 * rung + 1, days(1, rung)) for rung in range(1, rungs + 1)
    ]


def told(found: Total) -> tuple[object, ...]:
    """Everything in a total that may not depend on how it was come by."""
    return found.low, found.high, found.exact, found.is_disputed, found.nearest


def by_solver(figures: list[Figure], asked: Scope) -> Total:
    """Return the total as it is where the shorter way is closed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Nest, "of", lambda covers: None)
        return total(figures, asked)


def test_a_long_ladder_has_the_steps_of_a_short_one() -> None:
    short, long = (total(ladder(rungs), days(200, 200)) for rungs in (200, 2_000))
    assert (short.low, short.high, short.exact) == (1, 3, True)
    assert (long.low, long.high, long.exact) == (1, 3, True)
    assert {step.figure.id for step in long.low_terms} == {"f199", "f200"}


@settings(max_examples=150, deadline=None)
@given(sets(most=6, reclassified=False), scopes(asked=True))
def test_the_solver_gives_the_same_answer(figures: list[Figure], asked: Scope) -> None:
    assert told(total(figures, asked)) == told(by_solver(figures, asked))


def test_the_solver_gives_the_same_dispute() -> None:
    figures = [
        figure("region", 0, 100, scope("r")),
        figure("a", 52, None, scope("a")),
        figure("b", 52, None, scope("b")),
    ]
    one, other = total(figures, scope("r")), by_solver(figures, scope("r"))
    assert told(one) == told(other) == (0, None, True, True, (100, 104))
    assert one.lows_set_aside == other.lows_set_aside
    assert one.highs_set_aside == other.highs_set_aside

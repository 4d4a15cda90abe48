"""Laminar constraints need no solver and give the same bounds as the solver."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.bounds.laminar import LaminarBounds, LaminarFamily
from service.bounds.sparse_matrix import SparseMatrix
from service.domain.figure import Figure, Scope
from service.domain.periods import Period
from service.domain.total import Total
from service.domain.vocabulary import ROOT_GROUP
from tests.bounds.builders import compute_total, figure_lists, make_figure, make_scope, scopes


def compute_inside_bounds(
    matrix: list[list[int]],
    lower: list[int],
    upper: list[float],
    inside: list[int],
) -> tuple[int, int | None] | None:
    """Return the bounds on the flagged columns; None if the constraints are infeasible."""
    laminar_family = LaminarFamily.from_matrix(SparseMatrix.from_dense(np.array(matrix)))
    assert laminar_family is not None
    split_bounds = laminar_family.compute_bounds(
        np.array(lower, dtype=float),
        np.array(upper, dtype=float),
        np.array(inside, dtype=bool),
    )
    if split_bounds is None:
        return None
    return (
        split_bounds.lower_in.value,
        None if split_bounds.upper_in is None else split_bounds.upper_in.value,
    )


def test_a_lower_bound_around_an_upper_bound_leaves_the_rest() -> None:
    assert compute_inside_bounds([[1, 1], [0, 1]], [10, 0], [np.inf, 4], [1, 0]) == (6, None)


def test_an_upper_bound_around_a_lower_bound_leaves_the_rest() -> None:
    assert compute_inside_bounds([[1, 1], [0, 1]], [0, 4], [10, np.inf], [1, 0]) == (0, 6)


def test_disjoint_constraints_are_added() -> None:
    assert compute_inside_bounds([[1, 0], [0, 1]], [3, 4], [5, 6], [1, 1]) == (7, 11)


def test_a_column_of_no_constraint_has_no_upper_bound() -> None:
    assert compute_inside_bounds([[1, 0]], [3], [5], [1, 1]) == (3, None)
    assert compute_inside_bounds([[1, 0]], [3], [5], [1, 0]) == (3, 5)


def test_equal_constraints_contain_each_other() -> None:
    assert compute_inside_bounds([[1, 1], [1, 1]], [3, 5], [9, 7], [1, 1]) == (5, 7)


def test_contradicting_constraints_are_infeasible() -> None:
    assert compute_inside_bounds([[1, 1], [0, 1]], [0, 5], [4, np.inf], [1, 1]) is None


def test_a_constraint_without_columns_holds_nobody() -> None:
    assert compute_inside_bounds([[0, 0], [1, 1]], [0, 4], [9, 6], [1, 1]) == (4, 6)
    assert compute_inside_bounds([[0, 0], [1, 1]], [1, 4], [9, 6], [1, 1]) is None


def test_crossing_constraints_are_left_to_the_solver() -> None:
    assert (
        LaminarFamily.from_matrix(SparseMatrix.from_dense(np.array([[1, 1, 0], [0, 1, 1]]))) is None
    )


FOREST = [[1, 1, 1, 1, 0], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]]
"""Constraints and their columns: two inside the first, and one inside one of these."""

BOUNDS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from([0, 2, 5, 9, 20, np.inf])),
    min_size=len(FOREST),
    max_size=len(FOREST),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(BOUNDS, min_size=2, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5))
def test_bounds_computed_after_others_are_those_computed_alone(
    bounds_list: list[list[tuple[int, float]]], inside: list[bool]
) -> None:
    family = LaminarFamily.from_matrix(SparseMatrix.from_dense(np.array(FOREST)))
    assert family is not None
    flags = np.array(inside)
    one_by_one = LaminarBounds(family, flags, ~flags)
    for bounds in bounds_list:
        lower, upper = np.array(bounds, dtype=float).T
        assert one_by_one.compute(lower, upper) == family.compute_bounds(lower, upper, flags)


def make_days_scope(first_offset: int, last_offset: int) -> Scope:
    """Return the scope from one day to another, both as offsets from a fixed day."""
    day = date(2020, 1, 1)
    period = Period(day + timedelta(first_offset), day + timedelta(last_offset))
    return Scope(("a",), period, frozenset({"killed"}), (ROOT_GROUP,))


def make_running_totals(count: int) -> list[Figure]:
    """Return nested running totals that grow by about 2 people a day."""
    return [
        make_figure(f"f{number}", 2 * number, 2 * number + 1, make_days_scope(1, number))
        for number in range(1, count + 1)
    ]


def compared_fields_of(total: Total) -> tuple[object, ...]:
    """Return what must not depend on how a total was computed."""
    return total.low, total.high, total.exact, total.is_disputed, total.nearest


def compute_total_by_solver(figures: list[Figure], scope: Scope) -> Total:
    """Return the total without the laminar method."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LaminarFamily, "from_matrix", lambda matrix: None)
        return compute_total(figures, scope)


def test_a_long_chain_has_the_terms_of_a_short_one() -> None:
    short, long = (
        compute_total(make_running_totals(count), make_days_scope(200, 200))
        for count in (200, 2_000)
    )
    assert (short.low, short.high, short.exact) == (1, 3, True)
    assert (long.low, long.high, long.exact) == (1, 3, True)
    assert {term.figure.id for term in long.low_terms} == {"f199", "f200"}


@settings(max_examples=150, deadline=None)
@given(figure_lists(max_size=6, with_reclassified=False), scopes(for_query=True))
def test_the_solver_gives_the_same_total(figures: list[Figure], scope: Scope) -> None:
    assert compared_fields_of(compute_total(figures, scope)) == compared_fields_of(
        compute_total_by_solver(figures, scope)
    )


def test_the_solver_gives_the_same_dispute() -> None:
    figures = [
        make_figure("region", 0, 100, make_scope("r")),
        make_figure("a", 52, None, make_scope("a")),
        make_figure("b", 52, None, make_scope("b")),
    ]
    one = compute_total(figures, make_scope("r"))
    other = compute_total_by_solver(figures, make_scope("r"))
    assert compared_fields_of(one) == compared_fields_of(other) == (0, None, True, True, (100, 104))
    assert one.contradiction == other.contradiction == 4
    assert one.lows_set_aside == other.lows_set_aside
    assert one.highs_set_aside == other.highs_set_aside

"""Totals of large records from sums of lows, and from wide constraints that cover the query."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from service.bounds.relaxation import covers
from service.bounds.solver import Deadline
from service.columns.column_terms import ColumnTerms
from service.domain.figure import Figure, Scope
from service.domain.total import Term, Total
from tests.bounds.builders import AMPLE_SECONDS, Case, compute_total, make_figure, make_scope
from tests.bounds.relaxation.builders import limits_set, make_engines
from tests.bounds.relaxation.test_against_exact import SIMPLE
from tests.bounds.relaxation.test_claims import (
    LARGE,
    VILLAGES,
    WEEK,
    compute,
    list_terms,
)

FIRST_DAYS = make_scope("r", (1, 2))

LAST_DAYS = make_scope("r", (3, 4))


def compute_inside(figures: Sequence[Figure], query: Scope, seconds: float) -> Total:
    """Return the total of the figures that are wholly inside the query."""
    with limits_set(LARGE):
        engine, _ = make_engines(Case(SIMPLE, list(figures), query), inside=query)
        return engine.total(query, seconds)


def check_against_exact(figures: Sequence[Figure], query: Scope, total: Total) -> None:
    """The range of the exact engine is within that of the total, and often the same."""
    exact = compute_total(figures, query)
    assert total.low is not None and exact.low is not None
    assert total.low <= exact.low
    assert total.high is None or (exact.high is not None and exact.high <= total.high)


def test_people_outside_of_the_query_are_subtracted_from_the_high_around_it() -> None:
    figures = [*VILLAGES, make_figure("whole", 0, 20, WEEK)]
    total = compute(figures, make_scope("a", (1, 1)))
    assert (total.low, total.high) == (1, 17)
    assert list_terms(total.high_terms) == [
        ("b1", "low", -1),
        ("b2", "low", -1),
        ("whole", "high", 1),
    ]
    check_against_exact(figures, make_scope("a", (1, 1)), total)


def test_of_several_figures_around_the_query_the_tightest_limits_it() -> None:
    figures = [*VILLAGES, make_figure("whole", 0, 20, WEEK), make_figure("half", 0, 9, FIRST_DAYS)]
    total = compute(figures, make_scope("a", (1, 1)))
    assert total.high == 7
    assert list_terms(total.high_terms) == [("b1", "low", -1), ("half", "high", 1)]


def test_two_figures_limit_the_query_together() -> None:
    figures = [
        *VILLAGES,
        make_figure("first half", 0, 9, FIRST_DAYS),
        make_figure("second half", 0, 6, LAST_DAYS),
    ]
    total = compute(figures, WEEK)
    assert (total.low, total.high) == (4, 15)
    assert list_terms(total.high_terms) == [("first half", "high", 1), ("second half", "high", 1)]
    check_against_exact(figures, WEEK, total)


def test_a_figure_over_the_edge_of_two_others_is_split_between_them() -> None:
    figures = [
        *VILLAGES,
        make_figure("first half", 0, 9, FIRST_DAYS),
        make_figure("second half", 0, 6, LAST_DAYS),
        make_figure("middle", 2, None, make_scope("r", (2, 3))),
    ]
    total = compute(figures, WEEK)
    assert total.high == 15
    check_against_exact(figures, WEEK, total)


def test_a_day_that_no_figure_with_a_high_has_leaves_the_query_open() -> None:
    figures = [
        *VILLAGES,
        make_figure("first day", 0, 9, make_scope("r", (1, 1))),
        make_figure("last day", 0, 6, make_scope("r", (4, 4))),
        make_figure("middle", 2, None, make_scope("r", (1, 4))),
    ]
    total = compute(figures, WEEK)
    assert total.high is None
    assert {figure.id for figure in total.opening} >= {"middle"}
    check_against_exact(figures, WEEK, total)


def test_with_too_many_covers_nothing_limits_the_query() -> None:
    figures = [
        *VILLAGES,
        make_figure("first half", 0, 9, FIRST_DAYS),
        make_figure("second half", 0, 6, LAST_DAYS),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(covers, "MAX_COVERS", 1)
        assert compute(figures, WEEK, MAX_WORLD_SIZE=0).high is None


def test_the_high_of_a_village_that_has_the_whole_query_limits_it() -> None:
    figures = [
        make_figure("a", 0, 3, make_scope("a", (1, 1))),
        make_figure("b1", 2, None, make_scope("b1", (1, 1))),
        make_figure("whole", 0, 20, WEEK),
    ]
    query = make_scope("a", (1, 1))
    total = compute(figures, query)
    assert (total.low, total.high) == (0, 3)
    assert list_terms(total.high_terms) == [("a", "high", 1)]
    check_against_exact(figures, query, total)


def test_a_component_that_is_partly_in_the_query_is_bounded_inside() -> None:
    figures = [
        make_figure("two days", 5, 8, make_scope("a", (1, 2))),
        make_figure("first day", 2, 3, make_scope("a", (1, 1))),
        make_figure("elsewhere", 1, None, make_scope("b1", (4, 4))),
        make_figure("whole", 0, 20, WEEK),
    ]
    query = make_scope("a", (2, 2))
    total = compute(figures, query, MAX_COMPONENT=2)
    assert (total.low, total.high) == (2, 6)
    assert list_terms(total.low_terms) == [("first day", "high", -1), ("two days", "low", 1)]
    check_against_exact(figures, query, total)


def test_components_in_a_query_about_two_divisions_are_solved_one_by_one() -> None:
    forest = SIMPLE._replace(
        place_nodes={
            **SIMPLE.place_nodes,
            "basin": SIMPLE.place_nodes["a"]._replace(parent="r", facet="hydro"),
        }
    )
    figures = [
        make_figure("two days", 5, 8, make_scope("a", (1, 2))),
        make_figure("first day", 2, 3, make_scope("a", (1, 1))),
        make_figure("whole", 0, 20, WEEK),
    ]
    query = make_scope("a basin", (2, 2))
    with limits_set({**LARGE, "MAX_COMPONENT": 2}):
        relaxed, exact = make_engines(Case(forest, figures, query))
        total = relaxed.total(query, AMPLE_SECONDS)
    expected = exact.total(query, AMPLE_SECONDS)
    assert (total.low, total.high) == (expected.low, expected.high) == (0, 6)


CONTRADICTED = [
    *VILLAGES,
    make_figure("b high", 0, 1, make_scope("b", (1, 4)), reporter="B"),
    make_figure("whole", 0, 20, WEEK),
]


def test_a_contradiction_is_settled_apart_from_the_rest() -> None:
    total = compute(CONTRADICTED, WEEK)
    exact = compute_total(CONTRADICTED, WEEK)
    assert total.is_disputed
    assert {each.id for each in total.highs_set_aside} == {"b high"}
    assert total.nearest is not None and exact.nearest is not None
    assert total.low is not None and exact.low is not None
    assert 1 <= total.low <= exact.low
    assert total.high == 20


def test_people_beside_a_contradiction_are_counted_once() -> None:
    figures = [
        make_figure("killed", 3, None, make_scope("a", (1, 1))),
        make_figure("wounded", 4, None, make_scope("b1", (1, 1), "wounded")),
        make_figure("few wounded", 0, 1, make_scope("r", (1, 4), "wounded"), reporter="B"),
        make_figure("whole", 0, 20, make_scope("r", (1, 4), "killed wounded")),
    ]
    query = make_scope("r", (1, 4), "killed wounded")
    total = compute(figures, query)
    exact = compute_total(figures, query)
    assert total.low is not None and exact.low is not None
    assert 3 <= total.low <= exact.low
    assert [term.figure.id for term in total.low_terms].count("killed") == 1


def test_where_everything_is_contradicted_one_program_has_all() -> None:
    figures = [*VILLAGES, make_figure("whole", 0, 2, WEEK, reporter="B")]
    total = compute(figures, WEEK)
    assert total.is_disputed
    hurried = compute(figures, WEEK, seconds=0.0)
    assert (hurried.is_disputed, hurried.exact, hurried.high) == (True, False, None)
    inside = compute_inside(figures, WEEK, AMPLE_SECONDS)
    assert inside.is_disputed


def test_without_room_for_a_contradiction_nothing_is_known() -> None:
    figures = [
        *CONTRADICTED,
        make_figure("b days", 0, 1, make_scope("b", (1, 3)), reporter="C"),
    ]
    total = compute(figures, WEEK, MAX_WIDE=1)
    assert (total.low, total.high, total.is_disputed) == (0, None, True)


def test_a_high_below_a_disputed_low_is_a_contradiction_too() -> None:
    figures = [
        make_figure("many", 10, 12, make_scope("a", (1, 1))),
        make_figure("fewer", 8, 9, make_scope("a", (1, 1)), reporter="B"),
        make_figure("b1", 1, None, make_scope("b1", (1, 1))),
        make_figure("whole", 0, 4, WEEK, reporter="C"),
    ]
    total = compute(figures, WEEK)
    exact = compute_total(figures, WEEK)
    assert total.is_disputed and exact.is_disputed
    assert total.low is not None and exact.low is not None and total.low <= exact.low


def test_a_claim_above_one_that_the_program_spells_out_is_left_out() -> None:
    figures = [
        make_figure("both", 5, None, make_scope("a", (1, 1), "killed wounded")),
        make_figure("killed", 2, None, make_scope("a", (1, 1))),
        make_figure("all killed", 9, None, WEEK),
        make_figure("whole", 0, 3, make_scope("r", (1, 4), "killed wounded"), reporter="B"),
    ]
    query = make_scope("a", (1, 1), "wounded")
    total = compute(figures, query, MAX_COMPONENT=2)
    exact = compute_total(figures, query)
    assert total.is_disputed
    assert total.low is not None and exact.low is not None and total.low <= exact.low


def test_each_outcome_has_a_figure_that_limits_it() -> None:
    figures = [
        make_figure("both", 5, None, make_scope("a", (1, 1), "killed wounded")),
        make_figure("b1", 2, None, make_scope("b1", (1, 1))),
        make_figure("all killed", 2, 9, WEEK),
        make_figure("all wounded", 0, 6, make_scope("r", (1, 4), "wounded")),
    ]
    query = make_scope("r", (1, 4), "killed wounded")
    total = compute(figures, query)
    assert (total.low, total.high) == (7, 15)
    assert list_terms(total.high_terms) == [("all killed", "high", 1), ("all wounded", "high", 1)]
    check_against_exact(figures, query, total)
    # Nobody is reported to be missing, so only the others need a limit.
    with_missing = make_scope("r", (1, 4), "killed missing")
    assert compute(figures, with_missing).high == 9


def test_with_an_outcome_that_nothing_limits_the_query_is_open() -> None:
    figures = [
        make_figure("both", 5, None, make_scope("a", (1, 1), "killed wounded")),
        make_figure("all killed", 2, 9, WEEK),
        make_figure("all", 0, None, make_scope("r", (1, 4), "killed wounded")),
    ]
    query = make_scope("r", (1, 4), "killed wounded")
    total = compute(figures, query)
    assert (total.low, total.high) == (5, None)
    check_against_exact(figures, query, total)


def test_outcomes_of_one_figure_have_different_limits() -> None:
    figures = [
        make_figure("a", 2, None, make_scope("a", (1, 1), "killed wounded captured")),
        make_figure("wounded", 0, 3, make_scope("a", (1, 1), "wounded")),
        make_figure("b1", 2, None, make_scope("b1", (1, 1), "captured")),
        make_figure("all killed", 2, 9, make_scope("r", (1, 4), "killed")),
        make_figure("all captured", 0, 4, make_scope("r", (1, 4), "captured")),
    ]
    query = make_scope("r", (1, 4), "killed wounded captured")
    total = compute(figures, query, MAX_COMPONENT=2)
    assert (total.low, total.high) == (4, 16)
    assert list_terms(total.high_terms) == [
        ("all captured", "high", 1),
        ("all killed", "high", 1),
        ("wounded", "high", 1),
    ]
    check_against_exact(figures, query, total)


def test_a_cover_can_be_lower_than_the_only_component_of_the_query() -> None:
    figures = [
        *VILLAGES,
        make_figure("a high", 0, 10, make_scope("a", (1, 1))),
        make_figure("whole", 0, 8, WEEK),
    ]
    total = compute(figures, make_scope("a", (1, 1)), MAX_WORLD_SIZE=0)
    assert (total.low, total.high) == (1, 5)  # 8 less the 2 and the 1 elsewhere.
    assert compute(figures[:-1], make_scope("a", (1, 1)), MAX_WORLD_SIZE=0).high == 10


def test_terms_of_bounds_are_joined_with_others_as_arrays_where_that_is_exact() -> None:
    engine, _ = make_engines(Case(SIMPLE, VILLAGES, WEEK))
    prepared = engine._preparation.run(Deadline(AMPLE_SECONDS))
    assert prepared is not None
    query = engine._make_query(prepared.record, engine.overlapping_figures(WEEK), WEEK)
    columns = query.make_sum(prepared.record.bounds, query.components).low_terms
    assert isinstance(columns, ColumnTerms) and len(columns) == 3
    (figure,) = query.objects.make(np.array([0]))
    for multiplier, is_array in ((Fraction(100, 3), True), (Fraction(100, 7), False)):
        other = Term(figure, "low", multiplier)
        joined = query.join_terms([columns, [other]])
        assert isinstance(joined, ColumnTerms) == is_array
        assert joined[0] == other
        assert len(joined) == 4 and set(joined[1:]) == set(columns)

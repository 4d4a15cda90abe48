"""Totals, accounts, contradictions and certificates equal those of the brute force."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import count
from math import ceil, floor
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.bounds import solver
from service.bounds.boxes import make_region
from service.bounds.engine import TotalsEngine
from service.domain.figure import Figure, Scope
from service.domain.total import End, RoundedSum, Term, Total
from service.domain.vocabulary import OUTCOMES
from tests.bounds import brute_force
from tests.bounds.builders import (
    AMPLE_SECONDS,
    GROUP_NODES,
    PLACE_NODES,
    Case,
    Forest,
    cases,
    compute_total,
    figure_ids_of,
    figure_lists,
    make_figure,
    make_scope,
    no_programs,
    scopes,
)

MANY_EXAMPLES = settings(
    max_examples=2_500,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def check_total(total: Total, expected: brute_force.ExpectedTotal) -> None:
    """Check the total against the definition."""
    assert (total.is_reported, total.low, total.high, total.exact) == (
        expected.is_reported,
        expected.low,
        expected.high,
        expected.exact,
    )
    assert total.is_disputed == expected.is_disputed
    check_certificates(total)
    assert total.nearest == expected.nearest
    assert figure_ids_of(total.opening) == expected.opening
    # The definition sets ends aside in all contradictions; a total names those that dispute it.
    assert figure_ids_of(total.lows_set_aside) <= expected.lows_set_aside
    assert figure_ids_of(total.highs_set_aside) <= expected.highs_set_aside
    if not expected.is_disputed:
        assert (total.contradiction, total.lows_set_aside, total.highs_set_aside) == (None, (), ())
        return
    assert total.contradiction is not None
    assert 0 < total.contradiction <= ceil(expected.least_violation - 1e-6)


@MANY_EXAMPLES
@given(cases())
def test_totals_are_what_the_definition_says(case: Case) -> None:
    forest, figures, query = case
    total = TotalsEngine(figures, forest.places, forest.groups).total(query, AMPLE_SECONDS)
    check_total(total, brute_force.compute_expected_total(figures, *forest, query))


def test_the_nearest_range_leaves_out_contradictions_that_do_not_bear_on_an_end() -> None:
    """The people of h are on one of two days, so that the low of the first needs none of them."""
    figures = [make_figure("wide", 0, 900, make_scope("r s", (1, 2)))]
    for group, days in (("g", (1, 1)), ("h", (1, 2))):
        figures += [
            make_figure(f"{group}{places}", low, high, make_scope(places, days, groups=group))
            for places, low, high in (
                ("a b1", 3, 3), ("b1 b2", 3, 3), ("a b2", 4, 4), ("a", 0, 1),
            )
        ]  # fmt: skip
    query = make_scope("r")
    total = compute_total(figures, query)
    assert total.is_disputed
    check_total(total, brute_force.compute_expected_total(figures, PLACE_NODES, GROUP_NODES, query))


def test_a_search_that_fixes_too_much_is_followed_by_one_that_fixes_nothing() -> None:
    """The whole numbers of the relaxation's optimum are not those of the best whole world."""
    figures = [
        make_figure(f"f{number}", low, high, make_scope(places, (1, day), outcomes, group))
        for number, (low, high, places, day, outcomes, group) in enumerate(
            [
                (3, 3, "b1 b2 s", 1, "killed", "g"),
                (2, None, "a b1 b2", 1, "killed wounded", "everyone"),
                (1, 1, "a b1 s", 1, "wounded", "g"),
                (3, 4, "a b1", 1, "killed wounded", "g"),
                (3, 7, "a b2 s", 2, "killed", "h"),
                (3, 3, "a b1 s", 2, "killed", "h"),
                (2, 2, "a b2 s", 1, "killed wounded", "g"),
                (3, 7, "b1 b2", 2, "wounded", "everyone"),
                (3, None, "a b1", 2, "killed", "h"),
                (3, None, "b1 b2", 2, "killed wounded", "everyone"),
            ]
        )
    ]
    query = make_scope("r", (1, 2), "killed wounded")
    check_total(
        compute_total(figures, query),
        brute_force.compute_expected_total(figures, PLACE_NODES, GROUP_NODES, query),
    )


@settings(MANY_EXAMPLES, max_examples=500)
@given(cases())
def test_placed_totals_are_what_the_definition_says(case: Case) -> None:
    forest, figures, query = case
    placed = compute_placed(forest, figures, query)
    check_total(placed, brute_force.compute_expected_placed(figures, *forest, query))


@settings(MANY_EXAMPLES, max_examples=300)
@given(figure_lists(max_size=14, with_reclassified=False), scopes(for_query=True))
def test_larger_sets_are_what_the_definition_says(figures: list[Figure], query: Scope) -> None:
    forest = Forest(PLACE_NODES, GROUP_NODES)
    plain = [figure for figure in figures if figure.scope.incident is None]
    total = TotalsEngine(plain, forest.places, forest.groups).total(query, AMPLE_SECONDS)
    check_total(total, brute_force.compute_expected_total(plain, *forest, query))


@settings(MANY_EXAMPLES, max_examples=300)
@given(cases(max_size=9), st.integers(0, 40), st.booleans())
def test_a_total_cut_short_is_never_narrower_than_the_definition(
    case: Case, seconds: int, is_prepared: bool
) -> None:
    """The clock advances by a second at each reading; a prepared engine knows its components."""
    forest, figures, query = case
    expected = brute_force.compute_expected_total(figures, *forest, query)
    engine = TotalsEngine(figures, forest.places, forest.groups)
    if is_prepared:
        engine.dependent_figures(query, AMPLE_SECONDS)
    for _ in range(3):
        with mock.patch.object(solver.time, "monotonic", count().__next__):
            check_wider(engine.total(query, seconds), expected)


@settings(MANY_EXAMPLES, max_examples=300)
@given(cases(max_size=9))
def test_a_total_without_any_solver_run_is_never_narrower_than_the_definition(case: Case) -> None:
    forest, figures, query = case
    expected = brute_force.compute_expected_total(figures, *forest, query)
    engine = TotalsEngine(figures, forest.places, forest.groups)
    unsolved = solver.UnsolvedError("no time left")
    with mock.patch.object(solver.Model, "_run", side_effect=unsolved):
        check_wider(engine.total(query, AMPLE_SECONDS), expected)


@settings(MANY_EXAMPLES, max_examples=300)
@given(cases(max_size=9))
def test_a_total_without_a_program_is_never_narrower_than_the_definition(case: Case) -> None:
    forest, figures, query = case
    expected = brute_force.compute_expected_total(figures, *forest, query)
    with no_programs():
        total = TotalsEngine(figures, forest.places, forest.groups).total(query, AMPLE_SECONDS)
    check_wider(total, expected)


def check_wider(total: Total, expected: brute_force.ExpectedTotal) -> None:
    """Check that the total holds the range of the definition, and says what it does not know.

    A dispute may stay unknown only if none of the figures with an end set aside meets the query.
    """
    assert total.is_reported == expected.is_reported
    if not total.is_reported:
        return
    assert (total.low or 0) <= (expected.low or 0)
    assert total.high is None or (expected.high is not None and expected.high <= total.high)
    if total.exact:
        check_total(total, expected)
    elif expected.is_disputed and not total.is_disputed:
        set_aside = expected.lows_set_aside | expected.highs_set_aside
        assert not set_aside & figure_ids_of(total.figures)


def compute_placed(forest: Forest, figures: Sequence[Figure], query: Scope) -> Total:
    """Return the total of the figures that are inside the query, of whatever outcomes."""
    places, groups = forest.places, forest.groups
    where = make_region(
        Scope(query.places, query.period, frozenset(OUTCOMES), query.groups), places, groups
    )
    inside = [
        figure for figure in figures if make_region(figure.scope, places, groups).is_within(where)
    ]
    figures_by_id = {figure.id: figure for figure in figures}
    return TotalsEngine(inside, places, groups, figures_by_id).total(query, AMPLE_SECONDS)


def add_terms(terms: Sequence[Term]) -> Fraction:
    """Return the sum that a reader gets from the terms."""
    return sum((term.multiplier * term.people for term in terms), Fraction(0))


def check_bound(terms: Sequence[Term], roundings: Sequence[RoundedSum], end: End) -> Fraction:
    """Check the certificate of one end; return what it adds up to with the rounded sums."""
    contributions = [abs(term.multiplier * term.people) for term in terms]
    assert contributions == sorted(contributions, reverse=True)
    assert all((term.multiplier > 0) == (term.end == end) for term in terms)
    for rounding in roundings:
        assert set(rounding.terms) <= set(terms)
        assert rounding.terms_sum == add_terms(rounding.terms)
        rounded = (ceil if end == "low" else floor)(rounding.terms_sum)
        assert rounding.needs_search == (rounding.people != rounded)
    return add_terms(terms) + sum(each.people - each.terms_sum for each in roundings)


def check_certificates(total: Total) -> None:
    """Check that the terms add up to the bound and use ends of the right kind."""
    if not total.exact or total.low is None:
        return
    assert check_bound(total.low_terms, total.low_roundings, "low") == total.low
    if total.high is None:
        assert (total.high_terms, total.high_roundings) == ((), ())
        return
    assert check_bound(total.high_terms, total.high_roundings, "high") == total.high

"""Totals, disputes and certificates equal those of the brute force."""

from math import ceil, floor

from hypothesis import HealthCheck, given, settings

from service.domain.figure import Figure, Scope
from service.domain.total import Term, Total
from tests.bounds import brute_force
from tests.bounds.builders import GROUPS, PLACES, compute_total, figure_ids_of, figure_lists, scopes

MANY_EXAMPLES = settings(
    max_examples=2_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@MANY_EXAMPLES
@given(figure_lists(), scopes(for_query=True))
def test_totals_are_what_the_definition_says(figures: list[Figure], scope: Scope) -> None:
    result = compute_total(figures, scope)
    expected = brute_force.compute_expected_total(figures, PLACES, GROUPS, scope)
    assert (result.is_reported, result.low, result.high) == (
        expected.is_reported,
        expected.low,
        expected.high,
    )
    assert result.exact == expected.exact
    assert result.is_disputed == expected.is_disputed
    assert result.nearest == expected.nearest
    # The definition sets ends aside in all disputes; a total names those of disputes in its scope.
    assert figure_ids_of(result.lows_set_aside) <= expected.lows_set_aside
    assert figure_ids_of(result.highs_set_aside) <= expected.highs_set_aside
    check_certificates(result)


@settings(MANY_EXAMPLES, max_examples=300)
@given(figure_lists(max_size=14, with_reclassified=False), scopes(for_query=True))
def test_larger_sets_are_what_the_definition_says(figures: list[Figure], scope: Scope) -> None:
    plain = [figure for figure in figures if figure.scope.incident is None]
    result = compute_total(plain, scope)
    expected = brute_force.compute_expected_total(plain, PLACES, GROUPS, scope)
    assert (result.low, result.high, result.is_disputed, result.nearest) == (
        expected.low,
        expected.high,
        expected.is_disputed,
        expected.nearest,
    )
    check_certificates(result)


def add_terms(terms: tuple[Term, ...]) -> float:
    return float(sum(term.multiplier * term.people for term in terms))


def check_certificates(total: Total) -> None:
    """Check that the terms add up to the bound and use ends of the right kind."""
    if not total.exact or total.low is None:
        return
    assert ceil(add_terms(total.low_terms)) == total.low
    for term in total.low_terms:
        assert (term.multiplier > 0) == (term.end == "low")
    if total.high is None:
        assert total.high_terms == ()
        return
    assert floor(add_terms(total.high_terms)) == total.high
    for term in total.high_terms:
        assert (term.multiplier > 0) == (term.end == "high")

"""Every total, dispute and proof against the definition spelled out cell by cell."""

from math import ceil, floor

from hypothesis import HealthCheck, given, settings

from service.domain.figure import Figure, Scope
from service.domain.total import Term, Total
from tests.bounds import brute
from tests.bounds.build import GROUPS, PLACES, ids, scopes, sets, total

MANY = settings(
    max_examples=2_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@MANY
@given(sets(), scopes(asked=True))
def test_totals_are_what_the_definition_says(figures: list[Figure], asked: Scope) -> None:
    found = total(figures, asked)
    expected = brute.answer(figures, PLACES, GROUPS, asked)
    assert (found.is_reported, found.low, found.high) == (
        expected.reported,
        expected.low,
        expected.high,
    )
    assert found.exact == expected.exact
    assert found.is_disputed == expected.disputed
    assert found.nearest == expected.nearest
    # The definition sets ends aside anywhere; a total names those of the disputes it meets.
    assert ids(found.lows_set_aside) <= expected.floors
    assert ids(found.highs_set_aside) <= expected.ceilings
    check_proofs(found)


@settings(MANY, max_examples=300)
@given(sets(most=14, reclassified=False), scopes(asked=True))
def test_larger_sets_are_what_the_definition_says(figures: list[Figure], asked: Scope) -> None:
    plain = [f for f in figures if f.scope.incident is None]
    found = total(plain, asked)
    expected = brute.answer(plain, PLACES, GROUPS, asked)
    assert (found.low, found.high, found.is_disputed, found.nearest) == (
        expected.low,
        expected.high,
        expected.disputed,
        expected.nearest,
    )
    check_proofs(found)


def added_up(steps: tuple[Term, ...]) -> float:
    return float(sum(step.multiplier * step.people for step in steps))


def check_proofs(found: Total) -> None:
    """The steps add up to the bound, and prove it with the right ends."""
    if not found.exact or found.low is None:
        return
    assert ceil(added_up(found.low_terms)) == found.low
    for step in found.low_terms:
        assert (step.multiplier > 0) == (step.end == "low")
    if found.high is None:
        assert found.high_terms == ()
        return
    assert floor(added_up(found.high_terms)) == found.high
    for step in found.high_terms:
        assert (step.multiplier > 0) == (step.end == "high")

"""Every total, dispute and proof against the definition spelled out cell by cell."""

from math import ceil, floor

from hypothesis import HealthCheck, given, settings

from service.domain.figure import Figure, Scope
from service.domain.total import Step, Total
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
    assert (found.reported, found.low, found.high) == (
        expected.reported,
        expected.low,
        expected.high,
    )
    assert found.exact == expected.exact
    assert found.disputed == expected.disputed
    assert found.nearest == expected.nearest
    # The definition sets ends aside anywhere; a total names those of the disputes it meets.
    assert ids(found.floors_set_aside) <= expected.floors
    assert ids(found.ceilings_set_aside) <= expected.ceilings
    check_proofs(found)


@settings(MANY, max_examples=300)
@given(sets(most=14, reclassified=False), scopes(asked=True))
def test_larger_sets_are_what_the_definition_says(figures: list[Figure], asked: Scope) -> None:
    plain = [f for f in figures if f.scope.incident is None]
    found = total(plain, asked)
    expected = brute.answer(plain, PLACES, GROUPS, asked)
    assert (found.low, found.high, found.disputed, found.nearest) == (
        expected.low,
        expected.high,
        expected.disputed,
        expected.nearest,
    )
    check_proofs(found)


def added_up(steps: tuple[Step, ...]) -> float:
    return float(sum(step.times * step.people for step in steps))


def check_proofs(found: Total) -> None:
    """The steps add up to the bound, and prove it with the right ends."""
    if not found.exact or found.low is None:
        return
    assert ceil(added_up(found.because_low)) == found.low
    for step in found.because_low:
        assert (step.times > 0) == (step.end == "low")
    if found.high is None:
        assert found.because_high == ()
        return
    assert floor(added_up(found.because_high)) == found.high
    for step in found.because_high:
        assert (step.times > 0) == (step.end == "high")

"""Properties of totals that follow from their definition, for any figures."""

from dataclasses import replace
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from service.bounds import component_solver
from service.bounds.component_cache import ComponentCache
from service.bounds.engine import TotalsEngine
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from service.shared_cache import SharedCache
from tests.bounds import brute_force
from tests.bounds.builders import (
    AMPLE_SECONDS,
    GROUP_NODES,
    GROUPS,
    PLACE_NODES,
    PLACES,
    Person,
    compute_total,
    count_people,
    figure_ids_of,
    figure_lists,
    narrower_scopes,
    scopes,
    true_figures,
    worlds,
)

settings.register_profile("algebra", max_examples=150, deadline=None)
ALGEBRA = settings.get_profile("algebra")


def compared_fields_of(total: Total) -> tuple[object, ...]:
    """Everything in a total that may not depend on how its figures came in."""
    return total.is_reported, total.low, total.high, total.is_disputed, total.nearest, total.exact


@ALGEBRA
@given(figure_lists(), scopes(for_query=True), st.randoms())
def test_the_order_of_arrival_is_irrelevant(figures: list[Figure], scope: Scope, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(figures)
    random.shuffle(shuffled)
    assert compared_fields_of(compute_total(figures, scope)) == compared_fields_of(
        compute_total(shuffled, scope)
    )


def terms_of(total: Total) -> list[str]:
    """Return the terms of both proofs, with the content of their figures instead of ids."""
    return sorted(
        repr((replace(term.figure, id="", report=""), term.end, term.multiplier, term.people))
        for term in (*total.low_terms, *total.high_terms)
    )


@ALGEBRA
@given(figure_lists(with_reclassified=False), scopes(for_query=True), st.randoms())
def test_the_proof_does_not_depend_on_the_order_of_arrival(
    figures: list[Figure],
    scope: Scope,
    random,  # type: ignore[no-untyped-def]
) -> None:
    shuffled = list(figures)
    random.shuffle(shuffled)
    assert terms_of(compute_total(figures, scope)) == terms_of(compute_total(shuffled, scope))


@ALGEBRA
@given(figure_lists(with_reclassified=False), scopes(for_query=True), st.data())
def test_a_repeated_figure_changes_nothing(
    figures: list[Figure], scope: Scope, data: st.DataObject
) -> None:
    again = data.draw(st.sampled_from(figures))
    repeated = [*figures, replace(again, id="again", reporter="somebody else")]
    assert compared_fields_of(compute_total(figures, scope)) == compared_fields_of(
        compute_total(repeated, scope)
    )


@ALGEBRA
@given(figure_lists(), scopes(for_query=True))
def test_low_is_never_above_high(figures: list[Figure], scope: Scope) -> None:
    result = compute_total(figures, scope)
    assert result.low is None or result.high is None or result.low <= result.high


@ALGEBRA
@given(figure_lists(), scopes(for_query=True))
def test_a_part_is_never_below_more_than_the_whole(figures: list[Figure], scope: Scope) -> None:
    region = compute_total(figures, replace(scope, places=("r",)))
    for village in ("a", "b", "b1", "b2"):
        part = compute_total(figures, replace(scope, places=(village,)))
        assert (part.low or 0) <= (region.low or 0)


@ALGEBRA
@given(figure_lists(), scopes(for_query=True))
def test_the_lows_of_disjoint_parts_never_sum_to_more_than_the_whole(
    figures: list[Figure], scope: Scope
) -> None:
    region = compute_total(figures, replace(scope, places=("r",)))
    parts = [
        compute_total(figures, replace(scope, places=(group_id,)))
        for group_id in PLACES.children("r")
    ]
    assert sum(part.low or 0 for part in parts) <= (region.low or 0)
    both = compute_total(figures, replace(scope, groups=("everyone",)))
    halves = [
        compute_total(figures, replace(scope, groups=(group_id,)))
        for group_id in GROUPS.children("everyone")
    ]
    assert sum(half.low or 0 for half in halves) <= (both.low or 0)


@ALGEBRA
@given(worlds(), st.lists(scopes(with_events=True), min_size=1, max_size=7), st.data())
def test_a_figure_that_is_true_in_the_same_world_only_narrows(
    world: list[Person], figure_scopes: list[Scope], data: st.DataObject
) -> None:
    """All figures are drawn from one hidden world, so that every one of them is consistent.

    The new one covers nobody that no other covers: a total allows no people that nobody reported,
    and a figure that reaches further can raise it.
    """
    figures = [
        data.draw(true_figures(world, f"f{number}", scope))
        for number, scope in enumerate(figure_scopes)
    ]
    covered = [person for person in world if any(person.is_in(each) for each in figure_scopes)]
    new_scope = data.draw(st.sampled_from(figure_scopes).flatmap(narrower_scopes))
    new_figure = data.draw(true_figures(world, "new", new_scope))
    query = replace(data.draw(st.sampled_from([*figure_scopes, new_scope])), incident=None)
    before, after = compute_total(figures, query), compute_total([*figures, new_figure], query)
    people = count_people(covered, query)
    for result in (before, after):
        assert (result.is_reported, result.exact, result.is_disputed) == (True, True, False)
        assert (result.low or 0) <= people
        assert result.high is None or people <= result.high
    assert (before.low or 0) <= (after.low or 0)
    if before.high is not None:
        assert after.high is not None
        assert after.high <= before.high


@ALGEBRA
@given(figure_lists(), st.lists(scopes(for_query=True), min_size=1, max_size=6))
def test_earlier_queries_change_no_total(
    figures: list[Figure], scopes_to_total: list[Scope]
) -> None:
    """Results of components are cached by the query's cells; the second round uses the cache."""
    used_engine = TotalsEngine(figures, PLACES, GROUPS)
    with patch.object(component_solver, "MAX_CACHED_RESULTS", 2):
        for scope in (*scopes_to_total, *scopes_to_total):
            result = used_engine.total(scope, 60.0)
            fresh = TotalsEngine(figures, PLACES, GROUPS).total(scope, 60.0)
            assert result == fresh


@ALGEBRA
@given(
    figure_lists(),
    st.lists(scopes(for_query=True), min_size=1, max_size=4),
    st.sampled_from([1, 10**6]),
)
def test_a_shared_component_cache_changes_no_total(
    figures: list[Figure], scopes_to_total: list[Scope], max_bytes: int
) -> None:
    """Components of unchanged figures are reused for the next state of the record."""
    cache = ComponentCache(SharedCache(max_bytes))
    figures_by_id = {figure.id: figure for figure in figures}
    for counted_figures in (figures[1:], figures, figures[:-1], figures):
        engine = TotalsEngine(counted_figures, PLACES, GROUPS, figures_by_id, cache)
        for scope in scopes_to_total:
            result = engine.total(scope, 60.0)
            fresh = TotalsEngine(counted_figures, PLACES, GROUPS, figures_by_id).total(scope, 60.0)
            assert result == fresh


@ALGEBRA
@given(figure_lists(max_size=9), scopes(for_query=True))
def test_the_ends_set_aside_are_found_without_the_total(
    figures: list[Figure], scope: Scope
) -> None:
    """Among them are all that overlap the scope, whether or not they dispute its total."""
    expected = brute_force.compute_expected_total(figures, PLACE_NODES, GROUP_NODES, scope)
    engine = TotalsEngine(figures, PLACES, GROUPS)
    found = engine.find_set_aside(scope, AMPLE_SECONDS)
    set_aside = expected.lows_set_aside | expected.highs_set_aside
    overlapping = figure_ids_of(engine.overlapping_figures(scope))
    assert set_aside & overlapping <= figure_ids_of(found) <= set_aside
    assert len(set(found)) == len(found)

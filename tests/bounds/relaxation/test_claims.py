"""Claims: lows that add up, in answers without time and around a query."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from service.bounds.relaxation.claim_terms import ClaimTerms
from service.bounds.relaxation.relaxed_query import RelaxedQuery
from service.bounds.solver import Deadline
from service.domain.figure import Figure, Scope
from service.domain.total import Term, Total
from tests.bounds.builders import AMPLE_SECONDS, Case, finish, make_figure, make_scope
from tests.bounds.relaxation.builders import compute_relaxed, limits_set, make_engines
from tests.bounds.relaxation.test_against_exact import SIMPLE

LARGE = {"MAX_SMALL_AREA": 1, "MAX_COMPONENT": 1, "MAX_CLOSURE": 0}
"""Limits with which any figure about several places or days is wide if another is in it."""

VILLAGES = [
    make_figure("a", 1, None, make_scope("a", (1, 1))),
    make_figure("b1", 2, None, make_scope("b1", (1, 1))),
    make_figure("b2", 1, None, make_scope("b2", (4, 4))),
]

WEEK = make_scope("r", (1, 4))


def compute(
    figures: Sequence[Figure], query: Scope, seconds: float = AMPLE_SECONDS, **limits: int
) -> Total:
    return compute_relaxed(Case(SIMPLE, list(figures), query), {**LARGE, **limits}, seconds)


def list_terms(terms: Sequence[Term]) -> list[tuple[str, str, int]]:
    return sorted((term.figure.id, term.end, int(term.multiplier)) for term in terms)


def test_without_time_the_lows_of_small_figures_add_up() -> None:
    figures = [*VILLAGES, make_figure("whole", 0, 20, WEEK)]
    total = compute(figures, WEEK, seconds=0.0)
    assert (total.low, total.high, total.exact) == (4, 20, False)
    assert list_terms(total.low_terms) == [("a", "low", 1), ("b1", "low", 1), ("b2", "low", 1)]
    assert list_terms(total.high_terms) == [("whole", "high", 1)]


def test_a_wide_low_counts_beyond_those_within_it_and_is_proved_by_itself() -> None:
    figures = [
        *VILLAGES,
        make_figure("day", 6, None, make_scope("r", (1, 1))),
        make_figure("days", 6, None, make_scope("r", (1, 2))),
        make_figure("whole", 9, None, WEEK),
    ]
    total = compute(figures, WEEK, seconds=0.0)
    assert total.low == 9
    assert list_terms(total.low_terms) == [("whole", "low", 1)]
    first_day = compute(figures, make_scope("r", (1, 1)), seconds=0.0)
    assert first_day.low == 6
    assert list_terms(first_day.low_terms) == [("day", "low", 1)]


def test_a_wide_low_below_the_sum_of_those_within_it_is_not_counted() -> None:
    figures = [*VILLAGES, make_figure("whole", 3, None, WEEK)]
    total = compute(figures, WEEK, seconds=0.0)
    assert total.low == 4
    assert ("whole", "low", 1) not in list_terms(total.low_terms)


def test_claims_elsewhere_are_subtracted_from_a_wide_high() -> None:
    figures = [
        *VILLAGES,
        make_figure("b whole", 5, None, make_scope("b", (1, 4))),
        make_figure("whole", 0, 12, WEEK),
    ]
    total = compute(figures, make_scope("a", (1, 1)))
    assert (total.low, total.high) == (1, 7)
    assert list_terms(total.high_terms) == [("b whole", "low", -1), ("whole", "high", 1)]


def test_claims_that_a_high_contradicts_are_not_subtracted() -> None:
    figures = [
        *VILLAGES,
        make_figure("b whole", 5, None, make_scope("b", (1, 4))),
        make_figure("b high", 0, 2, make_scope("b b2", (1, 4))),
        make_figure("whole", 0, 12, WEEK),
    ]
    total = compute(figures, make_scope("a", (1, 1)))
    assert (total.low, total.high) == (1, 12)


def test_a_contradicted_wide_figure_disputes_the_totals_it_overlaps() -> None:
    figures = [
        *VILLAGES,
        make_figure("b whole", 5, None, make_scope("b", (1, 4))),
        make_figure("b high", 0, 2, make_scope("b b2", (1, 4)), reporter="B"),
    ]
    total = compute(figures, make_scope("b", (1, 4)))
    assert total.is_disputed
    assert "b high" in {figure.id for figure in total.highs_set_aside}
    assert "b whole" in {figure.id for figure in total.lows_set_aside}


def test_nested_wide_claims_are_proved_by_the_outermost() -> None:
    figures = [
        *VILLAGES,
        make_figure("day", 6, None, make_scope("r", (1, 1))),
        make_figure("days", 7, None, make_scope("r", (1, 2))),
        make_figure("whole", 9, None, WEEK),
    ]
    with limits_set(LARGE):
        engine, _ = make_engines(Case(SIMPLE, figures, WEEK))
        record = finish(engine._prepare()).record
    table, wide = record.table, record.components.wide
    by_low = {int(table.lower[constraint]): constraint for constraint in wide.tolist()}
    all_claims, outermost = ClaimTerms(record), ClaimTerms(record)
    for position in range(len(wide)):
        all_claims.add_wide(position, Fraction(1))
    all_claims.add_claims(np.arange(record.components.count), 15, Fraction(1))
    assert all_claims.list_terms() == {(by_low[9], "low"): 1}
    outermost.add_wide(wide.tolist().index(by_low[9]), Fraction(1))
    terms = outermost.list_terms()
    assert terms[by_low[9], "low"] == 1
    assert terms[by_low[7], "low"] == -1
    assert (by_low[6], "low") not in terms


def test_claims_of_a_wide_incident_are_subtracted_too() -> None:
    figures = [
        *VILLAGES,
        make_figure("incident", 5, None, make_scope("b", (1, 4), incident="x:1")),
        make_figure("whole", 0, 12, WEEK),
    ]
    total = compute(figures, make_scope("a", (1, 1)))
    assert (total.low, total.high) == (1, 7)
    assert list_terms(total.high_terms) == [("incident", "low", -1), ("whole", "high", 1)]


def test_without_a_world_a_wide_claim_is_left_out_with_the_contradicted_claims_within_it() -> None:
    figures = [
        *VILLAGES,
        make_figure("b1 high", 0, 1, make_scope("b1", (1, 4)), reporter="B"),
        make_figure("b whole", 5, None, make_scope("b", (1, 4))),
        make_figure("whole", 0, 12, WEEK),
    ]
    total = compute(figures, make_scope("a", (1, 1)), MAX_WORLD_SIZE=0)
    assert (total.low, total.high) == (1, 11)


def test_with_more_contradicted_wide_figures_than_a_program_holds_nothing_is_known() -> None:
    figures = [
        *VILLAGES,
        make_figure("one", 5, None, make_scope("b", (1, 4))),
        make_figure("two", 0, 2, make_scope("b", (1, 4)), reporter="B"),
        make_figure("three", 7, None, WEEK),
        make_figure("four", 0, 1, WEEK, reporter="B"),
    ]
    total = compute(figures, make_scope("b", (1, 4)), MAX_WIDE=1)
    assert (total.low, total.high, total.is_disputed, total.exact) == (0, None, True, False)


def test_a_contradicted_wide_figure_for_which_the_grid_has_no_room_disputes_the_total() -> None:
    figures = [
        *VILLAGES,
        make_figure("floor", 7, None, WEEK),
        make_figure("ceiling", 0, 1, WEEK, reporter="B"),
    ]
    total = compute(figures, make_scope("a", (1, 1)), MAX_FOOTPRINTS=0)
    assert (total.low, total.high, total.is_disputed, total.exact) == (0, None, True, False)


def test_the_figures_behind_a_contradicted_claim_are_set_aside() -> None:
    figures = [
        *VILLAGES,
        make_figure("b day", 4, None, make_scope("b", (1, 1))),
        make_figure("b whole", 8, None, make_scope("b", (1, 4))),
        make_figure("whole", 0, 6, WEEK, reporter="B"),
    ]
    total = compute(figures, make_scope("a", (1, 1)))
    assert total.is_disputed
    assert "b whole" in {figure.id for figure in total.lows_set_aside}
    assert {figure.id for figure in total.highs_set_aside} == {"whole"}


def test_without_time_a_query_that_only_a_wide_figure_overlaps_starts_at_nobody() -> None:
    figures = [*VILLAGES, make_figure("whole", 9, 12, make_scope("r s", (1, 4)))]
    total = compute(figures, make_scope("s", (1, 4)), seconds=0.0)
    assert (total.low, total.exact) == (0, False)
    assert total.low_terms == ()


@pytest.mark.parametrize("places", ["", "b"])
def test_a_query_of_all_places_holds_as_many_as_there_are(places: str) -> None:
    figures = [*VILLAGES, make_figure("whole", 9, 12, make_scope("r s", (1, 4)))]
    scope = make_scope(places, (1, 4))
    with limits_set({**LARGE, "MAX_WIDE": 1}):
        engine, _ = make_engines(Case(SIMPLE, figures, scope))
        record = finish(engine._prepare()).record
        query = engine._make_query(record, engine.overlapping_figures(scope), scope)
        count = RelaxedQuery(query)._count_places()
    assert (count == len(SIMPLE.places)) == (places == "")
    assert 0 < count <= len(SIMPLE.places)


@pytest.mark.parametrize(("whole_high", "high"), [(20, 9), (8, 8)])
def test_a_relaxed_program_adds_up_components_that_it_does_not_spell_out(
    whole_high: int, high: int
) -> None:
    figures = [
        make_figure("a", 1, 3, make_scope("a", (1, 1))),
        make_figure("b1", 2, 4, make_scope("b1", (1, 1))),
        make_figure("b2", 1, 2, make_scope("b2", (4, 4))),
        make_figure("whole", 0, whole_high, WEEK),
    ]
    with limits_set({**LARGE, "MAX_SPELLED": 0}):
        engine, _ = make_engines(Case(SIMPLE, figures, WEEK))
        record = finish(engine._prepare()).record
        query = engine._make_query(record, engine.overlapping_figures(WEEK), WEEK)
        # The wide figure counts nobody beside those of the villages.
        inner = query.restrict(query.components, query.wide[:0] if high == 9 else query.wide)
        total = RelaxedQuery(inner).compute(Deadline(AMPLE_SECONDS))
    assert (total.low, total.high, total.exact) == (4, high, False)
    assert list_terms(total.low_terms) == [("a", "low", 1), ("b1", "low", 1), ("b2", "low", 1)]
    villages = [("a", "high", 1), ("b1", "high", 1), ("b2", "high", 1)]
    assert list_terms(total.high_terms) == (villages if high == 9 else [("whole", "high", 1)])

"""Totals of very large records, from the figures nearby alone."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings

from service.bounds.relaxation import local_engine
from service.bounds.relaxation.local_engine import LocalEngine
from service.columns.column_figures import CountedRows
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from tests.bounds.builders import AMPLE_SECONDS, Case, make_figure, make_scope
from tests.bounds.relaxation.builders import compute_both, limits_set, make_engines, make_state
from tests.bounds.relaxation.test_against_exact import SIMPLE, check_proofs, ends_of
from tests.bounds.relaxation.test_claims import LARGE, VILLAGES, WEEK
from tests.bounds.relaxation.test_refined_query import LIMITS, true_cases


def make_local_engine(figures: Sequence[Figure]) -> LocalEngine:
    """Return an engine of the figures."""
    state = make_state(SIMPLE, figures)
    trees = state.entities.place_tree, state.entities.group_tree
    return LocalEngine(CountedRows(state, state.is_live), *trees)


def compute_local(figures: Sequence[Figure], query: Scope) -> Total:
    """Return the total of the query."""
    with limits_set(LARGE):
        return make_local_engine(figures).total(query, AMPLE_SECONDS)


@settings(max_examples=200, deadline=None)
@given(true_cases(), LIMITS)
def test_a_total_from_the_figures_nearby_is_never_narrower(
    case: Case, limits: dict[str, int]
) -> None:
    _, exact = compute_both(case, limits)
    with limits_set(limits):
        local = make_local_engine(case.figures).total(case.query, AMPLE_SECONDS)
    assert local.is_reported == exact.is_reported
    if not exact.is_reported:
        return
    assert not local.exact and local.is_final
    assert ends_of(local)[0] <= ends_of(exact)[0]
    assert ends_of(exact)[1] <= ends_of(local)[1]
    check_proofs(local)


def test_an_incident_that_is_elsewhere_is_not_counted_for_sure() -> None:
    figures = [
        make_figure("here", 3, 3, make_scope("a", (1, 1), incident="x:1")),
        make_figure("there", 3, 3, make_scope("b1", (4, 4), incident="x:1"), reporter="B"),
    ]
    engine = make_local_engine(figures)
    query = make_scope("a", (1, 1))
    total = engine.total(query, AMPLE_SECONDS)
    assert (total.low, total.high) == (0, 3)
    assert engine.find_elsewhere(engine.overlapping_figures(query)) == [figures[0]]


def test_people_who_were_found_dead_are_not_missing_any_more() -> None:
    figures = [
        make_figure("missing", 5, 5, make_scope("a", (1, 1), "missing")),
        make_figure("found", 3, 3, make_scope("a", (1, 1)), reclassifies="missing"),
    ]
    engine = make_local_engine(figures)
    total = engine.total(make_scope("a", (1, 1), "missing"), AMPLE_SECONDS)
    assert (total.low, total.high) == (2, 2)
    assert engine.outcomes_of(figures[0]) == {"missing", "killed"}


def test_with_too_many_figures_nearby_a_total_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_engine, "MAX_NEARBY_FIGURES", 2)
    engine = make_local_engine(VILLAGES)
    total = engine.total(WEEK, AMPLE_SECONDS)
    assert (total.low, total.high, total.exact, total.is_final) == (0, None, False, True)
    assert len(total.opening) == 3
    assert engine.find_elsewhere(engine.overlapping_figures(WEEK)) == []
    assert engine.total(make_scope("b", (1, 1)), AMPLE_SECONDS).low == 2


def test_nothing_is_reported_where_no_figure_is() -> None:
    assert not compute_local(VILLAGES, make_scope("s", (1, 1))).is_reported


def test_contradictions_nearby_are_found() -> None:
    figures = [*VILLAGES, make_figure("b1 high", 0, 1, make_scope("b1", (1, 1)), reporter="B")]
    query = make_scope("b1", (1, 1))
    assert compute_local(figures, query).is_disputed
    engine = make_local_engine(figures)
    set_aside = engine.find_set_aside(query, AMPLE_SECONDS)
    assert {figure.id for figure in set_aside} == {"b1", "b1 high"}


def test_a_total_may_depend_on_any_figure() -> None:
    engine = make_local_engine(VILLAGES)
    query = make_scope("a", (1, 1))
    assert len(engine.dependent_figures(query, AMPLE_SECONDS)) == 3
    assert len(engine.counted_figures) == 3
    assert not engine.are_disjoint(query, AMPLE_SECONDS)


def test_the_engines_of_the_last_scopes_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_engine, "MAX_KEPT", 1)
    engine = make_local_engine(VILLAGES)
    totals = [
        engine.total(make_scope(place, (1, 1)), AMPLE_SECONDS).low for place in "a b a".split()
    ]
    assert totals == [1, 2, 1]
    assert len(engine.own_parts) == 1


def test_a_local_engine_and_a_prepared_one_agree_where_nothing_else_is() -> None:
    with limits_set(LARGE):
        prepared, _ = make_engines(Case(SIMPLE, VILLAGES, WEEK))
        whole = prepared.total(WEEK, AMPLE_SECONDS)
        local = compute_local(VILLAGES, WEEK)
    assert ends_of(local) == ends_of(whole)

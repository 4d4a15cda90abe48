"""Totals of a very large register, before and after all of its figures are prepared."""

from typing import Final

import pytest
from hypothesis import given, settings

from service.bounds.relaxation import engine as engine_module
from service.bounds.relaxation import register_engine
from service.bounds.relaxation.register_engine import RegisterEngine
from service.columns.column_figures import CountedRows
from tests.bounds.builders import AMPLE_SECONDS, Case, make_figure, make_scope
from tests.bounds.relaxation.builders import compute_both, limits_set, make_state
from tests.bounds.relaxation.test_against_exact import (
    SIMPLE,
    check_proofs,
    ends_of,
    register_cases,
)

REGISTER: Final = {"MIN_REGISTER": 1}

FIGURES: Final = [
    make_figure("a", 3, 5, make_scope("a", incident="x:1")),
    make_figure("b", 2, None, make_scope("b", incident="x:2")),
]


def make_engine(case: Case) -> RegisterEngine:
    state = make_state(case.forest, case.figures)
    trees = state.entities.place_tree, state.entities.group_tree
    return RegisterEngine(CountedRows(state, state.is_live), *trees)


@settings(max_examples=200, deadline=None)
@given(register_cases())
def test_a_prepared_register_has_the_totals_of_the_exact_engine(case: Case) -> None:
    _, exact = compute_both(case, REGISTER)
    with limits_set(REGISTER):
        total = make_engine(case).total(case.query, AMPLE_SECONDS)
    assert total.is_reported == exact.is_reported
    if exact.is_reported and total.exact:
        assert ends_of(total) == ends_of(exact)
        check_proofs(total)


def test_before_it_is_prepared_a_total_comes_from_the_figures_nearby() -> None:
    engine = make_engine(Case(SIMPLE, FIGURES, make_scope()))
    hurried = engine.total(make_scope("a"), 0.0)
    assert (hurried.exact, hurried.is_final) == (False, False)
    with limits_set(REGISTER):
        total = engine.total(make_scope("a"), AMPLE_SECONDS)
    assert total.exact and ends_of(total) == (3, 5)
    assert hurried.low is not None and hurried.low <= 3
    assert not engine.total(make_scope("s"), AMPLE_SECONDS).is_reported


def test_a_total_of_many_figures_waits_until_they_are_prepared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(register_engine, "MAX_NEARBY_FIGURES", 1)
    monkeypatch.setattr(engine_module, "PREPARATION_SECONDS", 0.0)
    engine = make_engine(Case(SIMPLE, FIGURES, make_scope()))
    whole = make_scope("r")
    assert engine.total(whole, 0.0).high is None
    assert engine.total(whole, AMPLE_SECONDS).low == 5

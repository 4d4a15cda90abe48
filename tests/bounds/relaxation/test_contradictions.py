"""Totals of large records in which some figures contradict each other."""

from collections.abc import Callable
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.bounds import component_solver
from service.bounds.account_worlds import Account, AccountWorlds
from service.bounds.computation import Steps
from service.bounds.infeasibility import ResolvedBounds
from service.bounds.relaxation import (
    end_search,
    refined_range,
    weighted_components,
    wide_multipliers,
)
from service.bounds.solver import Deadline, UnsolvedError
from service.columns.record_columns import NONE
from service.domain.figure import Scope
from service.domain.total import Total
from tests.bounds.builders import AMPLE_SECONDS, Case, make_figure, make_scope
from tests.bounds.relaxation.builders import compute_both, limits_set, make_engines
from tests.bounds.relaxation.test_against_exact import SIMPLE, check_proofs, ends_of
from tests.bounds.relaxation.test_claims import LARGE, VILLAGES, compute
from tests.bounds.relaxation.test_refined_query import CROSSING, LIMITS, scopes_of_everyone


@st.composite
def false_cases(draw: st.DrawFn) -> Case:
    """Draw figures about everyone that may contradict each other, and a query."""
    drawn = draw(st.lists(scopes_of_everyone(with_incidents=True), min_size=2, max_size=9))
    figures = []
    for number, scope in enumerate(drawn):
        low, width = draw(st.integers(0, 6)), draw(st.sampled_from([0, 0, 1, 3, None]))
        high = None if width is None else low + width
        reporter = draw(st.sampled_from("AB"))
        figures.append(make_figure(f"f{number}", low, high, scope, reporter=reporter))
    return Case(SIMPLE, figures, draw(scopes_of_everyone(with_incidents=False)))


def assert_alike(relaxed: Total, exact: Total) -> None:
    """Assert that two totals say the same of the people and of the contradictions."""
    assert ends_of(relaxed) == ends_of(exact)
    assert relaxed.is_disputed == exact.is_disputed
    assert (relaxed.nearest, relaxed.contradiction) == (exact.nearest, exact.contradiction)
    assert relaxed.lows_set_aside == exact.lows_set_aside
    assert relaxed.highs_set_aside == exact.highs_set_aside


@settings(max_examples=400, deadline=None)
@given(false_cases(), LIMITS)
def test_an_exact_total_is_that_of_the_exact_engine(case: Case, limits: dict[str, int]) -> None:
    relaxed, exact = compute_both(case, limits)
    if exact.is_reported and relaxed.exact:
        assert_alike(relaxed, exact)
        check_proofs(relaxed)


CONTRADICTED = [
    *CROSSING,
    make_figure("b1 high", 0, 1, make_scope("b1", (1, 1)), reporter="B"),
]
"""A village with a low of 2 and a high of 1, beside wide figures."""


QUERIES = [
    (make_scope("r", (4, 4)), (1, 14), (1, 13), 1),
    (make_scope("r", (1, 2)), (6, 9), None, None),
    (make_scope("b1", (1, 1)), (0, 8), (1, 2), 1),
    (make_scope("a", (1, 4)), (1, 19), (1, 18), 1),
]
"""Queries with their ranges, and with the nearest range and the violation of what disputes them."""


@pytest.mark.parametrize(("query", "ends", "nearest", "contradiction"), QUERIES)
def test_a_total_beside_a_contradiction_is_exact(
    query: Scope,
    ends: tuple[int, int],
    nearest: tuple[int, int] | None,
    contradiction: int | None,
) -> None:
    relaxed, exact = compute_both(Case(SIMPLE, CONTRADICTED, query), LARGE)
    assert relaxed.exact
    assert ends_of(relaxed) == ends
    assert (relaxed.is_disputed, relaxed.nearest) == (nearest is not None, nearest)
    assert relaxed.contradiction == contradiction
    assert_alike(relaxed, exact)
    check_proofs(relaxed)


PARTLY_SET_ASIDE = [
    *CROSSING,
    make_figure("b1 more", 5, None, make_scope("b1", (1, 1)), reporter="B"),
    make_figure("b1 high", 0, 3, make_scope("b1", (1, 1)), reporter="C"),
]
"""Of two lows of a village one is set aside: the other one remains, and proves a low of totals."""


def test_the_low_of_another_figure_of_the_scope_remains() -> None:
    query = make_scope("b", (1, 2))
    relaxed, exact = compute_both(Case(SIMPLE, PARTLY_SET_ASIDE, query), LARGE)
    assert relaxed.exact and relaxed.low == 2
    assert_alike(relaxed, exact)
    check_proofs(relaxed)
    assert [each.id for each in relaxed.lows_set_aside] == ["b1 more"]
    assert [each.id for each in relaxed.highs_set_aside] == ["b1 high"]


ELSEWHERE = [
    *CROSSING,
    make_figure("in a", 3, 3, make_scope("a", (2, 2), incident="x:1")),
    make_figure("in b2", 3, 3, make_scope("b2", (3, 3), incident="x:1"), reporter="B"),
]
"""An incident of 3 people that two reporters put at different places."""


@pytest.mark.parametrize("query", [make_scope("r", (3, 4)), make_scope("b", (2, 3))])
def test_figures_that_count_people_elsewhere_are_weighed(query: Scope) -> None:
    relaxed, exact = compute_both(Case(SIMPLE, ELSEWHERE, query), LARGE)
    assert relaxed.exact
    assert_alike(relaxed, exact)
    check_proofs(relaxed)


@pytest.mark.parametrize("query", [make_scope("a b2", (2, 3)), make_scope("r", (1, 4))])
def test_people_elsewhere_can_contradict_a_wide_high(query: Scope) -> None:
    figures = [*ELSEWHERE, make_figure("few", 0, 1, make_scope("a b2", (2, 3)), reporter="C")]
    relaxed, exact = compute_both(Case(SIMPLE, figures, query), LARGE)
    assert not relaxed.exact
    assert ends_of(relaxed)[0] <= ends_of(exact)[0]
    assert ends_of(exact)[1] <= ends_of(relaxed)[1]


def fail_in(account: Account) -> Callable[..., AccountWorlds]:
    """Return a search for worlds that finds none in one of the accounts."""
    find = component_solver.Component.find_account_worlds

    def find_or_fail(
        component: component_solver.Component,
        resolved: ResolvedBounds,
        own_account: Account,
        axis: str,
        deadline: Deadline,
    ) -> AccountWorlds:
        if own_account == account:
            raise UnsolvedError("no time")
        return find(component, resolved, own_account, axis, deadline)

    return find_or_fail


def test_without_weights_of_an_account_ranges_are_compared_in_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find_most = weighted_components.ComponentWeigher.find_most

    def find_remaining(
        weigher: weighted_components.ComponentWeigher,
        component: int,
        everywhere: tuple[int, ...],
        windows: weighted_components.WindowWeights,
        account: Account = "remaining",
    ) -> weighted_components.WeighedComponent | None:
        if account != "remaining":
            return None
        return find_most(weigher, component, everywhere, windows)

    monkeypatch.setattr(weighted_components.ComponentWeigher, "find_most", find_remaining)
    for query, *_ in QUERIES:
        relaxed, exact = compute_both(Case(SIMPLE, CONTRADICTED, query), LARGE)
        assert ends_of(relaxed) == ends_of(exact)


def test_without_multipliers_that_prove_an_end_ranges_are_compared_in_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge = refined_range.RangeSearch.judge

    def judge_without_multipliers(
        search: refined_range.RangeSearch, published: refined_range.Range
    ) -> Steps[refined_range.Verdict | None]:
        monkeypatch.setattr(wide_multipliers.MultiplierBounds, "find", lambda *arguments: None)
        return (yield from judge(search, published))

    monkeypatch.setattr(refined_range.RangeSearch, "judge", judge_without_multipliers)
    relaxed, exact = compute_both(Case(SIMPLE, CONTRADICTED, make_scope("r", (1, 2))), LARGE)
    assert relaxed.exact
    assert_alike(relaxed, exact)


def test_without_a_bound_that_is_reached_accounts_are_compared_in_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(end_search.EndSearch, "_find_tight", lambda *arguments: None)
    for query, *_ in QUERIES:
        relaxed, exact = compute_both(Case(SIMPLE, CONTRADICTED, query), LARGE)
        assert relaxed.exact
        assert_alike(relaxed, exact)


@pytest.mark.parametrize("account", ["highs", "lows", "nearest"])
def test_without_people_of_a_contradictory_component_the_total_is_not_exact(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(component_solver.Component, "find_account_worlds", fail_in(account))
    total = compute(CONTRADICTED, make_scope("r", (4, 4)))
    assert (total.exact, total.is_final) == (False, True)
    assert ends_of(total)[0] <= 1 and ends_of(total)[1] >= 14


def test_a_component_that_is_not_resolved_leaves_the_total_inexact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(component_solver.Component, "resolve_all", lambda *arguments: None)
    total = compute(CONTRADICTED, make_scope("r", (4, 4)))
    assert (total.exact, total.is_final) == (False, True)


TWO_PLACES = [
    *CONTRADICTED,
    make_figure("s low", 4, 4, make_scope("s", (1, 1))),
    make_figure("s high", 0, 2, make_scope("s", (1, 1)), reporter="B"),
]
"""A second contradiction, of which nothing else depends."""


@pytest.mark.parametrize("limit", [0, 1, 8])
def test_accounts_are_compared_in_full_where_that_is_needed(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(end_search.EndSearch, "is_moved", lambda *arguments: None)
    monkeypatch.setattr(refined_range, "MAX_COMPARED", limit)
    relaxed, exact = compute_both(Case(SIMPLE, TWO_PLACES, make_scope("b", (1, 1))), LARGE)
    assert relaxed.exact == (limit == 8)
    if relaxed.exact:
        assert_alike(relaxed, exact)


def test_a_contradiction_elsewhere_does_not_dispute_a_total() -> None:
    relaxed, exact = compute_both(Case(SIMPLE, TWO_PLACES, make_scope("r", (1, 2))), LARGE)
    assert relaxed.exact and not relaxed.is_disputed
    assert_alike(relaxed, exact)


def test_only_what_moves_the_total_is_set_aside() -> None:
    relaxed, exact = compute_both(Case(SIMPLE, TWO_PLACES, make_scope("r", (4, 4))), LARGE)
    assert relaxed.exact and {each.id for each in relaxed.lows_set_aside} == {"b1"}
    assert_alike(relaxed, exact)


def test_a_contradiction_far_away_exchanges_nobody() -> None:
    figures = [*CROSSING, *TWO_PLACES[-2:]]
    relaxed, exact = compute_both(Case(SIMPLE, figures, make_scope("r", (4, 4))), LARGE)
    assert relaxed.exact and not relaxed.is_disputed
    assert_alike(relaxed, exact)


TWO_VILLAGES = [
    *CONTRADICTED,
    make_figure("b2 low", 4, 4, make_scope("b2", (1, 1))),
    make_figure("b2 high", 0, 3, make_scope("b2", (1, 1)), reporter="B"),
]


@pytest.mark.parametrize("query", [make_scope("r", (4, 4)), make_scope("b", (1, 4))])
def test_two_contradictions_that_move_a_total_dispute_it_together(query: Scope) -> None:
    relaxed, exact = compute_both(Case(SIMPLE, TWO_VILLAGES, query), LARGE)
    assert relaxed.exact and {each.id for each in relaxed.lows_set_aside} == {"b1", "b2 low"}
    assert_alike(relaxed, exact)


OPEN = [
    figure
    for figure in CONTRADICTED
    if figure.id in ("a", "b1", "b2", "b1 high") or figure.id == "first days"
]
"""Nothing limits the people of the last days."""


@pytest.mark.parametrize("query", [make_scope("r", (1, 4)), make_scope("b", (1, 4))])
def test_a_total_without_a_high_is_exact_beside_a_contradiction(query: Scope) -> None:
    figures = [*OPEN, make_figure("last", 1, None, make_scope("b2", (3, 3)))]
    relaxed, exact = compute_both(Case(SIMPLE, figures, query), LARGE)
    assert relaxed.exact and relaxed.high is None
    assert_alike(relaxed, exact)


@pytest.mark.parametrize("ends", ["low", "high", "nearest"])
def test_accounts_that_no_world_reaches_leave_the_total_inexact(
    ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = end_search.EndSearch.find

    def fail(search: end_search.EndSearch, known: int | None) -> Steps[end_search.RefinedEnd]:
        found = yield from find(search, known)
        account, end = search._objective.accounts.account, search._objective.end
        fails = account == "nearest" if ends == "nearest" else end == ends
        return found._replace(is_reached=account == "remaining" or not fails)

    monkeypatch.setattr(end_search.EndSearch, "find", fail)
    if ends != "nearest":
        monkeypatch.setattr(end_search.EndSearch, "is_moved", lambda *arguments: None)
    total = compute(CONTRADICTED, make_scope("r", (4, 4)))
    assert (total.exact, total.is_final) == (False, True)


def test_two_contradictions_of_one_component_leave_the_total_inexact() -> None:
    figures = [
        *VILLAGES,
        make_figure("week", 0, 90, make_scope("r", (1, 4))),
        make_figure("first days", 0, 80, make_scope("r", (1, 2))),
        make_figure("early", 5, 5, make_scope("b2", (1, 1))),
        make_figure("early high", 0, 2, make_scope("b2", (1, 1)), reporter="B"),
        make_figure("late", 4, 4, make_scope("b2", (2, 2))),
        make_figure("late high", 0, 1, make_scope("b2", (2, 2)), reporter="B"),
        make_figure("both days", 0, 30, make_scope("b2", (1, 2))),
    ]
    case = Case(SIMPLE, figures, make_scope("b", (1, 2)))
    relaxed, exact = compute_both(case, {**LARGE, "MAX_COMPONENT": 3})
    assert not relaxed.exact and relaxed.is_disputed and exact.is_disputed
    assert ends_of(relaxed) == ends_of(exact)


def test_lows_of_a_contradiction_can_contradict_a_wide_high() -> None:
    figures = [
        *CROSSING,
        make_figure("low", 7, 7, make_scope("b2", (1, 1))),
        make_figure("high", 0, 1, make_scope("b2", (1, 1)), reporter="B"),
    ]
    # If all lows are true, 10 were killed on the first days, of which another figure says 6 to 9.
    relaxed, exact = compute_both(Case(SIMPLE, figures, make_scope("b", (1, 2))), LARGE)
    assert not relaxed.exact
    assert ends_of(relaxed)[0] <= ends_of(exact)[0] and ends_of(exact)[1] <= ends_of(relaxed)[1]


def test_a_contradiction_of_three_wide_figures_is_resolved_with_the_query() -> None:
    figures = [
        make_figure("nobody in s", 0, 0, make_scope("s", (1, 3))),
        make_figure("nobody in r", 0, 0, make_scope("r", (1, 1))),
        make_figure("one", 1, 1, make_scope("b s", (1, 1)), reporter="B"),
    ]
    case = Case(SIMPLE, figures, make_scope("r", (1, 1)))
    relaxed, exact = compute_both(case, {**LARGE, "MAX_COMPONENT": 2})
    assert ends_of(relaxed)[0] <= ends_of(exact)[0] and ends_of(exact)[1] <= ends_of(relaxed)[1]


def test_with_too_many_wide_figures_no_world_is_looked_for() -> None:
    total = compute(CONTRADICTED, make_scope("r", (4, 4)), MAX_WORLD_SIZE=0)
    assert (total.exact, total.is_final) == (False, True)


def test_a_violation_that_is_not_known_in_time_leaves_the_total_inexact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(component_solver.Component, "minimise_violation", lambda *arguments: None)
    total = compute(CONTRADICTED, make_scope("r", (4, 4)))
    assert (total.exact, total.is_final) == (False, True)


def test_a_low_of_nobody_is_no_term_of_a_proof() -> None:
    with limits_set(LARGE):
        engine, _ = make_engines(Case(SIMPLE, CONTRADICTED, make_scope("r", (1, 2))))
        prepared = engine._preparation.run(Deadline(AMPLE_SECONDS))
    assert prepared is not None
    record = prepared.record
    [(component, special)] = record.special.items()
    lows, highs = record.weigher.list_ends(component)
    # The low of 2 and the high of 1 are both set aside.
    assert (special.remaining.lower.tolist(), special.remaining.upper.tolist()) == ([0], [inf])
    assert (lows.tolist(), highs.tolist()) == ([NONE], [NONE])

"""A total for which time runs out is wider, never narrower, and not exact."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from threading import Event
from types import SimpleNamespace
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.bounds import infeasibility, solver
from service.bounds.elastic_program import ElasticProgram
from service.bounds.engine import TotalsEngine
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from tests.bounds.builders import (
    AMPLE_SECONDS,
    GROUPS,
    PLACES,
    compute_total,
    figure_ids_of,
    figure_lists,
    make_figure,
    make_scope,
    scopes,
)

NO_TIME = 0.0

EACH_PAIR = [
    make_figure("ab", 3, 3, make_scope("a b1")),
    make_figure("bc", 3, 3, make_scope("b1 b2")),
    make_figure("ca", 4, 4, make_scope("a b2")),
]
"""Three villages of which every two are counted together: a has 2, b1 has 1 and b2 has 2."""

REGION = [
    make_figure("region", 0, 100, make_scope("r")),
    make_figure("a", 52, None, make_scope("a")),
    make_figure("b", 52, None, make_scope("b")),
]
"""A region of at most 100 whose parts have at least 104."""

DISPUTED_PAIRS = [
    *EACH_PAIR,
    make_figure("few", 0, 1, make_scope("a")),
    make_figure("any", 0, 9, make_scope("s")),
]


def make_used_engine(figures: Sequence[Figure], scope: Scope) -> TotalsEngine:
    """Return an engine that has computed one total already."""
    engine = TotalsEngine(figures, PLACES, GROUPS)
    engine.total(scope, AMPLE_SECONDS)
    return engine


def make_unsolved_engine(figures: Sequence[Figure], scope: Scope) -> TotalsEngine:
    """Return an engine that has made its programs, and has solved none of them."""
    engine = TotalsEngine(figures, PLACES, GROUPS)
    with mock.patch.object(solver.Model, "_run", side_effect=solver.UnsolvedError("no time left")):
        engine.total(scope, AMPLE_SECONDS)
    return engine


def contains(wide: Total, narrow: Total) -> bool:
    """Whether the first range contains the second."""
    assert wide.low is not None
    assert narrow.low is not None
    return wide.low <= narrow.low and (
        wide.high is None or (narrow.high is not None and narrow.high <= wide.high)
    )


def test_pairs_need_the_solver_and_get_it() -> None:
    result = compute_total(EACH_PAIR, make_scope("a"))
    assert (result.low, result.high, result.exact) == (2, 2, True)


@pytest.mark.parametrize("where", ["a", "b1", "b2", "r", "a b1"])
def test_without_time_the_first_total_is_wider(where: str) -> None:
    short, whole = (
        compute_total(EACH_PAIR, make_scope(where), time) for time in (NO_TIME, AMPLE_SECONDS)
    )
    assert not short.exact
    assert contains(short, whole)
    assert (short.low, short.low_terms, short.high_terms) == (0, (), ())


@pytest.mark.parametrize(("where", "low"), [("a", 0), ("b1", 0), ("a b1", 3), ("r", 4)])
def test_without_time_the_second_total_has_the_low_of_disjoint_figures(
    where: str, low: int
) -> None:
    engine = make_used_engine(EACH_PAIR, make_scope("b2"))
    short, whole = (engine.total(make_scope(where), time) for time in (NO_TIME, AMPLE_SECONDS))
    assert (short.low, short.high, short.exact) == (low, None, False)
    assert sum(term.multiplier * term.people for term in short.low_terms) == low
    assert whole.exact
    assert contains(short, whole)


def test_without_time_a_contradiction_counts_as_disputed_and_its_bounds_are_left_out() -> None:
    short = compute_total(DISPUTED_PAIRS, make_scope("a"), NO_TIME)
    assert (short.low, short.high, short.exact) == (0, None, False)
    assert (short.is_disputed, short.nearest, short.contradiction) == (True, None, None)


def test_a_piece_that_is_not_settled_takes_no_other_bound() -> None:
    """The pairs need a solver and get no time; district b1 b2 has nothing to do with them."""
    pairs = [
        replace(figure, scope=replace(figure.scope, groups=("g",))) for figure in DISPUTED_PAIRS
    ]
    sure = make_figure("sure", 40, 50, make_scope("r", groups="h"))
    wide = make_figure("wide", 0, 900, make_scope("r"))
    engine = make_used_engine([*pairs, sure, wide], make_scope("a", groups="h"))
    short, whole = (engine.total(make_scope("r"), time) for time in (NO_TIME, AMPLE_SECONDS))
    assert (short.low, short.exact, short.is_disputed) == (40, False, True)
    assert contains(short, whole)


def test_a_contradiction_that_does_not_meet_the_query_disputes_nothing_without_time() -> None:
    engine = make_used_engine(
        [*DISPUTED_PAIRS, make_figure("far", 2, 2, make_scope("s"))], make_scope("s")
    )
    short = engine.total(make_scope("s"), NO_TIME)
    assert (short.low, short.high, short.exact, short.is_disputed) == (2, 2, True, False)


def test_accounts_without_time_dispute_nothing_if_no_end_set_aside_meets_the_query() -> None:
    figures = [*DISPUTED_PAIRS[:-1], make_figure("both", 20, 20, make_scope("r s"))]
    engine = make_used_engine(figures, make_scope("r"))
    short, whole = (engine.total(make_scope("s"), time) for time in (NO_TIME, AMPLE_SECONDS))
    assert contains(short, whole)
    assert (short.exact, short.is_disputed) == (False, False)


def test_a_contradiction_that_was_found_stands_when_time_runs_out() -> None:
    engine = make_used_engine(DISPUTED_PAIRS, make_scope("r"))
    short, whole = (engine.total(make_scope("a"), time) for time in (NO_TIME, AMPLE_SECONDS))
    assert short.is_disputed
    assert figure_ids_of(short.lows_set_aside) == figure_ids_of(whole.lows_set_aside)
    assert figure_ids_of(short.highs_set_aside) == figure_ids_of(whole.highs_set_aside)
    assert contains(short, whole)


def test_without_time_the_nearest_range_is_unknown_and_the_total_not_exact() -> None:
    engine = make_used_engine(DISPUTED_PAIRS, make_scope("a"))
    short, whole = (engine.total(make_scope("r"), time) for time in (NO_TIME, AMPLE_SECONDS))
    assert (whole.is_disputed, whole.exact) == (True, True)
    assert whole.nearest is not None
    assert (short.is_disputed, short.nearest, short.exact) == (True, None, False)


def test_nested_figures_that_contradict_each_other_need_no_solver() -> None:
    engine = make_used_engine(REGION, make_scope("a"))
    short = engine.total(make_scope("r"), NO_TIME)
    assert (short.low, short.high, short.nearest, short.exact) == (0, None, (100, 104), True)


def test_an_unsettled_contradiction_keeps_the_lows_that_nobody_disputes() -> None:
    """Whoever is wrong about the villages, the region has 100, and its high is at least that."""
    pairs = [
        make_figure("ab", 52, None, make_scope("a b1")),
        make_figure("bc", 52, None, make_scope("b1 b2")),
        make_figure("ca", 104, None, make_scope("a b2")),
    ]
    region = make_figure("region", 100, 100, make_scope("r"))
    engine = make_unsolved_engine([*pairs, region], make_scope("r"))
    short, whole = (engine.total(make_scope("r"), time) for time in (NO_TIME, AMPLE_SECONDS))
    assert (short.low, short.high, short.exact, short.is_disputed) == (100, None, False, True)
    assert (whole.low, whole.high, whole.exact) == (100, None, True)


def test_of_two_lows_of_one_scope_an_unsettled_contradiction_keeps_the_one_that_fits() -> None:
    figures = [
        *DISPUTED_PAIRS,
        make_figure("thirty", 30, 30, make_scope("r")),
        make_figure("forty", 40, 40, make_scope("r")),
    ]
    engine = make_unsolved_engine(figures, make_scope("r"))
    short = engine.total(make_scope("r"), NO_TIME)
    assert (short.low, short.high, short.is_disputed) == (30, None, True)


def test_a_low_that_a_wider_high_may_take_away_is_not_kept() -> None:
    """The district's 60 has room for the villages' 52 each, but not for both."""
    figures = [
        make_figure("district", 0, 60, make_scope("b")),
        make_figure("b1", 52, 60, make_scope("b1")),
        make_figure("b2", 52, 60, make_scope("b2")),
        make_figure("across", 5, 6, make_scope("a b1")),
        make_figure("more", 5, 6, make_scope("a b2")),
    ]
    engine = make_unsolved_engine(figures, make_scope("b"))
    short, whole = (engine.total(make_scope("b"), time) for time in (NO_TIME, AMPLE_SECONDS))
    assert contains(short, whole)


def test_a_hard_component_leaves_time_to_those_after_it() -> None:
    """The clock advances by a second at each reading: the first contradiction takes it all."""
    easy = [
        make_figure(f"easy {number}", 7, None, make_scope("s", days=(day, day + 1)))
        for number, day in enumerate((1, 2, 3, 4, 5))
    ]
    engine = make_unsolved_engine([*DISPUTED_PAIRS[:-1], *easy], make_scope("s"))
    for seconds in range(60):
        with mock.patch.object(solver.time, "monotonic", count().__next__):
            assert (engine.total(make_scope("r s", (1, 9)), seconds).low or 0) >= 21


def test_a_nearest_range_that_is_not_needed_costs_nothing() -> None:
    """The dispute in village a does not affect b2, which none of its figures covers."""
    figures = [
        make_figure("a3", 3, 3, make_scope("a")),
        make_figure("a9", 9, 9, make_scope("a")),
        make_figure("b", 4, 4, make_scope("b2")),
        make_figure("cap", 0, 1_000, make_scope("a b2")),
    ]
    result = make_used_engine(figures, make_scope("a")).total(make_scope("b2"), NO_TIME)
    assert (result.low, result.high, result.is_disputed, result.exact) == (4, 4, False, True)


def test_one_total_cut_short_does_not_spoil_the_next() -> None:
    engine = TotalsEngine(DISPUTED_PAIRS, PLACES, GROUPS)
    assert not engine.total(make_scope("a"), NO_TIME).exact
    again = engine.total(make_scope("a"), AMPLE_SECONDS)
    fresh = compute_total(DISPUTED_PAIRS, make_scope("a"))
    assert again == fresh
    assert again.exact


def test_what_takes_no_solver_is_exact_without_time() -> None:
    nested = [
        make_figure("part", 3, 4, make_scope("a")),
        make_figure("whole", 10, 12, make_scope("r")),
    ]
    result = make_used_engine(nested, make_scope("a")).total(make_scope("b"), NO_TIME)
    assert (result.low, result.high, result.exact) == (0, 9, True)
    lone_engine = make_used_engine([make_figure("lone", 3, 4)], make_scope("r"))
    lone = lone_engine.total(make_scope("a"), NO_TIME)
    assert (lone.low, lone.high, lone.exact) == (3, 4, True)


def test_a_long_resolution_is_continued_over_several_queries() -> None:
    """The clock advances by a second at each reading."""
    figures = [
        make_figure("none", 0, 0, make_scope("r")),
        make_figure("many", 13, 17, make_scope("a b2")),
        make_figure("few", 0, 5, make_scope("a b2")),
    ]
    whole, engine = compute_total(figures, make_scope("a")), TotalsEngine(figures, PLACES, GROUPS)
    totals = []
    for _ in range(8):
        with mock.patch.object(solver.time, "monotonic", count().__next__):
            totals.append(engine.total(make_scope("a"), 11))
    assert [total.exact for total in totals[::7]] == [False, True]
    assert totals[-1] == whole


@settings(max_examples=150, deadline=None)
@given(figure_lists(max_size=9), scopes(for_query=True), st.integers(0, 30))
def test_whenever_time_runs_out_the_total_is_wider_and_never_narrower(
    figures: list[Figure], scope: Scope, moments: int
) -> None:
    """The clock advances by a second at each reading."""
    whole = compute_total(figures, scope)
    engine = TotalsEngine(figures, PLACES, GROUPS)
    if not whole.is_reported:
        assert not engine.total(scope, moments).is_reported
        return
    for seconds in (moments, moments // 2, moments + 3):
        with mock.patch.object(solver.time, "monotonic", count().__next__):
            short = engine.total(scope, seconds)
        assert contains(short, whole)
        if short.exact:
            assert short == whole
    assert engine.total(scope, AMPLE_SECONDS) == whole


# Derandomised, because for few sets does a vertex leave any bound to be probed.
@pytest.mark.parametrize("kind", ["none", "noisy"])
@settings(max_examples=400, derandomize=True)
@given(figures=figure_lists(max_size=9), scope=scopes(for_query=True))
def test_vertex_optima_give_the_same_as_central_optima(
    figures: list[Figure], scope: Scope, kind: str
) -> None:
    find_central_optimum = solver.Model.find_central_optimum

    def spoil_value(
        model: solver.Model, costs: solver.FloatArray, deadline: solver.Deadline
    ) -> solver.Solution:
        if kind == "none":
            raise solver.UnsolvedError("there is no way to the centre")
        return replace(find_central_optimum(model, costs, deadline), value=0.6180339)

    whole = compute_total(figures, scope)
    with mock.patch.object(solver.Model, "find_central_optimum", spoil_value):
        at_vertex = compute_total(figures, scope)
    assert (at_vertex.low, at_vertex.high, at_vertex.exact) == (whole.low, whole.high, whole.exact)
    assert (at_vertex.is_disputed, at_vertex.nearest) == (whole.is_disputed, whole.nearest)


def test_the_weaker_of_two_lows_is_found_when_time_allows() -> None:
    """At most 12 in the region: of a's lows of 9 and 2, only the first may have to be set aside."""
    figures = [
        make_figure("nine", 9, None, make_scope("a b1")),
        make_figure("two", 2, None, make_scope("a b1")),
        make_figure("b", 8, None, make_scope("b1 b2")),
        make_figure("c", 8, None, make_scope("a b2")),
        make_figure("cap", 0, 12, make_scope("a b1 b2")),
    ]
    whole = compute_total(figures, make_scope("r"))
    assert figure_ids_of(whole.lows_set_aside) == {"nine", "b", "c"}
    engine = TotalsEngine(figures, PLACES, GROUPS)
    with mock.patch.object(
        ElasticProgram, "find_extreme", side_effect=solver.UnsolvedError("no time left")
    ):
        short = engine.total(make_scope("r"), AMPLE_SECONDS)
    assert (short.exact, short.is_disputed) == (False, True)
    assert figure_ids_of(short.lows_set_aside) == {"nine", "two", "b", "c"}
    assert contains(short, whole)
    assert engine.total(make_scope("r"), AMPLE_SECONDS) == whole


@pytest.mark.parametrize("seconds", range(4, 40, 3))
def test_the_weaker_of_two_lows_is_given_up_at_any_moment(seconds: int) -> None:
    """The clock advances by a second at each reading."""
    figures = [
        make_figure("nine", 9, None, make_scope("a b1")),
        make_figure("two", 2, None, make_scope("a b1")),
        make_figure("b", 8, None, make_scope("b1 b2")),
        make_figure("c", 8, None, make_scope("a b2")),
        make_figure("cap", 0, 12, make_scope("a b1 b2")),
    ]
    whole, engine = compute_total(figures, make_scope("r")), TotalsEngine(figures, PLACES, GROUPS)
    engine.dependent_figures(make_scope("r"), AMPLE_SECONDS)
    with mock.patch.object(solver.time, "monotonic", count().__next__):
        short = engine.total(make_scope("r"), seconds)
    assert contains(short, whole)


def test_a_failed_attempt_pauses_further_attempts() -> None:
    engine = TotalsEngine(DISPUTED_PAIRS, PLACES, GROUPS)
    tried = []

    def fail_slowly(
        model: solver.Model, costs: solver.FloatArray, deadline: solver.Deadline
    ) -> solver.Solution:
        tried.append(deadline.seconds_left())
        clock.now += 1.5
        raise solver.UnsolvedError("no time left")

    clock = SimpleNamespace(now=0.0)
    with (
        mock.patch.object(solver.Model, "find_central_optimum", fail_slowly),
        mock.patch.object(solver.Model, "minimise", fail_slowly),
        mock.patch.object(infeasibility, "monotonic", lambda: clock.now),
    ):
        for _ in range(20):
            assert not engine.total(make_scope("a"), 1.5).exact
        assert len(tried) == 2 * infeasibility.MAX_TRIES  # Each try takes two solver runs.
        engine.total(make_scope("a"), AMPLE_SECONDS)  # A query with more time may try again.
        assert len(tried) == 2 * infeasibility.MAX_TRIES + 2
        clock.now += infeasibility.PAUSE_RATIO * 3.1
        engine.total(make_scope("a"), 1.5)
        assert len(tried) == 2 * infeasibility.MAX_TRIES + 4
    assert engine.total(make_scope("a"), AMPLE_SECONDS) == compute_total(
        DISPUTED_PAIRS, make_scope("a")
    )


def test_a_caller_without_time_does_not_wait_for_another_that_resolves_the_same() -> None:
    engine = TotalsEngine(DISPUTED_PAIRS, PLACES, GROUPS)
    begun, go_on = Event(), Event()
    find_central_optimum = solver.Model.find_central_optimum

    def solve_when_released(
        model: solver.Model, costs: solver.FloatArray, deadline: solver.Deadline
    ) -> solver.Solution:
        begun.set()
        assert go_on.wait(AMPLE_SECONDS)
        return find_central_optimum(model, costs, deadline)

    with (
        mock.patch.object(solver.Model, "find_central_optimum", solve_when_released),
        ThreadPoolExecutor() as pool,
    ):
        patient = pool.submit(engine.total, make_scope("a"), AMPLE_SECONDS)
        assert begun.wait(AMPLE_SECONDS)
        short = engine.total(make_scope("a"), NO_TIME)
        go_on.set()
        whole = patient.result()
    assert (short.low, short.high, short.exact) == (0, None, False)
    assert whole == compute_total(DISPUTED_PAIRS, make_scope("a"))


def test_a_caller_without_time_does_not_wait_for_anothers_nearest_range() -> None:
    engine = make_used_engine(DISPUTED_PAIRS, make_scope("a"))
    begun, go_on = Event(), Event()
    minimise_cost = ElasticProgram.minimise_cost

    def solve_when_released(
        elastic: ElasticProgram, costs: solver.FloatArray, deadline: solver.Deadline
    ) -> float:
        begun.set()
        assert go_on.wait(AMPLE_SECONDS)
        return minimise_cost(elastic, costs, deadline)

    with (
        mock.patch.object(ElasticProgram, "minimise_cost", solve_when_released),
        ThreadPoolExecutor() as pool,
    ):
        patient = pool.submit(engine.total, make_scope("b1"), AMPLE_SECONDS)
        assert begun.wait(AMPLE_SECONDS)
        short = engine.total(make_scope("b2"), 0.1)
        go_on.set()
        whole = patient.result()
    assert (short.is_disputed, short.nearest, short.exact) == (True, None, False)
    assert whole == compute_total(DISPUTED_PAIRS, make_scope("b1"))
    assert engine.total(make_scope("b2"), AMPLE_SECONDS) == compute_total(
        DISPUTED_PAIRS, make_scope("b2")
    )

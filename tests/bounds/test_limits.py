"""What is answered when the time runs out: something wider, which says so."""

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
from service.bounds.elastic_program import Elastic
from service.bounds.engine import Reckoner
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from tests.bounds.build import (
    GROUPS,
    PATIENCE,
    PLACES,
    figure,
    ids,
    scope,
    scopes,
    sets,
    total,
)

NO_TIME = 0.0

EACH_PAIR = [
    figure("ab", 3, 3, scope("a b1")),
    figure("bc", 3, 3, scope("b1 b2")),
    figure("ca", 4, 4, scope("a b2")),
]
"""Three villages of which every two are counted together: a has 2, b1 has 1 and b2 has 2."""

REGION = [
    figure("region", 0, 100, scope("r")),
    figure("a", 52, None, scope("a")),
    figure("b", 52, None, scope("b")),
]
"""A region of at most 100 whose parts have at least 104."""

DISPUTED_PAIRS = [*EACH_PAIR, figure("few", 0, 1, scope("a")), figure("any", 0, 9, scope("s"))]


def settled(figures: Sequence[Figure], first: Scope) -> Reckoner:
    """Return a reckoner that has answered one question already."""
    reckoner = Reckoner(figures, PLACES, GROUPS)
    reckoner.total(first, PATIENCE)
    return reckoner


def contains(wide: Total, narrow: Total) -> bool:
    """Whether the one range holds the other."""
    assert wide.low is not None
    assert narrow.low is not None
    return wide.low <= narrow.low and (
        wide.high is None or (narrow.high is not None and narrow.high <= wide.high)
    )


def test_pairs_need_the_solver_and_get_it() -> None:
    found = total(EACH_PAIR, scope("a"))
    assert (found.low, found.high, found.exact) == (2, 2, True)


@pytest.mark.parametrize("where", ["a", "b1", "b2", "r", "a b1"])
def test_without_time_the_first_answer_is_wider(where: str) -> None:
    short, whole = (total(EACH_PAIR, scope(where), time) for time in (NO_TIME, PATIENCE))
    assert not short.exact
    assert contains(short, whole)
    assert (short.low_terms, short.high_terms) == ((), ())


@pytest.mark.parametrize("where", ["a", "b1", "b2", "r"])
def test_without_time_the_second_answer_is_wider(where: str) -> None:
    reckoner = settled(EACH_PAIR, scope("a b1"))
    short, whole = (reckoner.total(scope(where), time) for time in (NO_TIME, PATIENCE))
    assert (short.low, short.high, short.exact) == (0, None, False)
    assert whole.exact
    assert contains(short, whole)


def test_without_time_no_contradiction_is_found_and_every_end_of_it_left_out() -> None:
    short = total(DISPUTED_PAIRS, scope("a"), NO_TIME)
    assert (short.low, short.high, short.exact) == (0, None, False)
    assert (short.is_disputed, short.nearest) == (False, None)


def test_a_contradiction_that_was_found_stands_when_time_runs_out() -> None:
    reckoner = settled(DISPUTED_PAIRS, scope("r"))
    short, whole = (reckoner.total(scope("a"), time) for time in (NO_TIME, PATIENCE))
    assert short.is_disputed
    assert ids(short.lows_set_aside) == ids(whole.lows_set_aside)
    assert ids(short.highs_set_aside) == ids(whole.highs_set_aside)
    assert contains(short, whole)


def test_without_time_the_nearest_reading_is_unknown_and_the_answer_not_exact() -> None:
    reckoner = settled(REGION, scope("a"))
    short, whole = (reckoner.total(scope("r"), time) for time in (NO_TIME, PATIENCE))
    assert (whole.low, whole.high, whole.nearest, whole.exact) == (0, None, (100, 104), True)
    assert (short.low, short.high, short.nearest, short.exact) == (0, None, None, False)


def test_a_nearest_reading_that_is_not_told_costs_nothing() -> None:
    """The dispute in village a does not concern b2, which no figure of it reaches."""
    figures = [
        figure("a3", 3, 3, scope("a")),
        figure("a9", 9, 9, scope("a")),
        figure("b", 4, 4, scope("b2")),
        figure("cap", 0, 1_000, scope("a b2")),
    ]
    found = settled(figures, scope("a")).total(scope("b2"), NO_TIME)
    assert (found.low, found.high, found.is_disputed, found.exact) == (4, 4, False, True)


def test_one_question_cut_short_does_not_spoil_the_next() -> None:
    reckoner = Reckoner(DISPUTED_PAIRS, PLACES, GROUPS)
    assert not reckoner.total(scope("a"), NO_TIME).exact
    again, fresh = reckoner.total(scope("a"), PATIENCE), total(DISPUTED_PAIRS, scope("a"))
    assert again == fresh
    assert again.exact


def test_what_takes_no_solver_is_exact_without_time() -> None:
    nested = [figure("part", 3, 4, scope("a")), figure("whole", 10, 12, scope("r"))]
    found = total(nested, scope("b"), NO_TIME)
    assert (found.low, found.high, found.exact) == (0, 9, True)
    lone = total([figure("lone", 3, 4)], scope("a"), NO_TIME)
    assert (lone.low, lone.high, lone.exact) == (3, 4, True)


def test_what_takes_long_to_settle_is_settled_over_several_questions() -> None:
    """The clock moves on by a second each time that it is looked at."""
    figures = [
        figure("none", 0, 0, scope("r")),
        figure("many", 13, 17, scope("a b2")),
        figure("few", 0, 5, scope("a b2")),
    ]
    whole, reckoner = total(figures, scope("a")), Reckoner(figures, PLACES, GROUPS)
    found = []
    for _ in range(8):
        with mock.patch.object(solver.time, "monotonic", count().__next__):
            found.append(reckoner.total(scope("a"), 11))
    assert [each.exact for each in found[::7]] == [False, True]
    assert found[-1] == whole


@settings(max_examples=150, deadline=None)
@given(sets(most=9), scopes(asked=True), st.integers(0, 30))
def test_whenever_time_runs_out_the_answer_is_wider_and_never_narrower(
    figures: list[Figure], asked: Scope, moments: int
) -> None:
    """The clock moves on by a second each time that it is looked at."""
    whole = total(figures, asked)
    reckoner = Reckoner(figures, PLACES, GROUPS)
    if not whole.is_reported:
        assert not reckoner.total(asked, moments).is_reported
        return
    for seconds in (moments, moments // 2, moments + 3):
        with mock.patch.object(solver.time, "monotonic", count().__next__):
            short = reckoner.total(asked, seconds)
        assert contains(short, whole)
        if short.exact:
            assert short == whole
    assert reckoner.total(asked, PATIENCE) == whole


# The same sets every time, because few of them have corners that leave anything to be tried.
@pytest.mark.parametrize("kind", ["none", "noisy"])
@settings(max_examples=400, derandomize=True)
@given(figures=sets(most=9), asked=scopes(asked=True))
def test_corners_tell_the_same_as_central_optima(
    figures: list[Figure], asked: Scope, kind: str
) -> None:
    central = solver.Model.central

    def spoilt(model: solver.Model, costs: solver.Vector, by: solver.Deadline) -> solver.Solution:
        if kind == "none":
            raise solver.Unsolved("there is no way to the centre")
        return replace(central(model, costs, by), value=0.6180339)

    whole = total(figures, asked)
    with mock.patch.object(solver.Model, "central", spoilt):
        corner = total(figures, asked)
    assert (corner.low, corner.high, corner.exact) == (whole.low, whole.high, whole.exact)
    assert (corner.is_disputed, corner.nearest) == (whole.is_disputed, whole.nearest)


def test_the_weaker_of_two_floors_is_told_when_time_allows() -> None:
    """At most 12 in the region: of a's floors of 9 and 2, the first alone may have to fall."""
    figures = [
        figure("nine", 9, None, scope("a b1")),
        figure("two", 2, None, scope("a b1")),
        figure("b", 8, None, scope("b1 b2")),
        figure("c", 8, None, scope("a b2")),
        figure("cap", 0, 12, scope("a b1 b2")),
    ]
    whole = total(figures, scope("r"))
    assert ids(whole.lows_set_aside) == {"nine", "b", "c"}
    found = set()
    for seconds in range(60):
        with mock.patch.object(solver.time, "monotonic", count().__next__):
            short = total(figures, scope("r"), seconds)
        assert contains(short, whole)
        found.add((short.exact, "two" in ids(short.lows_set_aside)))
    assert found == {(False, False), (False, True), (True, False)}


def test_what_was_tried_in_vain_is_left_alone_for_a_while() -> None:
    reckoner = Reckoner(DISPUTED_PAIRS, PLACES, GROUPS)
    tried = []

    def slowly(model: solver.Model, costs: solver.Vector, by: solver.Deadline) -> solver.Solution:
        tried.append(by.left())
        clock.now += 1.5
        raise solver.Unsolved("no time left")

    clock = SimpleNamespace(now=0.0)
    with (
        mock.patch.object(solver.Model, "central", slowly),
        mock.patch.object(solver.Model, "minimise", slowly),
        mock.patch.object(infeasibility, "monotonic", lambda: clock.now),
    ):
        for _ in range(20):
            assert not reckoner.total(scope("a"), 1.5).exact
        assert len(tried) == 2 * infeasibility.TRIES  # Each try goes two ways.
        reckoner.total(scope("a"), PATIENCE)  # Who has more time may try.
        assert len(tried) == 2 * infeasibility.TRIES + 2
        clock.now += infeasibility.REST * 3.1
        reckoner.total(scope("a"), 1.5)
        assert len(tried) == 2 * infeasibility.TRIES + 4
    assert reckoner.total(scope("a"), PATIENCE) == total(DISPUTED_PAIRS, scope("a"))


def test_who_has_no_time_does_not_wait_for_another_who_settles_the_same() -> None:
    reckoner = Reckoner(DISPUTED_PAIRS, PLACES, GROUPS)
    begun, go_on = Event(), Event()
    central = solver.Model.central

    def slowly(model: solver.Model, costs: solver.Vector, by: solver.Deadline) -> solver.Solution:
        begun.set()
        assert go_on.wait(PATIENCE)
        return central(model, costs, by)

    with mock.patch.object(solver.Model, "central", slowly), ThreadPoolExecutor() as pool:
        patient = pool.submit(reckoner.total, scope("a"), PATIENCE)
        assert begun.wait(PATIENCE)
        short = reckoner.total(scope("a"), NO_TIME)
        go_on.set()
        whole = patient.result()
    assert (short.low, short.high, short.exact) == (0, None, False)
    assert whole == total(DISPUTED_PAIRS, scope("a"))


def test_who_has_no_time_does_not_wait_for_anothers_nearest_reading() -> None:
    reckoner = settled(DISPUTED_PAIRS, scope("a"))
    begun, go_on = Event(), Event()
    cheapest = Elastic.cheapest

    def slowly(elastic: Elastic, costs: solver.Vector, by: solver.Deadline) -> float:
        begun.set()
        assert go_on.wait(PATIENCE)
        return cheapest(elastic, costs, by)

    with mock.patch.object(Elastic, "cheapest", slowly), ThreadPoolExecutor() as pool:
        patient = pool.submit(reckoner.total, scope("b1"), PATIENCE)
        assert begun.wait(PATIENCE)
        short = reckoner.total(scope("b2"), 0.1)
        go_on.set()
        whole = patient.result()
    assert (short.is_disputed, short.nearest, short.exact) == (True, None, False)
    assert whole == total(DISPUTED_PAIRS, scope("b1"))
    assert reckoner.total(scope("b2"), PATIENCE) == total(DISPUTED_PAIRS, scope("b2"))

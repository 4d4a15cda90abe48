"""Totals of large records that a world of the record proves to be exact."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.bounds.crowds import join_crowds
from service.bounds.partition import TooManyCellsError
from service.bounds.relaxation import (
    end_search,
    free_points,
    open_people,
    record_world,
    refined_query,
    weighted_components,
    wide_multipliers,
)
from service.bounds.relaxation.component_worlds import ComponentWorlds
from service.bounds.relaxation.engine import RelaxedEngine
from service.bounds.relaxation.record_world import RecordWorld
from service.bounds.relaxation.summed_query import SummedQuery
from service.bounds.solver import Deadline, UnsolvedError
from service.columns.arrays import BoolArray, IntArray
from service.columns.record_columns import NONE
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from tests.bounds.builders import (
    AMPLE_SECONDS,
    Case,
    Person,
    make_figure,
    make_scope,
    true_figures,
    worlds,
)
from tests.bounds.relaxation.builders import compute_both, compute_relaxed, limits_set, make_engines
from tests.bounds.relaxation.test_against_exact import SIMPLE, check_proofs, ends_of
from tests.bounds.relaxation.test_claims import LARGE, VILLAGES, WEEK, compute

PLACES = ("r", "a", "b", "b1", "b2", "s", "a b1")
DAYS = ((1, 1), (2, 2), (3, 4), (1, 2), (2, 3), (1, 4), (None, 3))
OUTCOMES = ("killed", "wounded", "killed wounded", "killed wounded missing captured")


@st.composite
def scopes_of_everyone(draw: st.DrawFn, with_incidents: bool) -> Scope:
    """Draw a scope that names no groups."""
    place, days, outcomes = (draw(st.sampled_from(each)) for each in (PLACES, DAYS, OUTCOMES))
    incidents = (None, None, "x:1", "x:2", "y:1") if with_incidents else (None,)
    return make_scope(place, days, outcomes, incident=draw(st.sampled_from(incidents)))


@st.composite
def true_cases(draw: st.DrawFn) -> Case:
    """Draw figures about everyone that are true in one world, and a query."""
    world: Sequence[Person] = draw(worlds())
    drawn = draw(st.lists(scopes_of_everyone(with_incidents=True), min_size=3, max_size=14))
    figures = [draw(true_figures(world, f"f{number}", each)) for number, each in enumerate(drawn)]
    return Case(SIMPLE, figures, draw(scopes_of_everyone(with_incidents=False)))


LIMITS = st.fixed_dictionaries(
    {
        "MAX_SMALL_AREA": st.sampled_from([1, 2]),
        "MAX_COMPONENT": st.sampled_from([1, 2, 3]),
        "MIN_REGISTER": st.sampled_from([1, 4_096]),
        "MAX_CLOSURE": st.just(0),
    }
)


@settings(max_examples=400, deadline=None)
@given(true_cases(), LIMITS)
def test_true_figures_about_everyone_give_the_exact_range(
    case: Case, limits: dict[str, int]
) -> None:
    relaxed, exact = compute_both(case, limits)
    if not exact.is_reported:
        return
    (low, high), (exact_low, exact_high) = ends_of(relaxed), ends_of(exact)
    assert low <= exact_low and exact_high <= high
    if relaxed.exact:
        assert (low, high) == (exact_low, exact_high)
    check_proofs(relaxed)


def find_world(engine: RelaxedEngine) -> RecordWorld | None:
    """Return the world of the figures of an engine."""
    prepared = engine._preparation.run(Deadline(AMPLE_SECONDS))
    assert prepared is not None
    worlds_found = prepared.refinements._worlds.run(Deadline(AMPLE_SECONDS))
    assert worlds_found is not None
    return worlds_found[0].by_account["remaining"] if worlds_found else None


@settings(max_examples=200, deadline=None)
@given(true_cases(), LIMITS)
def test_a_world_meets_all_figures_that_name_no_incident(
    case: Case, limits: dict[str, int]
) -> None:
    with limits_set(limits):
        engine, _ = make_engines(case)
        world = find_world(engine)
    if world is None:
        return
    prepared = engine._preparation.run(Deadline(AMPLE_SECONDS))
    assert prepared is not None
    record = prepared.record
    table = record.table
    filled = np.flatnonzero(world.fill)
    points = world.points.select(filled)._replace(people=world.fill[filled])
    people = join_crowds([world.crowds, points])
    narrow = np.flatnonzero(record.components.labels >= 0)
    checked = narrow[(table.incident[narrow] == NONE) & ~table.is_irregular[narrow]]
    checked = np.concatenate([checked, record.components.wide[world.is_met]])
    for constraint in checked.tolist():
        places = table.place_intervals.intervals[table.places[constraint]] or ()
        is_inside = np.any(
            [(people.place >= start) & (people.place < stop) for start, stop in places], axis=0
        )
        is_inside &= people.day >= table.first[constraint]
        is_inside &= people.day <= table.last[constraint]
        is_inside &= (int(table.outcomes[constraint]) >> people.outcome & 1).astype(bool)
        count = int(people.people[is_inside].sum())
        assert table.lower[constraint] <= count <= table.upper[constraint]


CROSSING = [
    *VILLAGES,
    make_figure("first days", 6, 9, make_scope("r", (1, 2))),
    make_figure("middle days", 5, 7, make_scope("r", (2, 3))),
    make_figure("whole", 0, 20, WEEK),
]
"""Wide figures. Two of them have a day in common."""


def test_wide_figures_narrow_each_other() -> None:
    query = make_scope("r", (4, 4))
    total = compute(CROSSING, query)
    # At least 8 of the 20 are lost before: 3 on the first day, 3 more of the 6, 2 more of the 5.
    assert (total.low, total.high, total.exact) == (1, 12, True)
    assert (compute(CROSSING, query, MAX_WORLD_SIZE=0).high or 0) >= 12


def test_without_a_world_the_total_is_not_exact() -> None:
    total = compute(CROSSING, make_scope("r", (4, 4)), MAX_WORLD_SIZE=0)
    assert (total.exact, total.is_final) == (False, True)


def compute_with_time(
    figures: Sequence[Figure], query: Scope, first_seconds: float
) -> tuple[Total, Total]:
    """Return a total with little time, and the same asked again with ample time."""
    with limits_set(LARGE):
        engine, _ = make_engines(Case(SIMPLE, list(figures), query))
        engine.total(WEEK, 0.0)
        hurried = engine.total(query, first_seconds)
        return hurried, engine.total(query, AMPLE_SECONDS)


def test_a_refinement_continues_with_the_next_question() -> None:
    hurried, finished = compute_with_time(CROSSING, make_scope("r", (3, 4)), 0.0)
    assert not hurried.exact and not hurried.is_final
    assert finished.exact and finished.is_final
    assert hurried.low is not None and finished.low is not None
    assert hurried.low <= finished.low
    assert hurried.high is not None and finished.high is not None
    assert hurried.high >= finished.high


def test_the_refinements_of_the_last_questions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refined_query, "MAX_KEPT", 2)
    with limits_set(LARGE):
        engine, _ = make_engines(Case(SIMPLE, CROSSING, WEEK))
        queries = [make_scope("r", days) for days in ((1, 4), (2, 4), (3, 4))]
        totals = [engine.total(each, AMPLE_SECONDS) for each in queries]
        assert [engine.total(each, AMPLE_SECONDS) for each in queries] == totals
        prepared = engine._preparation.run(Deadline(AMPLE_SECONDS))
    assert prepared is not None
    assert len(prepared.refinements._refined) == 2


def test_a_query_about_two_divisions_is_not_refined() -> None:
    figures = [*CROSSING, make_figure("of one side", 3, 30, make_scope("r", (1, 4), groups="g"))]
    total = compute(figures, make_scope("r", (3, 4), groups="g"))
    assert not total.exact and total.is_final


def test_a_wide_figure_about_some_groups_leaves_the_total_inexact() -> None:
    side = make_figure("of one side", 3, 30, make_scope("s", (1, 4), groups="g"))
    inner = [make_figure(f"s{day}", 1, None, make_scope("s", (day, day))) for day in (1, 2)]
    total = compute([*CROSSING, *inner, side], make_scope("r", (3, 4)))
    assert (total.low, total.high, total.exact) == (1, 14, False)


SHARED_OUT = [
    make_figure("joint", 4, 4, make_scope("b1", (1, 1), "killed wounded")),
    make_figure("some killed", 0, 3, make_scope("b1", (1, 1), "killed")),
    make_figure("others", 1, None, make_scope("a", (2, 2))),
    make_figure("killed", 3, 3, make_scope("r", (1, 2))),
    make_figure("wounded", 2, 2, make_scope("r", (1, 2), "wounded")),
]
"""Of the 4 some are killed and some wounded, so that both wide figures are met exactly."""


def test_people_of_one_component_are_shared_out_between_outcomes() -> None:
    query = make_scope("a", (1, 2))
    relaxed, exact = compute_both(Case(SIMPLE, SHARED_OUT, query), {**LARGE, "MAX_COMPONENT": 2})
    assert ends_of(relaxed) == ends_of(exact)
    assert relaxed.exact


def test_a_contradiction_that_only_wide_figures_show_leaves_the_total_inexact() -> None:
    # 6 and 6 on different days, of at most 9 in all.
    figures = [
        *VILLAGES,
        make_figure("first days", 6, None, make_scope("r", (1, 2))),
        make_figure("last days", 6, None, make_scope("r", (3, 4))),
        make_figure("whole", 0, 9, WEEK),
        make_figure("both", 9, 9, make_scope("r", (2, 3))),
    ]
    total = compute(figures, make_scope("s", (1, 1)))
    assert not total.is_reported
    other = [make_figure("elsewhere", 2, 5, make_scope("s", (1, 4)))]
    inner = [make_figure(f"s{day}", 1, 3, make_scope("s", (day, day))) for day in (1, 2)]
    assert not compute([*figures, *other, *inner], make_scope("s", (1, 1))).exact


def test_a_component_that_nothing_limits_leaves_the_query_open() -> None:
    figures = [
        *VILLAGES,
        make_figure("killed", 0, 20, WEEK),
        make_figure("wounded", 2, None, make_scope("b1", (1, 1), "wounded")),
        make_figure("wounded on two days", 2, 9, make_scope("a b1", (2, 3), "wounded")),
    ]
    total = compute(figures, make_scope("b", (1, 4), "killed wounded"))
    assert (total.high, total.exact) == (None, True)


def test_only_some_open_figures_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_people, "MAX_TRIED", 0)
    test_figures = [
        *VILLAGES,
        make_figure("killed", 0, 20, WEEK),
        make_figure("wounded", 2, None, make_scope("b1", (1, 1), "wounded")),
    ]
    total = compute(test_figures, make_scope("b", (1, 4), "killed wounded"))
    assert total.high is None


def fail_to_solve(*arguments: object, **options: object) -> None:
    raise UnsolvedError("no time left")


def fail_to_enumerate(*arguments: object, **options: object) -> None:
    raise TooManyCellsError


def test_without_an_optimum_there_is_no_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_world.WorldSearch, "_choose", fail_to_solve)
    total = compute(CROSSING, make_scope("r", (4, 4)))
    assert (total.exact, total.is_final) == (False, True)


def test_without_a_program_of_a_cut_component_the_bound_is_wider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    figures = [*CROSSING, make_figure("two days", 2, 4, make_scope("a", (2, 3)))]
    query = make_scope("r", (3, 4))
    total = compute(figures, query, MAX_COMPONENT=2)
    monkeypatch.setattr(weighted_components.ComponentWeigher, "_build_program", fail_to_enumerate)
    wider = compute(figures, query, MAX_COMPONENT=2)
    assert ends_of(wider)[0] <= ends_of(total)[0] and ends_of(total)[1] <= ends_of(wider)[1]


def test_with_too_many_cut_components_the_bound_is_wider(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = [*CROSSING, make_figure("two days", 2, 4, make_scope("a", (2, 3)))]
    query = make_scope("r", (3, 4))
    total = compute(figures, query, MAX_COMPONENT=2)
    monkeypatch.setattr(wide_multipliers, "MAX_WEIGHED", 0)
    wider = compute(figures, query, MAX_COMPONENT=2)
    assert ends_of(wider)[0] <= ends_of(total)[0] and ends_of(total)[1] <= ends_of(wider)[1]


def test_few_results_of_components_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighted_components, "MAX_RESULTS", 1)
    monkeypatch.setattr(weighted_components, "MAX_PROGRAMS", 1)
    figures = [
        *CROSSING,
        make_figure("two days", 2, 4, make_scope("a", (2, 3))),
        make_figure("two others", 2, 4, make_scope("b1", (2, 3))),
    ]
    query = make_scope("r", (3, 4))
    relaxed, exact = compute_both(Case(SIMPLE, figures, query), {**LARGE, "MAX_COMPONENT": 2})
    assert relaxed.exact and ends_of(relaxed) == ends_of(exact)


def test_a_refinement_of_a_known_world_continues_too() -> None:
    scope = make_scope("r", (3, 4))
    with limits_set(LARGE):
        engine, _ = make_engines(Case(SIMPLE, CROSSING, scope))
        assert find_world(engine) is not None
        prepared = engine._preparation.run(Deadline(AMPLE_SECONDS))
        assert prepared is not None
        query = engine._make_query(prepared.record, engine.overlapping_figures(scope), scope)
        total = SummedQuery(query).compute(Deadline(AMPLE_SECONDS))
        assert total is not None
        hurried = prepared.refinements.refine(query, total, Deadline(0.0))
        finished = prepared.refinements.refine(query, total, Deadline(AMPLE_SECONDS))
    assert (hurried.exact, hurried.is_final) == (False, False)
    assert (finished.exact, finished.is_final) == (True, True)


@pytest.mark.parametrize("rounds", [0, 1])
def test_with_few_rounds_the_total_is_sound(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    query = make_scope("r", (3, 4))
    exact = compute(CROSSING, query)
    monkeypatch.setattr(end_search, "MAX_ROUNDS", rounds)
    monkeypatch.setattr(record_world, "MAX_ROUNDS", 0)
    monkeypatch.setattr(record_world, "MAX_CHOICES", 1)
    monkeypatch.setattr(free_points, "MAX_PLACES", 1)
    total = compute([*CROSSING, make_figure("joint", 2, 3, make_scope("a", (2, 2)))], query)
    assert ends_of(total)[1] >= ends_of(exact)[1] - 3


def test_bounds_with_inexact_dual_values_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = [*CROSSING, make_figure("two days", 2, 4, make_scope("a", (2, 3)))]
    query = make_scope("r", (3, 4))
    total = compute(figures, query, MAX_COMPONENT=2)
    monkeypatch.setattr(weighted_components, "TOLERANCE", -1.0)
    wider = compute(figures, query, MAX_COMPONENT=2)
    assert ends_of(wider)[0] <= ends_of(total)[0] and ends_of(total)[1] <= ends_of(wider)[1]


def test_without_points_in_the_query_nothing_is_proved_by_multipliers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    query = make_scope("r", (4, 4))
    with limits_set(LARGE):
        engine, _ = make_engines(Case(SIMPLE, CROSSING, query))
        assert find_world(engine) is not None
        monkeypatch.setattr(end_search, "find_free_points", lambda *arguments: join_crowds([]))
        monkeypatch.setattr(record_world.RecordWorld, "weigh_points", weigh_nobody)
        total = engine.total(query, AMPLE_SECONDS)
    assert ends_of(total)[0] <= 1 and ends_of(total)[1] >= 12


def weigh_nobody(world: RecordWorld, weights: IntArray) -> IntArray:
    return np.zeros(len(world.fill), dtype=np.int64)


def test_a_program_that_fails_leaves_the_known_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end_search, "SOLVER_SECONDS", 0.0)
    total = compute(CROSSING, make_scope("r", (4, 4)))
    assert not total.exact
    assert ends_of(total)[1] >= 12


def test_without_people_of_a_component_there_is_no_world(monkeypatch: pytest.MonkeyPatch) -> None:
    def know_none(worlds: ComponentWorlds, keys: IntArray) -> BoolArray:
        return np.zeros(len(keys), dtype=bool)

    query = make_scope("a", (1, 2))
    case, limits = Case(SIMPLE, SHARED_OUT, query), {**LARGE, "MAX_COMPONENT": 2}
    assert compute_relaxed(case, limits, AMPLE_SECONDS).exact
    monkeypatch.setattr(ComponentWorlds, "flag_known", know_none)
    total = compute_relaxed(case, limits, AMPLE_SECONDS)
    assert (total.exact, total.is_final) == (False, True)


def test_a_spelled_component_in_fractions_keeps_its_former_people(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weighted_components.SpelledComponent, "is_met_by", lambda *arguments: False)
    query = make_scope("a", (1, 2))
    relaxed, exact = compute_both(Case(SIMPLE, SHARED_OUT, query), {**LARGE, "MAX_COMPONENT": 2})
    assert ends_of(relaxed)[0] <= ends_of(exact)[0] and ends_of(exact)[1] <= ends_of(relaxed)[1]

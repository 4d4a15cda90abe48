"""Bounds of many components at once, compared with those of each component by itself."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from service.bounds.boxes import Box, Region, make_region
from service.bounds.component_solver import Component
from service.bounds.constraints import FigureScopes, Reclassifications
from service.bounds.partition import TooManyCellsError
from service.bounds.relaxation import block_solver
from service.bounds.relaxation import bound_components as bound_components_module
from service.bounds.relaxation.bound_components import WindowBounds, bound_components
from service.bounds.relaxation.component_bounds import (
    SET_COUNT,
    ComponentBounds,
    make_term_keys,
)
from service.bounds.relaxation.component_worlds import make_world_keys
from service.bounds.relaxation.constraint_table import OPEN, ConstraintTable
from service.bounds.relaxation.equal_components import make_members
from service.bounds.relaxation.narrow_components import (
    WIDE,
    NarrowComponents,
    find_narrow_components,
)
from service.bounds.relaxation.shapes import Window, make_window
from service.bounds.relaxation.solved_components import SolvedComponents
from service.bounds.solver import Deadline
from service.columns.arrays import BoolArray, IntArray
from service.columns.column_figures import CountedRows
from service.columns.column_terms import DENOMINATOR
from service.domain.figure import Scope
from service.domain.vocabulary import ALL_OUTCOMES, LOSSES, encode_outcomes
from service.shared_cache import SharedCache
from tests.bounds.builders import AMPLE_SECONDS, Case, cases, finish, make_figure, make_scope
from tests.bounds.relaxation.builders import limits_set, make_state
from tests.bounds.relaxation.test_against_exact import SIMPLE

ALL_SETS = range(1, SET_COUNT)


def make_table(case: Case) -> ConstraintTable:
    state = make_state(case.forest, case.figures)
    return ConstraintTable(CountedRows(state, state.is_live))


def bound_twice(table: ConstraintTable) -> tuple[NarrowComponents, list[ComponentBounds]]:
    """Return the bounds, once solved and once from what was solved before."""
    components = finish(find_narrow_components(table))
    solved = SolvedComponents()
    return components, [finish(bound_components(table, components, solved)) for _ in range(2)]


@settings(max_examples=200, deadline=None)
@given(cases(max_size=9))
def test_bounds_are_those_of_each_component(case: Case) -> None:
    table = make_table(case)
    components, both = bound_twice(table)
    for bounds in both:
        for number in range(components.count):
            if not bounds.is_special[number]:
                check_component(table, components.members_of(number), bounds, number, EVERYONE)


EVERYONE = Region((Box(-(1 << 40), 1 << 40, ALL_OUTCOMES, ()),))


def check_component(
    table: ConstraintTable,
    constraints: IntArray,
    bounds: ComponentBounds,
    number: int,
    region: Region,
) -> None:
    """Compare the bounds of one component in a region with those of the exact engine."""
    entities = table.state.entities
    figures = table.state.make_figures(table.find_rows(constraints).tolist())
    scopes = FigureScopes(
        figures, Reclassifications(figures, {}), entities.place_tree, entities.group_tree
    )
    component = Component(finish(scopes.build_constraints()))
    for bits in ALL_SETS:
        if not bits & int(bounds.outcomes[number]):
            assert (bounds.lows[number, bits], bounds.highs[number, bits]) == (0, 0)
            continue
        part = Region(tuple(replace(box, outcome_bits=bits) for box in region.boxes))
        result = component.compute_result(part, Deadline(AMPLE_SECONDS))
        low, high = int(bounds.lows[number, bits]), int(bounds.highs[number, bits])
        assert not result.disputes
        assert low <= (result.low.value or 0)
        assert high == OPEN or (result.high.value is not None and result.high.value <= high)
        if bounds.is_exact[number, bits]:
            assert low == result.low.value
            assert (None if high == OPEN else high) == result.high.value


@settings(max_examples=200, deadline=None)
@given(cases(max_size=9))
def test_the_proof_of_each_bound_adds_up(case: Case) -> None:
    table = make_table(case)
    _, both = bound_twice(table)
    for bounds in both:
        for bits in ALL_SETS:
            is_own = ~bounds.is_special & (bounds.outcomes & bits == bits)
            chosen = np.flatnonzero(is_own)
            for terms, values, added, subtracted in (
                (bounds.low_terms, bounds.lows, table.lower, table.upper),
                (bounds.high_terms, bounds.highs, table.upper, table.lower),
            ):
                positions, constraints, multipliers = terms.find(make_term_keys(chosen, bits))
                ends = np.where(multipliers > 0, added[constraints], subtracted[constraints])
                sums = np.zeros(len(chosen), dtype=np.int64)
                np.add.at(sums, positions, multipliers * ends)
                is_known = values[chosen, bits] != OPEN
                assert (sums == values[chosen, bits] * DENOMINATOR)[is_known].all()


def test_a_component_that_has_too_many_cells_has_no_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(finder: object, shape: object) -> object:
        raise TooManyCellsError
        yield

    figures = [
        make_figure("f0", 3, 5, make_scope("a", (1, 2))),
        make_figure("f1", 2, 9, make_scope("a", (2, 3))),
    ]
    table = make_table(Case(SIMPLE, figures, make_scope()))
    monkeypatch.setattr(block_solver.ShapeFinder, "build_program", fail)
    _, (bounds, _) = bound_twice(table)
    assert bounds.is_special.tolist() == [True]
    assert bounds.lows.expand(slice(None)).max() == 0
    assert bounds.highs[0, 1] == OPEN


def test_components_that_cannot_be_solved_together_have_no_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    figures = [
        make_figure("f0", 3, 5, make_scope("a", (1, 2))),
        make_figure("f1", 2, 9, make_scope("a", (2, 3))),
    ]
    table = make_table(Case(SIMPLE, figures, make_scope()))
    components, solved = finish(find_narrow_components(table)), SolvedComponents()
    with monkeypatch.context() as patch:
        patch.setattr(block_solver, "AMPLE_TIME", Deadline(0))
        bounds = finish(bound_components(table, components, solved))
    assert bounds.is_special.tolist() == [True]
    assert (bounds.lows[0, 1], bounds.highs[0, 1]) == (0, OPEN)
    # Nothing of this is kept.
    again = finish(bound_components(table, components, solved))
    assert (again.lows[0, 1], again.highs[0, 1]) == (3, 14)


def test_bounds_are_the_same_if_only_some_components_are_kept() -> None:
    figures = [
        make_figure(f"{place} {last}", 3, last, make_scope(place, (1, last)))
        for place in ("a", "b1")
        for last in (3, 4)
    ]
    table = make_table(Case(SIMPLE, figures, make_scope()))
    components = finish(find_narrow_components(table))
    solved = SolvedComponents(SharedCache(max_bytes=5_000))
    first = finish(bound_components(table, components, solved))
    again = finish(bound_components(table, components, solved))
    assert components.count == 2
    every = slice(None)
    assert np.array_equal(first.lows.expand(every), again.lows.expand(every))
    assert np.array_equal(first.highs.expand(every), again.highs.expand(every))


def test_bounds_in_small_programs_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = [
        make_figure("a", 3, 5, make_scope("a", (1, 2))),
        make_figure("a later", 2, 9, make_scope("a", (2, 3))),
        make_figure("b1", 4, None, make_scope("b1", (1, 3))),
        make_figure("b1 first", 1, 2, make_scope("b1", (1, 1))),
        make_figure("b1 wounded", 1, 2, make_scope("b1", (1, 2), "killed wounded")),
    ]
    table = make_table(Case(SIMPLE, figures, make_scope()))
    components, (bounds, _) = bound_twice(table)
    monkeypatch.setattr(block_solver, "MAX_BATCH_COLUMNS", 1)
    monkeypatch.setattr(block_solver, "MAX_MIXED_COLUMNS", 1)
    _, (others, _) = bound_twice(table)
    assert components.count == 2
    assert np.array_equal(bounds.is_special, others.is_special)
    for name in ("lows", "highs", "is_exact"):
        values, expected = (getattr(each, name).expand(slice(None)) for each in (bounds, others))
        assert np.array_equal(values, expected)


@settings(max_examples=300, deadline=None)
@given(cases(max_size=9))
def test_bounds_in_a_window_are_those_of_each_component(case: Case) -> None:
    table = make_table(case)
    entities = table.state.entities
    region = make_region(case.query, entities.place_tree, entities.group_tree)
    window = make_window(region, table.place_intervals.axis) if region.boxes else None
    if window is None:
        return
    components, (whole, _) = bound_twice(table)
    numbers = np.flatnonzero(~whole.is_special & flag_overlapping(table, components, case.query))
    if not len(numbers):
        return
    constraints = components.find_members(numbers)
    members = make_members(numbers, components.sizes[numbers], constraints)
    deadline = Deadline(AMPLE_SECONDS)
    bounds = WindowBounds(table).find(members, window, SolvedComponents(), deadline)
    assert bounds is not None
    for number, (_, own) in enumerate(members):
        check_component(table, own, bounds, number, region)


def flag_overlapping(
    table: ConstraintTable, components: NarrowComponents, query: Scope
) -> BoolArray:
    """Return which components have a constraint in the query, bool[n_components]."""
    is_near = table.state.flag_overlapping(replace(query, outcomes=LOSSES))[table.first_rows]
    labels = components.labels[is_near]
    flags = np.zeros(components.count, dtype=bool)
    flags[labels[labels != WIDE]] = True
    return flags


def test_the_bounds_of_the_last_windows_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bound_components_module, "MAX_WINDOW_COMPONENTS", 3)
    figures = [make_figure("f0", 3, 5, make_scope("a", (1, 4)))]
    windows = WindowBounds(make_table(Case(SIMPLE, figures, make_scope())))

    def find(day: int, seconds: float = AMPLE_SECONDS) -> ComponentBounds | None:
        window = Window(((0, 100),), day, day + 3)
        members = make_members(np.array([0]), np.array([1]), np.array([0]))
        return windows.find(members, window, SolvedComponents(), Deadline(seconds))

    first_day = 738_880
    assert find(first_day, seconds=0.0) is None
    found = [find(day) for day in range(first_day, first_day + 3)]
    assert None not in found
    assert find(first_day) is found[0]
    assert find(first_day + 3) is not None
    assert find(first_day) is found[0]
    assert find(first_day + 1) is not found[1]


def test_equal_components_have_worlds_at_their_own_places() -> None:
    figures = [
        make_figure(f"{place} {groups}", low, low + 2, make_scope(place, groups=groups))
        for place in ("a", "b1")
        for groups, low in (("everyone", 3), ("g", 1))
    ]
    figures.append(make_figure("whole", 0, 20, make_scope("r", (1, 4))))
    table = make_table(Case(SIMPLE, figures, make_scope()))
    with limits_set({"MAX_SMALL_AREA": 1, "MAX_COMPONENT": 2}):
        components, both = bound_twice(table)
    killed = encode_outcomes(frozenset({"killed"}))
    assert (components.count, len(components.wide)) == (2, 1)
    for bounds in both:
        assert bounds.lows[:, killed].tolist() == [3, 3]
        keys = make_world_keys(np.arange(2), killed, "low")
        crowds, counts = bounds.worlds.find(keys)
        assert counts.min() > 0
        owners = np.repeat(np.arange(2), counts)
        places = table.place_intervals.hulls[table.places[components.firsts], 0]
        assert crowds.place.tolist() == places[owners].tolist()
        assert np.bincount(owners, crowds.people).tolist() == [3, 3]

"""Components are those of pairwise comparison, also where the search is interrupted."""

from itertools import combinations
from unittest import mock

import pytest
from hypothesis import given, settings

from service.bounds import components
from service.bounds.boxes import make_region
from service.bounds.components import Components, find_components
from service.bounds.computation import Computation
from service.bounds.constraints import Constraint, FigureScopes, IncidentBox, Reclassifications
from service.bounds.disjoint_sets import DisjointSets
from service.bounds.overlaps import OverlapIndex
from service.bounds.solver import Deadline
from service.domain.figure import Figure
from tests.bounds.builders import (
    GROUPS,
    PLACES,
    Case,
    cases,
    finish,
    make_figure,
    make_scope,
)


def build_constraints(case: Case) -> list[Constraint]:
    """Return the constraints of the figures."""
    return finish(make_figure_scopes(case).build_constraints())


def make_figure_scopes(case: Case) -> FigureScopes:
    figures_by_id = {figure.id: figure for figure in case.figures}
    reclassifications = Reclassifications(case.figures, figures_by_id)
    return FigureScopes(case.figures, reclassifications, case.forest.places, case.forest.groups)


def can_share(one: IncidentBox, other: IncidentBox) -> bool:
    """Whether the parts overlap and are not different incidents of one scheme."""
    first = one.incident_path[:1], other.incident_path[:1]
    schemes = [path[0][0] for path in first if path]
    return one.box.overlaps(other.box) and (
        first[0] == first[1] or len(set(schemes)) != 1 or len(schemes) == 1
    )


def label_by_comparison(constraints: list[Constraint]) -> list[int]:
    """Return the smallest constraint of each one's component, by comparing every two parts."""
    label = list(range(len(constraints)))
    for one, other in combinations(range(len(constraints)), 2):
        if any(
            can_share(part, other_part)
            for part in constraints[one].parts
            for other_part in constraints[other].parts
        ):
            old, new = max(label[one], label[other]), min(label[one], label[other])
            label = [new if each == old else each for each in label]
    return label


def list_labels(found: Components, count: int) -> list[int]:
    return [int(found.members_of(found.component_of(index))[0]) for index in range(count)]


@pytest.mark.parametrize(("run_ratio", "row_pairs"), [(16, 50_000), (0, 3), (1_000, 3)])
@settings(max_examples=200, deadline=None)
@given(case=cases(max_size=12))
def test_components_are_those_of_pairwise_comparison(
    case: Case, run_ratio: int, row_pairs: int
) -> None:
    """Whether all rows, none or some are compared in a sweep, and in one step or many."""
    constraints = build_constraints(case)
    with (
        mock.patch.object(components, "MAX_RUN_RATIO", run_ratio),
        mock.patch.object(components, "MAX_ROW_PAIRS", row_pairs),
    ):
        found = finish(find_components(constraints))
    assert list_labels(found, len(constraints)) == label_by_comparison(constraints)


@settings(max_examples=50, deadline=None)
@given(cases(max_size=12))
def test_an_interrupted_search_finds_the_same(case: Case) -> None:
    constraints = build_constraints(case)
    search = Computation(find_components(constraints))
    found = None
    while found is None:
        found = search.run(Deadline(0))
    expected = finish(find_components(constraints))
    count = len(constraints)
    assert list_labels(found, count) == list_labels(expected, count)


@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_scopes_that_overlap_a_region_are_found(case: Case) -> None:
    scopes = make_figure_scopes(case)
    region = make_region(case.query, case.forest.places, case.forest.groups)
    expected = [
        index
        for index, parts in enumerate(scopes.parts)
        if any(part.box.overlaps(box) for part in parts for box in region.boxes)
    ]
    assert OverlapIndex(scopes.parts).find_overlapping(region).tolist() == expected


def find_labels(figures: list[Figure]) -> list[int]:
    figures_by_id = {figure.id: figure for figure in figures}
    scopes = FigureScopes(figures, Reclassifications(figures, figures_by_id), PLACES, GROUPS)
    constraints = finish(scopes.build_constraints())
    return list_labels(finish(find_components(constraints)), len(constraints))


@pytest.mark.parametrize("run_ratio", [0, 16])
def test_events_of_one_register_are_apart_and_one_of_another_unites_them(
    run_ratio: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(components, "MAX_RUN_RATIO", run_ratio)
    events = [
        make_figure(f"x{number}", 1, 1, make_scope(incident=f"x:{number}")) for number in range(4)
    ]
    assert find_labels(events) == [0, 1, 2, 3]
    other = make_figure("y", 1, 1, make_scope(incident="y:1"))
    assert find_labels([*events, other]) == [0, 0, 0, 0, 0]
    again = make_figure("x0 again", 1, 1, make_scope("r", incident="x:0"))
    assert find_labels([*events, again]) == [0, 1, 2, 3, 0]


@pytest.mark.parametrize("run_ratio", [0, 16])
def test_a_run_that_meets_several_of_a_wider_scope_unites_them(
    run_ratio: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(components, "MAX_RUN_RATIO", run_ratio)
    days = [make_figure(f"r{day}", 1, 1, make_scope("r", (day, day))) for day in (1, 3, 5, 7)]
    village = make_figure("a", 1, 1, make_scope("a", (2, 5)))
    assert find_labels([*days, village]) == [0, 1, 1, 3, 1]


@pytest.mark.parametrize("count", [4_000])
def test_many_events_of_two_registers_on_one_day_take_one_union_each(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    unions = []
    unite = DisjointSets.unite

    def count_unions(sets: DisjointSets, one: int, other: int) -> None:
        unions.append(one)
        unite(sets, one, other)

    monkeypatch.setattr(DisjointSets, "unite", count_unions)
    events = [
        make_figure(f"{scheme}{number}", 1, 1, make_scope(incident=f"{scheme}:{number}"))
        for number in range(count // 2)
        for scheme in "xy"
    ]
    assert set(find_labels(events)) == {0}
    assert len(unions) < 8 * count


def test_no_figures_have_no_components() -> None:
    assert find_labels([]) == []


def test_figures_of_everywhere_have_components() -> None:
    everywhere = [make_figure(f"f{day}", 1, 1, make_scope("", (day, day))) for day in (1, 2)]
    assert find_labels(everywhere) == [0, 1]

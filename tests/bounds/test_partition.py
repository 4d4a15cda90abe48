"""The merged cells of boxes are those of an enumeration."""

from itertools import product

import pytest
from hypothesis import given, settings

from service.bounds import partition
from service.bounds.boxes import Box, Region, make_region
from service.bounds.engine import TotalsEngine
from service.bounds.partition import AxisPartition, TooManyCellsError, build_partition
from service.domain.figure import Figure
from service.domain.trees import Tree, TreeNode
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP
from tests.bounds.builders import (
    AMPLE_SECONDS,
    PLACES,
    Case,
    cases,
    finish,
    make_figure,
    make_scope,
)


def list_points(regions: list[Region]) -> list[Box]:
    """Return one box of a single point for each place where the boxes can differ."""
    boxes = [box for region in regions for box in region.boxes]
    days = {edge for box in boxes for edge in (box.first_day, box.last_day + 1)}
    axes = sorted({axis for box in boxes for axis, _ in box.axes})
    edges = {
        axis: sorted(
            {
                edge
                for box in boxes
                for interval in box.intervals_along(axis) or ()
                for edge in (interval[0], interval[1])
            }
        )
        for axis in axes
    }
    return [
        Box(
            day, day, 1 << outcome, tuple(zip(axes, (((at, at + 1),) for at in point), strict=True))
        )
        for day in days
        for outcome in range(len(OUTCOMES))
        for point in product(*edges.values())
    ]


@settings(max_examples=200, deadline=None)
@given(cases(max_size=4))
def test_cells_and_their_classification_are_those_of_an_enumeration(case: Case) -> None:
    places, groups = case.forest.places, case.forest.groups
    regions = [make_region(figure.scope, places, groups) for figure in case.figures]
    query = make_region(case.query, places, groups)
    boxes = sorted({box for region in regions for box in region.boxes})
    cells = finish(build_partition(boxes))
    number_of = {row.tobytes(): number for number, row in enumerate(cells.incidence)}
    assert len(number_of) == len(cells.incidence)
    has_inside, has_outside = cells.classify(query.boxes)
    met = set()
    for point in list_points([*regions, query]):
        in_boxes = [point.is_within(box) for box in boxes]
        if any(in_boxes):
            number = number_of[bytes(in_boxes)]
            met.add(number)
            is_inside = Region((point,)).is_within(query)
            # A cell may be said to have a part that it has not: that is wider, never wrong.
            assert has_inside[number] if is_inside else has_outside[number]
    assert met == set(range(len(cells.incidence)))


def make_unrelated_groups(count: int) -> Tree:
    """Return groups that have a facet of their own each."""
    nodes = {f"g{number}": TreeNode(ROOT_GROUP) for number in range(count)}
    return Tree({ROOT_GROUP: TreeNode()} | nodes, root=ROOT_GROUP)


def make_group_figures(count: int) -> list[Figure]:
    return [
        make_figure(f"f{number}", 10 + number, 10 + number, make_scope(groups=f"g{number}"))
        for number in range(count)
    ]


def test_ten_groups_without_a_facet_may_share_all_their_people() -> None:
    engine = TotalsEngine(make_group_figures(10), PLACES, make_unrelated_groups(10))
    total = engine.total(make_scope(), AMPLE_SECONDS)
    assert (total.low, total.high) == (19, sum(range(10, 20)))


def test_an_axis_with_too_many_ends_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "MAX_FLAGS", 10)
    AxisPartition([((0, 1),), ((2, 3),)])
    with pytest.raises(TooManyCellsError):
        AxisPartition([((0, 1),), ((2, 3),), ((4, 5),)])


@pytest.mark.parametrize(("limit", "value"), [("MAX_STATES", 100), ("MAX_FLAGS", 1000)])
def test_too_many_cells_give_a_wide_total(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(partition, limit, value)
    figures = make_group_figures(10)
    engine = TotalsEngine(figures, PLACES, make_unrelated_groups(10))
    total = engine.total(make_scope(), AMPLE_SECONDS)
    assert (total.low, total.high, total.exact, total.is_disputed) == (19, None, False, True)
    assert engine.find_set_aside(make_scope(), AMPLE_SECONDS) == ()
    with pytest.raises(TooManyCellsError):
        finish(
            build_partition(
                [
                    box
                    for figure in figures
                    for box in make_region(figure.scope, PLACES, make_unrelated_groups(10)).boxes
                ]
            )
        )


def test_without_time_the_total_is_wide_and_the_next_calls_go_on() -> None:
    engine = TotalsEngine(make_group_figures(4), PLACES, make_unrelated_groups(4))
    scope = make_scope()
    short = engine.total(scope, 0)
    assert (short.low, short.high, short.exact, short.is_disputed) == (0, None, False, True)
    assert engine.dependent_figures(scope, 0) == engine.counted_figures
    assert not engine.are_disjoint(scope, 0)
    for _ in range(1_000):
        total = engine.total(scope, 0)
    assert not total.exact  # All is prepared; only the solver has no time.
    assert engine.total(scope, AMPLE_SECONDS).low == 13

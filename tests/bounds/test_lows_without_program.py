"""Without a program a total has the lows that no contradiction can set aside."""

from collections.abc import Sequence

import pytest

from service.bounds.engine import TotalsEngine
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from service.domain.trees import Tree, TreeNode
from service.domain.vocabulary import ROOT_GROUP
from tests.bounds.builders import (
    AMPLE_SECONDS,
    GROUPS,
    PLACES,
    compute_total,
    make_figure,
    make_scope,
    no_programs,
)


def compute_without_program(figures: Sequence[Figure], scope: Scope) -> Total:
    with no_programs():
        return compute_total(figures, scope)


VILLAGES = [
    make_figure("a", 52, None, make_scope("a")),
    make_figure("b1", 40, 45, make_scope("b1")),
    make_figure("b", 50, None, make_scope("b")),
]


def test_the_lows_of_disjoint_scopes_are_added() -> None:
    total = compute_without_program(
        [*VILLAGES, make_figure("s", 0, None, make_scope("r s"))], make_scope("r")
    )
    assert (total.low, total.high, total.exact, total.is_disputed) == (102, None, False, True)
    assert {term.figure.id for term in total.low_terms} == {"a", "b"}


def test_a_wider_high_may_take_the_lows_away() -> None:
    figures = [*VILLAGES, make_figure("region", 0, 60, make_scope("r"))]
    assert compute_without_program(figures, make_scope("r")).low == 0


def test_a_low_stands_where_only_its_parts_have_highs() -> None:
    figures = [*VILLAGES, make_figure("region", 100, 100, make_scope("r"))]
    whole = compute_total(figures, make_scope("r"))
    total = compute_without_program(figures, make_scope("r"))
    assert (total.low, total.high) == (100, None)
    assert (whole.low, whole.exact) == (100, True)


def test_of_two_lows_of_one_scope_the_one_below_the_high_stands() -> None:
    figures = [
        make_figure("thirty", 30, 30, make_scope("r")),
        make_figure("forty", 40, 40, make_scope("r")),
        make_figure("part", 3, 3, make_scope("a")),
    ]
    assert compute_without_program(figures, make_scope("r")).low == 30
    assert compute_without_program(figures, make_scope("a")).low == 0


def test_the_lows_of_one_incident_told_elsewhere_hold_for_all_of_its_places() -> None:
    figures = [
        make_figure("one", 10, 10, make_scope("a", incident="x:1"), reporter="A"),
        make_figure("two", 10, 10, make_scope("b1", incident="x:1"), reporter="B"),
        make_figure("other", 4, 4, make_scope("a", incident="x:2"), reporter="B"),
    ]
    assert compute_without_program(figures, make_scope("a")).low == 4
    assert compute_without_program(figures, make_scope("r")).low == 14


def test_incidents_of_two_schemes_may_be_one() -> None:
    figures = [
        make_figure("x", 4, 4, make_scope("a", incident="x:1")),
        make_figure("y", 6, 6, make_scope("a", incident="y:1")),
        make_figure("b", 3, 3, make_scope("b", incident="y:2")),
        make_figure("wide", 1, None, make_scope("r")),
    ]
    total = compute_without_program(figures, make_scope("r"))
    assert (total.low, {term.figure.id for term in total.low_terms}) == (9, {"y", "b"})


@pytest.mark.parametrize("facet_count", [40])
def test_many_groups_that_may_share_people_keep_the_low_of_everyone(facet_count: int) -> None:
    """Their cells cannot be enumerated, and nothing is mocked."""
    ids = [f"group{number}" for number in range(facet_count)]
    groups = Tree(
        {ROOT_GROUP: TreeNode(), **{each: TreeNode(ROOT_GROUP) for each in ids}}, root=ROOT_GROUP
    )
    figures = [make_figure("everyone", 300, 300)]
    figures += [make_figure(each, 5, 9, make_scope(groups=each)) for each in ids]
    total = TotalsEngine(figures, PLACES, groups).total(make_scope(), AMPLE_SECONDS)
    assert (total.low, total.high, total.exact) == (300, None, False)


def test_a_scope_outside_the_query_adds_nothing() -> None:
    total = TotalsEngine(VILLAGES, PLACES, GROUPS)
    with no_programs():
        assert total.total(make_scope("b1"), AMPLE_SECONDS).low == 40

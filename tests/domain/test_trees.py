"""Nodes of a tree select who can be in them; trees have facets."""

from collections.abc import Iterable, Mapping
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.trees import (
    EVERYTHING,
    FEW_INTERVALS,
    Conjunction,
    Interval,
    Tree,
    TreeNode,
    intersect_intervals,
    intervals_contained,
    intervals_overlap,
    join_intervals,
)

NODES = {
    "r": TreeNode(),
    "b": TreeNode("r"),
    "a": TreeNode("r"),
    "b2": TreeNode("b"),
    "b1": TreeNode("b"),
    "s": TreeNode(),
    "basin": TreeNode("r", "hydro"),
}
FOREST = Tree(NODES, top_facet="administrative")

GROUPS = Tree(
    {
        "everyone": TreeNode(),
        "civilians": TreeNode("everyone", "status"),
        "soldiers": TreeNode("everyone", "status"),
        "women": TreeNode("everyone", "sex"),
        "militia": TreeNode("civilians", "bearing"),
        "veterans": TreeNode("everyone", "bearing"),
        "rescuers": TreeNode("everyone"),
        "medics": TreeNode("rescuers"),
    },
    root="everyone",
)


@st.composite
def node_maps(draw: st.DrawFn) -> dict[str, TreeNode]:
    """Draw a forest of up to seven nodes in up to three facets; a parent is an earlier node."""
    nodes: dict[str, TreeNode] = {}
    for number in range(draw(st.integers(1, 7))):
        parent = draw(st.sampled_from([None, *nodes]))
        nodes[f"n{number}"] = TreeNode(parent, draw(st.sampled_from([None, None, "x", "y"])))
    return nodes


def test_roots_and_children_are_in_the_order_of_their_ids() -> None:
    assert FOREST.roots() == ("r", "s")
    assert FOREST.children("r") == ("a", "b", "basin")
    assert FOREST.children("a") == ()


def test_a_tree_knows_where_each_node_is() -> None:
    assert "a" in FOREST
    assert "elsewhere" not in FOREST
    assert len(FOREST) == len(NODES)
    assert (FOREST.parent_of("b1"), FOREST.parent_of("r")) == ("b", None)
    assert FOREST.is_below("b1", "r")
    assert not FOREST.is_below("r", "b1")
    assert not FOREST.is_below("r", "r")


def test_a_node_has_the_facet_that_it_names_or_else_its_parents() -> None:
    assert (FOREST.facet_of("b1"), FOREST.facet_of("basin")) == ("administrative", "hydro")
    assert GROUPS.facet_of("everyone") is None
    assert GROUPS.facet_of("militia") == "bearing"
    assert GROUPS.facet_of("rescuers") == GROUPS.facet_of("medics") == "own:rescuers"


def test_a_node_is_more_than_its_children() -> None:
    children, parent = FOREST.select(["b1", "b2"]), FOREST.select(["b"])
    assert children != parent
    assert children.is_within(parent)
    assert not parent.is_within(children)


def test_a_node_adds_nothing_to_its_ancestor() -> None:
    assert FOREST.select(["b1", "r"]) == FOREST.select(["r"])


def test_no_node_or_the_root_is_everybody() -> None:
    assert FOREST.select([]) == EVERYTHING
    assert GROUPS.select(["everyone"]) == EVERYTHING
    assert GROUPS.select(["everyone", "women"]) == GROUPS.select(["women"])


def test_nodes_of_different_facets_must_all_hold() -> None:
    both = GROUPS.select(["women", "civilians"])
    assert both.is_within(GROUPS.select(["women"]))
    assert both.is_within(GROUPS.select(["civilians"]))
    assert GROUPS.select(["women"]).overlaps(GROUPS.select(["civilians"]))
    assert not both.overlaps(GROUPS.select(["soldiers"]))


def test_a_node_below_one_of_another_facet_is_wholly_in_it() -> None:
    assert GROUPS.select(["militia"]).is_within(GROUPS.select(["civilians"]))
    assert not GROUPS.select(["militia"]).overlaps(GROUPS.select(["soldiers"]))
    assert FOREST.select(["basin"]).is_within(FOREST.select(["r"]))
    assert not FOREST.select(["basin"]).overlaps(FOREST.select(["s"]))


def test_a_node_below_another_facet_is_in_the_node_above_both() -> None:
    tree = Tree(
        {"side": TreeNode(None, "x"), "unit": TreeNode("side", "y"), "staff": TreeNode("unit", "x")}
    )
    assert tree.select(["staff"]).is_within(tree.select(["unit"]))
    assert tree.select(["staff"]).is_within(tree.select(["side"]))
    assert not tree.select(["side"]).is_within(tree.select(["staff"]))


def test_alternatives_below_different_nodes_stay_apart() -> None:
    selection = GROUPS.select(["militia", "veterans"])
    assert len(selection.alternatives) == 2
    assert selection.overlaps(GROUPS.select(["soldiers"]))
    assert not GROUPS.select(["militia", "veterans"]).is_within(GROUPS.select(["civilians"]))


def test_nobody_is_in_nodes_that_exclude_each_other() -> None:
    assert GROUPS.select(["militia", "soldiers"]).alternatives == ()


def list_kinds(nodes: Mapping[str, TreeNode]) -> list[dict[str, str | None]]:
    """Return every way in which one person can be placed: the innermost node of each facet."""
    tree = Tree(nodes, top_facet="top")
    by_facet: dict[str, list[str | None]] = {}
    for node in nodes:
        by_facet.setdefault(tree.facet_of(node) or "", [None]).append(node)
    kinds = [dict(zip(by_facet, choice, strict=True)) for choice in product(*by_facet.values())]
    return [
        kind
        for kind in kinds
        if all(
            is_in(tree, kind, above)
            for node in kind.values()
            for above in list_ancestors(nodes, node)
        )
    ]


def list_ancestors(nodes: Mapping[str, TreeNode], node: str | None) -> list[str]:
    """Return the nodes above, the nearest first."""
    ancestors = []
    while node is not None:
        node = nodes[node].parent
        if node is not None:
            ancestors.append(node)
    return ancestors


def is_in(tree: Tree, kind: Mapping[str, str | None], node: str) -> bool:
    """Whether a person of this kind is in the node: at it, or below it through any facet."""
    at = kind[tree.facet_of(node) or ""]
    while at is not None and at != node:
        at = tree.parent_of(at)
    return at is not None


def select_kinds(
    nodes: Mapping[str, TreeNode], kinds: Iterable[dict[str, str | None]], chosen: Iterable[str]
) -> list[bool]:
    """Return which kinds are in the nodes together, by the words of the definition."""
    tree = Tree(nodes, top_facet="top")
    by_facet: dict[str, list[str]] = {}
    for node in chosen:
        by_facet.setdefault(tree.facet_of(node) or "", []).append(node)
    return [
        all(any(is_in(tree, kind, node) for node in named) for named in by_facet.values())
        for kind in kinds
    ]


@given(node_maps(), st.data())
def test_selections_are_those_of_an_enumeration(
    nodes: dict[str, TreeNode], data: st.DataObject
) -> None:
    tree, kinds = Tree(nodes, top_facet="top"), list_kinds(nodes)
    sets = st.lists(st.sampled_from(sorted(nodes)), unique=True, max_size=3)
    one, other = data.draw(sets), data.draw(sets)
    in_one, in_other = (select_kinds(nodes, kinds, chosen) for chosen in (one, other))
    first, second = tree.select(one), tree.select(other)
    assert bool(first.alternatives) == any(in_one)
    assert first.overlaps(second) == any(a and b for a, b in zip(in_one, in_other, strict=True))
    if first.is_within(second):
        assert all(b or not a for a, b in zip(in_one, in_other, strict=True))
    if len(second.alternatives) == 1:
        assert first.is_within(second) == all(
            b or not a for a, b in zip(in_one, in_other, strict=True)
        )


def covered(intervals: Iterable[Interval]) -> set[int]:
    """Return the numbers in the intervals."""
    return {number for start, stop in intervals for number in range(start, stop)}


def _interval_lists(last: int, max_size: int) -> st.SearchStrategy[list[Interval]]:
    starts, lengths = st.integers(0, last), st.integers(1, 4)
    return st.lists(
        st.tuples(starts, lengths).map(lambda pair: (pair[0], sum(pair))), max_size=max_size
    )


INTERVALS = st.one_of(_interval_lists(12, 4), _interval_lists(90, 4 * FEW_INTERVALS))


@given(INTERVALS, INTERVALS)
def test_intervals_are_sets_of_numbers(one: list[Interval], other: list[Interval]) -> None:
    first, second = join_intervals(one), join_intervals(other)
    assert covered(first) == covered(one)
    assert all(stop < start for (_, stop), (start, _) in pairwise(first))
    assert covered(intersect_intervals(first, second)) == covered(one) & covered(other)
    assert intervals_overlap(first, second) == bool(covered(one) & covered(other))
    assert intervals_contained(first, second) == (covered(one) <= covered(other))


def test_one_of_many_intervals_must_hold_another() -> None:
    many = tuple((start, start + 2) for start in range(0, 8 * FEW_INTERVALS, 4))
    assert intervals_contained(((4, 6), (8, 9)), many)
    assert not intervals_contained(((4, 7),), many)
    assert not intervals_contained(((-1, 1),), many)


@pytest.mark.parametrize("order", [["b1", "b2", "s"], ["s", "b2", "b1"]])
def test_the_order_of_the_nodes_is_irrelevant(order: list[str]) -> None:
    expected: Conjunction = FOREST.select(["b1", "b2", "s"]).alternatives[0]
    assert FOREST.select(order).alternatives == (expected,)

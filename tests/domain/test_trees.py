"""Intervals of a tree express containment."""

from hypothesis import given
from hypothesis import strategies as st

from service.domain.trees import Tree, intervals_contained, intervals_overlap

FOREST = Tree({"r": None, "b": "r", "a": "r", "b2": "b", "b1": "b", "s": None})


@st.composite
def forests(draw: st.DrawFn) -> dict[str, str | None]:
    """Draw a forest of up to twelve nodes; a parent is an earlier node or none."""
    parents: dict[str, str | None] = {}
    for number in range(draw(st.integers(1, 12))):
        parents[f"n{number}"] = draw(st.sampled_from([None, *parents]))
    return parents


def test_roots_and_children_stand_in_the_order_of_their_ids() -> None:
    assert FOREST.roots() == ("r", "s")
    assert FOREST.children("r") == ("a", "b")
    assert FOREST.children("a") == ()


def test_an_interval_holds_a_node_and_its_descendants() -> None:
    assert FOREST.interval("r") == (0, 5)
    assert FOREST.interval("b") == (2, 5)
    assert FOREST.interval("s") == (5, 6)


def test_a_node_is_more_than_its_children() -> None:
    assert FOREST.intervals(["b1", "b2"]) != FOREST.intervals(["b"])
    assert intervals_contained(FOREST.intervals(["b1", "b2"]), FOREST.intervals(["b"]))
    assert not intervals_contained(FOREST.intervals(["b"]), FOREST.intervals(["b1", "b2"]))


def test_adjacent_nodes_are_one_interval() -> None:
    assert FOREST.intervals(["b2", "b1"]) == ((3, 5),)
    assert FOREST.intervals(["a", "s"]) == ((1, 2), (5, 6))


def test_a_node_adds_nothing_to_its_ancestor() -> None:
    assert FOREST.intervals(["b1", "r"]) == FOREST.intervals(["r"])


def test_the_intervals_of_the_whole_tree_are_those_of_its_roots() -> None:
    assert FOREST.all_intervals() == FOREST.intervals(["r", "s"]) == ((0, len(FOREST)),)
    assert len(FOREST) == 6


def test_an_empty_tree_has_no_intervals() -> None:
    assert Tree({}).all_intervals() == ()
    assert Tree({}).roots() == ()


@given(forests(), st.data())
def test_two_nodes_overlap_where_one_is_an_ancestor_of_the_other(
    parents: dict[str, str | None], data: st.DataObject
) -> None:
    tree = Tree(parents)
    one, other = (data.draw(st.sampled_from(sorted(parents))) for _ in range(2))
    above = {name: _ancestors_or_self(parents, name) for name in (one, other)}
    nested = one in above[other] or other in above[one]
    assert intervals_overlap(tree.intervals([one]), tree.intervals([other])) == nested
    assert intervals_contained(tree.intervals([one]), tree.intervals([other])) == (
        other in above[one]
    )


@given(forests(), st.data())
def test_intervals_cover_the_descendants_of_the_nodes_and_no_other(
    parents: dict[str, str | None], data: st.DataObject
) -> None:
    tree = Tree(parents)
    chosen = data.draw(st.sets(st.sampled_from(sorted(parents)), min_size=1))
    expected = {
        tree.interval(node)[0] for node in parents if chosen & _ancestors_or_self(parents, node)
    }
    covered = {number for start, stop in tree.intervals(chosen) for number in range(start, stop)}
    assert covered == expected


def _ancestors_or_self(parents: dict[str, str | None], node: str | None) -> set[str]:
    """Return the node and all its ancestors."""
    line = set()
    while node is not None:
        line.add(node)
        node = parents[node]
    return line

"""Disjoint sets are those of a search through the connections."""

from hypothesis import given
from hypothesis import strategies as st

from service.bounds.disjoint_sets import DisjointSets

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12)


@given(PAIRS)
def test_items_are_in_one_set_where_a_path_connects_them(pairs: list[tuple[int, int]]) -> None:
    sets = DisjointSets(10)
    label = list(range(10))
    for one, other in pairs:
        sets.unite(one, other)
        label = [label[one] if each == label[other] else each for each in label]
    for one in range(10):
        for other in range(10):
            assert (sets.find(one) == sets.find(other)) == (label[one] == label[other])

"""The distinct places, or groups, of all scopes under one tree."""

from collections.abc import Callable, Iterable, Sequence
from threading import Lock

from service.columns.arrays import BoolArray
from service.columns.selections import SelectionIndex
from service.domain.trees import Selection, Tree


class ScopeSets:
    """Numbered sets of ids as selections of a tree, with merged ids replaced.

    The list of sets may grow; the tree and the merges must not change. Safe to share between
    threads.
    """

    def __init__(
        self,
        sets: Sequence[tuple[str, ...]],
        tree: Tree,
        resolve: Callable[[tuple[str, ...]], tuple[str, ...]],
    ) -> None:
        """``resolve`` returns the ids that replace merged ones."""
        self._sets, self._tree, self._resolve = sets, tree, resolve
        self._ids: list[tuple[str, ...]] = []
        self._lock = Lock()
        self._index = SelectionIndex()

    def _update(self) -> None:
        """Take the sets that were added since the last use."""
        if len(self._ids) == len(self._sets):
            return
        with self._lock:
            ids = [self._resolve(each) for each in self._sets[len(self._ids) :]]
            self._index.extend([self._select(each) for each in ids])
            self._ids += ids

    def _select(self, ids: tuple[str, ...]) -> Selection:
        """Return the selection of the ids; of nobody if one is only known in later states."""
        if all(each in self._tree for each in ids):
            return self._tree.select(ids)
        return Selection(())

    def get_ids(self, number: int) -> tuple[str, ...]:
        """Return the ids of a set."""
        self._update()
        return self._ids[number]

    def find_ids(self, numbers: Iterable[int]) -> set[str]:
        """Return all ids of some sets."""
        self._update()
        return {each for number in numbers for each in self._ids[number]}

    def flag_overlapping(self, ids: Sequence[str]) -> BoolArray:
        """Return which sets can share people with these ids together, bool[n_sets]."""
        self._update()
        return self._index.flag_overlapping(self._tree.select(ids))

    def flag_within(self, ids: Sequence[str]) -> BoolArray:
        """Return which sets hold nobody outside of these ids together, bool[n_sets]."""
        self._update()
        return self._index.flag_within(self._tree.select(ids))

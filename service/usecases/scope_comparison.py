"""Comparison of the scopes of a few figures, without the trees of the whole record."""

from collections.abc import Iterable, Sequence

from service.domain.figure import Figure
from service.domain.periods import Period
from service.domain.trees import Selection, Tree
from service.usecases.resolve_entities import EntityResolver


class ScopeComparison:
    """Compares the scopes of figures by the places and groups that they name."""

    def __init__(self, resolver: EntityResolver, figures: Iterable[Figure]) -> None:
        """Compare any of the figures; their places and groups are loaded where that is needed."""
        self._resolver = resolver
        self._within: dict[tuple[str, int, int], bool] = {}
        self._overlapping: dict[tuple[str, int, int], bool] = {}
        self._numbers: dict[tuple[str, ...], int] = {}
        self._lists: dict[int, tuple[tuple[str, ...], int]] = {}
        self._waiting: list[Figure] = []
        self._known: set[str] = set()
        self._named: dict[str, set[str]] = {"place": set(), "group": set()}
        self._trees: dict[str, Tree] = {}
        self._selections: dict[tuple[str, int], Selection] = {}
        self.add(figures)

    def add(self, figures: Iterable[Figure]) -> None:
        """Compare these figures too; what is known of others stays."""
        # Most comparisons need no tree.
        self._waiting += figures

    def _add_waiting(self) -> None:
        new_figures = [each for each in self._waiting if each.id not in self._known]
        self._waiting.clear()
        self._known.update(each.id for each in new_figures)
        for kind, named in self._named.items():
            count = len(named)
            for figure in new_figures:
                named.update(_ids_of(kind, figure))
            if len(named) > count and self._trees.pop(kind, None) is not None:
                # Selections of two trees cannot be compared. Whether one list is within another or
                # overlaps it does not depend on the tree.
                self._selections = {
                    key: selection for key, selection in self._selections.items() if key[0] != kind
                }

    def is_within(self, inner: Figure, outer: Figure) -> bool:
        """Whether everybody in the scope of the first figure is in that of the second."""
        event = (outer.scope.incident, outer.reclassifies)
        return (
            inner.scope.outcomes <= outer.scope.outcomes
            and event in ((None, None), (inner.scope.incident, inner.reclassifies))
            and inner.scope.period.is_within(outer.scope.period)
            and self._is_named_within("place", inner.scope.places, outer.scope.places)
            and self._is_named_within("group", inner.scope.groups, outer.scope.groups)
        )

    def are_disjoint(self, one: Figure, other: Figure) -> bool:
        """Whether nobody can be in both scopes.

        Two incidents of one scheme are different events.
        """
        first, second = one.scope, other.scope
        if first.incident and second.incident and first.incident != second.incident:
            return _scheme_of(first.incident) == _scheme_of(second.incident)
        return (
            not first.outcomes & second.outcomes
            or not first.period.overlaps(second.period)
            or not self._do_overlap("place", first.places, second.places)
            or not self._do_overlap("group", first.groups, second.groups)
        )

    def is_covered(self, whole: Figure, one: Figure, other: Figure) -> bool:
        """Whether everybody in the whole is in one of the two scopes, which differ in one part."""
        if (one.scope.incident, other.scope.incident) != (None, None):
            return False
        # All parts of the scope are in both, but one, which is in the two together.
        is_one_divided = False
        for is_contained in (
            self._are_outcomes_contained,
            self._is_period_contained,
            self._are_places_contained,
            self._are_groups_contained,
        ):
            if is_contained(whole, (one,)) and is_contained(whole, (other,)):
                continue
            if is_one_divided or not is_contained(whole, (one, other)):
                return False
            is_one_divided = True
        return is_one_divided

    def _are_outcomes_contained(self, whole: Figure, parts: Sequence[Figure]) -> bool:
        outcomes = frozenset().union(*(each.scope.outcomes for each in parts))
        return whole.scope.outcomes <= outcomes

    def _is_period_contained(self, whole: Figure, parts: Sequence[Figure]) -> bool:
        """Whether the parts, one or two, contain all days of the whole."""
        periods = [each.scope.period for each in parts]
        first, last = min(periods, key=_start_of), max(periods, key=_start_of)
        return (
            first.start <= whole.scope.period.start
            and last.start <= first.stop + 1
            and max(each.stop for each in periods) >= whole.scope.period.stop
        )

    def _are_places_contained(self, whole: Figure, parts: Sequence[Figure]) -> bool:
        return self._are_named_contained("place", whole, parts)

    def _are_groups_contained(self, whole: Figure, parts: Sequence[Figure]) -> bool:
        return self._are_named_contained("group", whole, parts)

    def _are_named_contained(self, kind: str, whole: Figure, parts: Sequence[Figure]) -> bool:
        lists = [_ids_of(kind, part) for part in parts]
        ids = lists[0] if len(lists) == 1 else tuple(each for ids in lists for each in ids)
        return self._is_named_within(kind, _ids_of(kind, whole), ids)

    def _is_named_within(self, kind: str, inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
        if inner is outer:
            return True
        if len(inner) == len(outer) == 1:
            is_within = self._resolver.is_one_within(kind, inner[0], outer[0])
            if is_within is not None:
                return is_within
        key = (kind, self._get_number(inner), self._get_number(outer))
        if key[1] == key[2]:
            return True
        known = self._within.get(key)
        if known is None:
            known = self._select(kind, inner).is_within(self._select(kind, outer))
            self._within[key] = known
        return known

    def _get_number(self, ids: tuple[str, ...]) -> int:
        """Return a number for the list of ids, which is compared faster than many ids."""
        # The tuple is kept with its number, so that no other one can have its address.
        known = self._lists.get(id(ids))
        if known is None:
            number = self._numbers.setdefault(ids, len(self._numbers))
            known = self._lists[id(ids)] = (ids, number)
        return known[1]

    def _do_overlap(self, kind: str, one: tuple[str, ...], other: tuple[str, ...]) -> bool:
        key = (kind, self._get_number(one), self._get_number(other))
        known = self._overlapping.get(key)
        if known is None:
            known = self._select(kind, one).overlaps(self._select(kind, other))
            self._overlapping[key] = known
        return known

    def _select(self, kind: str, ids: tuple[str, ...]) -> Selection:
        if self._waiting:
            self._add_waiting()
        key = (kind, self._get_number(ids))
        known = self._selections.get(key)
        if known is None:
            if kind not in self._trees:
                self._trees[kind] = self._resolver.make_tree(kind, self._named[kind])
            current_ids = self._resolver.list_current_ids(kind, ids)
            known = self._selections[key] = self._trees[kind].select(current_ids)
        return known


def _start_of(period: Period) -> int:
    return period.start


def _ids_of(kind: str, figure: Figure) -> tuple[str, ...]:
    return figure.scope.places if kind == "place" else figure.scope.groups


def _scheme_of(incident: str) -> str:
    return incident.partition(":")[0]

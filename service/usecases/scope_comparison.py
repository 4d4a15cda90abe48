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
        self._within: dict[tuple[str, tuple[str, ...], tuple[str, ...]], bool] = {}
        self._figures = tuple(figures)
        self._trees: dict[str, Tree] = {}

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
        ids = [each for part in parts for each in _ids_of(kind, part)]
        return self._is_named_within(kind, _ids_of(kind, whole), ids)

    def _is_named_within(self, kind: str, inner: Iterable[str], outer: Iterable[str]) -> bool:
        key = (kind, tuple(inner), tuple(outer))
        if key[1] == key[2]:
            return True
        if key not in self._within:
            self._within[key] = self._compute_within(*key)
        return self._within[key]

    def _compute_within(self, kind: str, inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
        if len(inner) == len(outer) == 1:
            # One place is in another if that is above it, whatever their divisions are.
            one, other = (self._resolver.get(kind, ids[0]) for ids in (inner, outer))
            if one is not None and other is not None:
                return self._resolver.is_same_or_below(kind, one, other.id)
        return self._select(kind, inner).is_within(self._select(kind, outer))

    def _do_overlap(self, kind: str, one: Iterable[str], other: Iterable[str]) -> bool:
        return self._select(kind, one).overlaps(self._select(kind, other))

    def _select(self, kind: str, ids: Iterable[str]) -> Selection:
        if kind not in self._trees:
            named = {each for figure in self._figures for each in _ids_of(kind, figure)}
            self._trees[kind] = self._resolver.make_tree(kind, named)
        return self._trees[kind].select(self._resolver.list_current_ids(kind, ids))


def _start_of(period: Period) -> int:
    return period.start


def _ids_of(kind: str, figure: Figure) -> tuple[str, ...]:
    return figure.scope.places if kind == "place" else figure.scope.groups


def _scheme_of(incident: str) -> str:
    return incident.partition(":")[0]

"""Comparison of the scopes of a few figures, without the trees of the whole record."""

from collections.abc import Iterable

from service.domain.figure import Figure
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
            event in ((None, None), (inner.scope.incident, inner.reclassifies))
            and inner.scope.period.is_within(outer.scope.period)
            and inner.scope.outcomes <= outer.scope.outcomes
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
        outcomes = one.scope.outcomes | other.scope.outcomes
        first, last = sorted((one.scope.period, other.scope.period), key=lambda each: each.start)
        contained = [
            (
                whole.scope.outcomes <= one.scope.outcomes & other.scope.outcomes,
                whole.scope.outcomes <= outcomes,
            ),
            (
                all(whole.scope.period.is_within(each.scope.period) for each in (one, other)),
                first.start <= whole.scope.period.start
                and last.start <= first.stop + 1
                and max(first.stop, last.stop) >= whole.scope.period.stop,
            ),
            *(self._is_named_covered(kind, whole, one, other) for kind in ("place", "group")),
        ]
        # All parts of the scope are in both, but one, which is in the two together.
        is_in_both = [each[0] for each in contained]
        return is_in_both.count(False) == 1 and contained[is_in_both.index(False)][1]

    def _is_named_covered(
        self, kind: str, whole: Figure, one: Figure, other: Figure
    ) -> tuple[bool, bool]:
        ids, first, second = (_ids_of(kind, each) for each in (whole, one, other))
        return (
            self._is_named_within(kind, ids, first) and self._is_named_within(kind, ids, second),
            self._is_named_within(kind, ids, (*first, *second)),
        )

    def _is_named_within(self, kind: str, inner: Iterable[str], outer: Iterable[str]) -> bool:
        key = (kind, tuple(inner), tuple(outer))
        if key not in self._within:
            self._within[key] = self._select(*key[:2]).is_within(self._select(kind, key[2]))
        return self._within[key]

    def _do_overlap(self, kind: str, one: Iterable[str], other: Iterable[str]) -> bool:
        return self._select(kind, one).overlaps(self._select(kind, other))

    def _select(self, kind: str, ids: Iterable[str]) -> Selection:
        if kind not in self._trees:
            named = {each for figure in self._figures for each in _ids_of(kind, figure)}
            self._trees[kind] = self._resolver.make_tree(kind, named)
        return self._trees[kind].select(self._resolver.list_current_ids(kind, ids))


def _ids_of(kind: str, figure: Figure) -> tuple[str, ...]:
    return figure.scope.places if kind == "place" else figure.scope.groups


def _scheme_of(incident: str) -> str:
    return incident.partition(":")[0]

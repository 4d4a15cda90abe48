"""Scopes of single places and groups are compared by their lines, as the trees select them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.domain.entities import Entity, Group, Place
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import ALWAYS
from service.store.entity_cache import EntityCache
from service.usecases.resolve_entities import EntityResolver
from service.usecases.scope_comparison import ScopeComparison


@st.composite
def _entities(draw: Any, entity_class: Any, facet: str, root: str | None) -> list[Entity]:
    """Return a tree of a few entities, of several facets or divisions."""
    entities: list[Entity] = [] if root is None else [entity_class(root, root)]
    for number in range(draw(st.integers(1, 7))):
        above = [each.id for each in entities] + ([None] if root is None else [])
        parent = draw(st.sampled_from(above)) if above else None
        values = {facet: draw(st.sampled_from((None, "x", "y")))}
        entities.append(entity_class(f"e{number}", "E", parent, **values))
    return entities


def _make_resolver(kind: str, entities: list[Entity]) -> EntityResolver:
    known = EntityCache(None)  # type: ignore[arg-type]
    known.add(entities)
    return EntityResolver(None, known)  # type: ignore[arg-type]


def _make_figure(figure_id: str, places: tuple[str, ...], groups: tuple[str, ...]) -> Figure:
    scope = Scope(places, ALWAYS, frozenset({"killed"}), groups)
    return Figure(figure_id, "r", "reporter", scope, Quantity(1, 1))


@given(
    st.one_of(
        st.tuples(st.just("place"), _entities(Place, "division", None)),
        st.tuples(st.just("group"), _entities(Group, "facet", "everyone")),
    ),
    st.data(),
)
def test_one_entity_is_in_another_where_the_trees_select_it_there(
    drawn: tuple[str, list[Entity]], data: st.DataObject
) -> None:
    kind, entities = drawn
    resolver = _make_resolver(kind, entities)
    inner, outer = (
        data.draw(st.sampled_from([each.id for each in entities]), label=label)
        for label in ("inner", "outer")
    )
    selected, whole = resolver.select(kind, (inner,), (outer,))
    scopes = [(each,) if kind == "place" else () for each in (inner, outer)]
    groups = [(each,) if kind == "group" else () for each in (inner, outer)]
    one, other = (
        _make_figure(name, places, of_group)
        for name, places, of_group in zip("ab", scopes, groups, strict=True)
    )
    comparison = ScopeComparison(resolver, (one, other))
    assert comparison.is_within(one, other) == selected.is_within(whole)

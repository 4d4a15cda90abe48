"""Scopes compare alike, whatever was compared before, and single entities as the trees select."""

from datetime import date
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.entities import Entity, Group, Place
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import ALWAYS, Period
from service.store.entity_cache import EntityCache
from service.store.interface import Store
from service.usecases import entities
from service.usecases.resolve_entities import EntityResolver
from service.usecases.scope_comparison import ScopeComparison
from tests.conftest import START_TIME

PLACES: dict[str, dict[str, Any]] = {
    "land": {},
    "basin": {"parent": "land", "division": "river"},
    "east": {"parent": "land"},
    "west": {"parent": "land"},
    "birch": {"parent": "east"},
    "elm": {"parent": "west"},
    "ford": {"parent": "basin"},
}
GROUPS: dict[str, dict[str, Any]] = {
    "soldiers": {"facet": "status"},
    "civilians": {"facet": "status"},
    "women": {"facet": "sex"},
    "medics": {"parent": "civilians"},
}


@st.composite
def _figures(draw: Any) -> list[Figure]:
    def draw_ids(ids: Any) -> tuple[str, ...]:
        chosen = draw(st.lists(st.sampled_from(sorted(ids)), min_size=1, max_size=3, unique=True))
        return tuple(chosen)

    figures = []
    for number in range(draw(st.integers(2, 5))):
        first, last = draw(st.sampled_from([(1, 1), (1, 2), (2, 2), (1, 3)]))
        scope = Scope(
            draw_ids(PLACES),
            Period(date(2024, 1, first), date(2024, 1, last)),
            frozenset(draw_ids({"killed", "wounded"})),
            draw_ids(GROUPS),
        )
        figures.append(Figure(f"f{number}", f"r{number}", "a", scope, Quantity(1, 2)))
    return figures


def _record_entities(store: Store) -> None:
    for kind, all_fields in (("place", PLACES), ("group", GROUPS)):
        for entity_id, fields in all_fields.items():
            entities.describe_entity(
                store,
                kind,
                entity_id,
                {"name": entity_id, **fields},
                may_change=False,
                actor=None,
                now=START_TIME,
            )


def test_scopes_compare_alike_after_others_were_added(store: Store) -> None:
    _record_entities(store)

    @settings(suppress_health_check=list(HealthCheck))
    @given(_figures())
    def check(figures: list[Figure]) -> None:
        with store.read_transaction() as db:
            resolver = EntityResolver(db, EntityCache(db))
            grown = ScopeComparison(resolver, figures[:1])
            for figure in figures:
                grown.add([figure])
                grown.is_within(figure, figures[0])  # What it finds is remembered.
            for one, other in permutations(figures, 2):
                fresh = ScopeComparison(resolver, (one, other))
                assert grown.is_within(one, other) == fresh.is_within(one, other)
                assert grown.are_disjoint(one, other) == fresh.are_disjoint(one, other)
            for whole, one, other in permutations(figures, 3):
                fresh = ScopeComparison(resolver, (whole, one, other))
                covered = fresh.is_covered(whole, one, other)
                assert grown.is_covered(whole, one, other) == covered

    check()


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

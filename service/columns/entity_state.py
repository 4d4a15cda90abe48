"""The places, groups and reporters of one state of the record, with their trees."""

from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import Any, NamedTuple

from service.columns.record_columns import RecordColumns
from service.columns.scope_sets import ScopeSets
from service.domain.entities import Entity, Group, Place, Reporter
from service.domain.figure import Figure
from service.domain.trees import Tree, TreeNode
from service.domain.vocabulary import DEFAULT_DIVISION, ROOT_GROUP


class EntityState:
    """All entities by id, and for each kind the ids that were merged into others.

    States of the record between which no entity changed share one.
    """

    def __init__(
        self,
        places: Mapping[str, Place],
        groups: Mapping[str, Group],
        reporters: Mapping[str, Reporter],
        merged: Mapping[str, Mapping[str, str]],
    ) -> None:
        self.places, self.groups, self.reporters, self.merged = places, groups, reporters, merged
        self._derived: Derived | None = None

    @cached_property
    def place_tree(self) -> Tree:
        """The places, in divisions."""
        nodes = {each.id: TreeNode(each.parent, each.division) for each in self.places.values()}
        return Tree(nodes, top_facet=DEFAULT_DIVISION)

    @cached_property
    def group_tree(self) -> Tree:
        """The groups, in facets."""
        nodes = {each.id: TreeNode(each.parent, each.facet) for each in self.groups.values()}
        return Tree(nodes, root=ROOT_GROUP)

    def equals(self, other: "EntityState") -> bool:
        """Whether both have the same entities and merges."""
        return (self.places, self.groups, self.reporters, self.merged) == (
            other.places,
            other.groups,
            other.reporters,
            other.merged,
        )

    def add(self, new_entities: Iterable[Entity]) -> "EntityState":
        """Return the entities with new ones, each kind in the order of ids."""
        kinds: list[dict[str, Any]] = [dict(self.places), dict(self.groups), dict(self.reporters)]
        for entity in new_entities:
            kinds[(Place, Group, Reporter).index(type(entity))][entity.id] = entity
        places, groups, reporters = (dict(sorted(each.items())) for each in kinds)
        return EntityState(places, groups, reporters, self.merged)

    def resolve_merged(self, kind: str, ids: Iterable[str]) -> tuple[str, ...]:
        """Return the ids that replace the given ones, each once."""
        merged = self.merged.get(kind, {})
        return tuple(dict.fromkeys(merged.get(entity_id, entity_id) for entity_id in ids))

    def derive(self, columns: RecordColumns) -> "Derived":
        """Return what depends on the columns and on these entities, the same for all states."""
        derived = self._derived
        if derived is None or derived.columns is not columns:
            resolve_places = partial(self.resolve_merged, "place")
            resolve_groups = partial(self.resolve_merged, "group")
            derived = self._derived = Derived(
                columns,
                ScopeSets(columns.place_sets.values, self.place_tree, resolve_places),
                ScopeSets(columns.group_sets.values, self.group_tree, resolve_groups),
                {},
            )
        return derived


class Derived(NamedTuple):
    """The scopes of the columns under the trees, and rows of figures that were made as objects."""

    columns: RecordColumns
    place_sets: ScopeSets
    group_sets: ScopeSets
    figures: dict[int, Figure]

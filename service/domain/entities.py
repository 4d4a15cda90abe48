"""Entities: places, groups and reporters, which reports refer to by id."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from heapq import nlargest
from typing import Any, Final

from service.domain.quick_pickle import PickledAsCall
from service.domain.vocabulary import ROOT_GROUP


@dataclass(frozen=True, slots=True)
class Place:
    """A named area; it includes everything below it in the tree of places.

    ``division`` is the way to divide the land that it belongs to. None means that of the parent, or
    "administrative" for a root. Places of different divisions may share people.
    """

    id: str
    name: str
    parent: str | None = None
    division: str | None = None
    kind: str | None = None
    aliases: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    geonames_id: int | None = None
    pcode: str | None = None
    wikidata: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A set of people. Only the root has no parent.

    ``facet`` is the way to tell people apart that it belongs to: siblings of one facet share
    nobody, groups of different facets may share people. None means the facet of the parent, or a
    facet of its own right below the root.
    """

    id: str
    name: str
    parent: str | None = None
    facet: str | None = None
    kind: str | None = None
    aliases: tuple[str, ...] = ()
    wikidata: str | None = None
    country: str | None = None

    def __post_init__(self) -> None:
        """Put a group without a parent below the root; the root itself has no parent."""
        if self.parent is None and self.id != ROOT_GROUP:
            object.__setattr__(self, "parent", ROOT_GROUP)


@dataclass(frozen=True, slots=True)
class Reporter:
    """An author of reports; ``party`` is True for a party to the conflict."""

    id: str
    name: str
    kind: str | None = None
    party: bool = False
    aliases: tuple[str, ...] = ()
    wikidata: str | None = None
    country: str | None = None


Entity = Place | Group | Reporter

ENTITY_CLASSES: Final[Mapping[str, type[Entity]]] = {
    "place": Place,
    "group": Group,
    "reporter": Reporter,
}
"""The class of each kind of entity; events and tables use the same words for the kinds."""


@dataclass(frozen=True, slots=True)
class EntityMention(PickledAsCall):
    """An entity as a report names it: by id only (``fields`` None), or with some of its fields."""

    id: str
    fields: Mapping[str, Any] | None = None


def make_entity(kind: str, entity_id: str, field_values: Mapping[str, Any]) -> Entity:
    """Return the entity with the given fields; the others take their defaults."""
    return ENTITY_CLASSES[kind](
        id=entity_id, **{name: value for name, value in field_values.items() if name != "id"}
    )


def entity_fields(entity: Entity) -> dict[str, Any]:
    """Return the fields of an entity by name, in the order of their definition.

    A facet or division that it does not name is left out, as in events of earlier releases.
    """
    values = {field.name: getattr(entity, field.name) for field in fields(entity)}
    return {
        name: value
        for name, value in values.items()
        if value is not None or name not in ("facet", "division")
    }


def parent_of(entity: Entity) -> str | None:
    """Return the id of the parent; None for a root and for every reporter."""
    return None if isinstance(entity, Reporter) else entity.parent


def with_parent(entity: Entity, parent: Entity) -> Entity:
    """Return the entity with the id of its parent, which may have been merged into another."""
    if isinstance(entity, Reporter) or entity.parent == parent.id:
        return entity
    return replace(entity, parent=parent.id)


def find_differing_fields(known: Entity, field_values: Mapping[str, Any]) -> list[str]:
    """Return the names of the given fields whose values differ from the known entity's."""
    # A value that is the recorded one differs in no form that an entity gives it.
    if all(getattr(known, name) == value for name, value in field_values.items()):
        return []
    kind = next(
        kind for kind, entity_class in ENTITY_CLASSES.items() if isinstance(known, entity_class)
    )
    candidate = make_entity(kind, known.id, {"name": known.name, **field_values})
    return [name for name in field_values if getattr(candidate, name) != getattr(known, name)]


MAX_LEVELS: Final = 64
"""How deep a tree of places or groups may be: an entity without a parent is at level 1.

A record of an earlier release may be deeper. It stays as it is, and only gets no deeper.
"""


def make_too_deep_message(kind: str, entity_id: str, parent: str) -> str:
    """Return the sentence that the entity, or something below it, would be too deep."""
    return (
        f"Below {parent}, the {kind} {entity_id} or one below it would be deeper than {MAX_LEVELS}"
        f" levels. Choose a parent further up, or leave out {kind}s between them."
    )


def make_empty_scope_message(kind: str, ids: Iterable[str]) -> str:
    """Return the error text for places or groups in which nobody can be together."""
    dimension = "divisions" if kind == "place" else "facets"
    return (
        f"Nobody can be in {', '.join(ids)} together: {kind}s of different {dimension} must all"
        " hold, and some of these have nobody in common."
    )


def fold_case(text: str) -> str:
    """Return the text normalised (NFKC) and case-folded, for searching and comparing names."""
    return unicodedata.normalize("NFKC", text).casefold()


MAX_COMPARED_IDS: Final = 1_000
"""Among how many ids all similar ones are found; among more, only those of one edit."""

MAX_MATCHED_IDS: Final = 12
"""How many of them are compared letter by letter: those with the most of their ends in common."""

MAX_EDITED_LENGTH: Final = 40
"""Of a longer id no edits are looked up."""

_ID_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789-_"


def find_similar_ids(entity_id: str, known_ids: Collection[str]) -> tuple[str, ...]:
    """Return up to three known ids with a spelling similar to the given one.

    What that costs does not grow with the number of ids, which should be a set or a mapping if they
    are many.
    """
    if len(known_ids) > MAX_COMPARED_IDS:
        known_ids = [each for each in list_edited_ids(entity_id) if each in known_ids]
    matched = nlargest(
        MAX_MATCHED_IDS, known_ids, key=lambda known_id: _count_common_ends(entity_id, known_id)
    )
    return tuple(get_close_matches(entity_id, matched, n=3, cutoff=0.6))


def list_edited_ids(entity_id: str) -> list[str]:
    """Return the ids that differ by one edit: a character less, more or other, or two exchanged."""
    if len(entity_id) > MAX_EDITED_LENGTH:
        return []
    edited: set[str] = set()
    for position in range(len(entity_id) + 1):
        head, tail = entity_id[:position], entity_id[position:]
        edited.update(head + each + tail for each in _ID_CHARACTERS)
        edited.update(head + each + tail[1:] for each in _ID_CHARACTERS if tail)
        edited.add(head + tail[1:])
        edited.add(head + tail[1:2] + tail[:1] + tail[2:])
    return sorted(edited - {entity_id})


def _count_common_ends(one: str, other: str) -> int:
    """Return how many characters both begin with and end with."""
    length = min(len(one), len(other))
    start = next((at for at in range(length) if one[at] != other[at]), length)
    rest = length - start
    return start + next((at for at in range(rest) if one[-1 - at] != other[-1 - at]), rest)


def unknown_id_message(kind: str, entity_id: str, candidates: Collection[str]) -> str:
    """Return the error text for an id that is not known, with similar ids."""
    similar = find_similar_ids(entity_id, candidates)
    if not similar:
        return f"There is no {kind} {entity_id}."
    return f"There is no {kind} {entity_id}; did you mean {' or '.join(similar)}?"

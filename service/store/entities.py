"""Places, groups and reporters, in their current version or as of one seq."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, cast

from service.domain.entities import (
    ENTITY_CLASSES,
    MAX_COMPARED_IDS,
    MAX_LEVELS,
    Entity,
    Group,
    Place,
    Reporter,
    entity_fields,
    fold_case,
    list_edited_ids,
    make_entity,
    parent_of,
)
from service.domain.list_queries import EntityListQuery
from service.store.event_log import Event, NewEvent
from service.store.interface import Connection, translate_corrupt_rows
from service.store.tables import EntityRow, MergeRow, PlaceCodeRow


def get(db: Connection, kind: str, entity_id: str) -> Entity | None:
    """Return the current version, also by an id that was merged into it; None where unknown."""
    row = db.fetch_one("select_current_entity", kind=kind, id=entity_id)
    if row is not None:
        return _entity_from_row(kind, *row)
    merge = db.fetch_one("select_merge", kind=kind, id=entity_id)
    return None if merge is None else get(db, kind, merge[0])


def get_last_version(db: Connection, kind: str, entity_id: str) -> Entity | None:
    """Return the last version under this id, also of a merged one; None where unknown."""
    row = db.fetch_one("select_last_entity_version", kind=kind, id=entity_id)
    return None if row is None else _entity_from_row(kind, *row)


def list_equivalent_ids(db: Connection, kind: str, entity_id: str) -> list[str]:
    """Return all ids of the same entity, the given id included."""
    entity = get(db, kind, entity_id)
    current_id = entity_id if entity is None else entity.id
    return [current_id, *find_ids_merged_into(db, kind, (current_id,)).get(current_id, ())]


def find_ids_merged_into(
    db: Connection, kind: str, entity_ids: Collection[str]
) -> dict[str, list[str]]:
    """Return all ids that were merged into each of the entities, directly or not."""
    merged_ids: dict[str, list[str]] = {}
    if entity_ids:
        ids = json.dumps(sorted(entity_ids))
        for entity_id, merged_id in db.fetch_all("select_ids_merged_into", kind=kind, ids=ids):
            merged_ids.setdefault(entity_id, []).append(merged_id)
    return merged_ids


def find_merged_ids(db: Connection, kind: str, ids: Collection[str]) -> set[str]:
    """Return those of the ids that were merged into another one."""
    if not ids:
        return set()
    rows = db.fetch_all("select_merged_ids", kind=kind, ids=json.dumps(sorted(ids)))
    return {row[0] for row in rows}


def load_merges(db: Connection, seq: int) -> dict[str, dict[str, str]]:
    """Return, by kind, the ids merged up to ``seq``, each with the id it was merged into."""
    merges: dict[str, dict[str, str]] = {kind: {} for kind in ENTITY_CLASSES}
    for kind, entity_id, into_id in db.fetch_all("select_merges_until", seq=seq):
        merges_of_kind = merges[kind]
        for merged_id, target_id in merges_of_kind.items():
            if target_id == entity_id:
                merges_of_kind[merged_id] = into_id
        merges_of_kind[entity_id] = into_id
    return merges


def find_last_entity_seq(db: Connection, seq: int) -> int:
    """Return the last event up to ``seq`` that added, changed or merged an entity; 0 for none."""
    return int(db.fetch_value("select_last_entity_seq", seq=seq) or 0)


@translate_corrupt_rows
def load_all_as_of(
    db: Connection, seq: int
) -> tuple[dict[str, Place], dict[str, Group], dict[str, Reporter]]:
    """Return all places, groups and reporters by id, as they were after the event ``seq``."""
    entities: dict[str, dict[str, Any]] = {"place": {}, "group": {}, "reporter": {}}
    for kind, entity_id, body in db.fetch_all("select_entities_as_of", seq=seq):
        entities[kind][entity_id] = _entity_from_row(kind, entity_id, body)
    return entities["place"], entities["group"], entities["reporter"]


def load_page(db: Connection, kind: str, query: EntityListQuery) -> list[Entity]:
    """Return a page of entities by id; names and aliases are searched without case."""
    pattern = None if query.q is None else f"%{_escape_like_pattern(fold_case(query.q))}%"
    optional = {
        "filter_by_name": ("pattern", pattern),
        "filter_by_parent": ("parent", query.parent),
    }
    chosen = {clause: bind for clause, bind in optional.items() if bind[1] is not None}
    rows = db.fetch_all(
        "select_entities_page",
        clauses=tuple(chosen),
        **dict(chosen.values()),
        kind=kind,
        after=query.after,
        limit=query.limit,
    )
    return [_entity_from_row(kind, entity_id, body) for entity_id, body in rows]


def _escape_like_pattern(text: str) -> str:
    """Return the text as a LIKE pattern that matches only itself."""
    return re.sub("([!%_])", r"!\1", text)


def list_ids_to_compare(db: Connection, kind: str, entity_id: str) -> list[str]:
    """Return known ids as candidates for a misspelled id: a bounded number of an index's entries.

    They are all ids if they are few, and else those near the id in their order and those of one
    edit.
    """
    rows = db.fetch_all("select_some_entity_ids", kind=kind, limit=MAX_COMPARED_IDS + 1)
    if len(rows) > MAX_COMPARED_IDS:
        edited = json.dumps(list_edited_ids(entity_id))
        rows = [
            *db.fetch_all("select_near_entity_ids", kind=kind, id=entity_id, few=NEAR_IDS),
            *db.fetch_all("select_recorded_entity_ids", kind=kind, ids=edited),
        ]
    return list(dict.fromkeys(row[0] for row in rows))


NEAR_IDS: Final = 50
"""How many ids before and after an id are near to it."""


def find_unknown_ids(db: Connection, kind: str, ids: Sequence[str], seq: int) -> list[str]:
    """Return the ids under which no entity of the kind was recorded up to ``seq``."""
    rows = db.fetch_all("select_unknown_entity_ids", ids=json.dumps(ids), kind=kind, seq=seq)
    return [row[0] for row in rows]


def list_codes(place: Place) -> list[str]:
    """Return the codes of the place, which another id for it may share.

    The first is its name below its parent; then the identifiers of registers, and its coordinates
    to about one metre.
    """
    codes = [f"name:{place.parent or ''}:{fold_case(place.name)[:MAX_NAME_CODE_LENGTH]}"]
    if place.geonames_id is not None:
        codes.append(f"geonames_id:{place.geonames_id}")
    if place.pcode is not None:
        codes.append(f"pcode:{fold_case(place.pcode)}")
    if place.wikidata is not None:
        codes.append(f"wikidata:{place.wikidata}")
    if place.latitude is not None and place.longitude is not None:
        # Adding 0.0 turns -0.0 into 0.0.
        codes.append(
            f"point:{round(place.latitude, 5) + 0.0:.5f},{round(place.longitude, 5) + 0.0:.5f}"
        )
    return codes


MAX_NAME_CODE_LENGTH: Final = 200
"""How many characters of a name are compared; PostgreSQL limits the size of index entries."""


MAX_PLACES_OF_CODE: Final = 20
"""How many places with the same code are found at most."""


def find_places_by_code(db: Connection, codes: Collection[str]) -> dict[str, list[str]]:
    """Return the ids of places by code, at most MAX_PLACES_OF_CODE for each code."""
    ids_by_code: dict[str, list[str]] = {}
    if codes:
        codes_json = json.dumps(sorted(codes))
        for code, place_id in db.fetch_all(
            "select_places_by_code", codes=codes_json, few=MAX_PLACES_OF_CODE
        ):
            ids_by_code.setdefault(code, []).append(place_id)
    return ids_by_code


def load_with_ancestors(db: Connection, kind: str, ids: Collection[str]) -> list[Entity]:
    """Return the current versions of the ids and of everything above them."""
    if not ids:
        return []
    rows = db.fetch_all("select_entities_and_ancestors", kind=kind, ids=json.dumps(sorted(ids)))
    return [_entity_from_row(kind, entity_id, body) for entity_id, body in rows]


def list_some_children(db: Connection, kind: str, parent: str, limit: int) -> list[str]:
    """Return the first ids right below the parent, at most ``limit``."""
    rows = db.fetch_all("select_some_child_ids", kind=kind, parent=parent, limit=limit)
    return [row[0] for row in rows]


def is_same_or_below(db: Connection, kind: str, entity_id: str, ancestor_id: str) -> bool:
    """Whether ``entity_id`` is ``ancestor_id`` or below it."""
    return (
        entity_id == ancestor_id
        or db.fetch_one("select_entity_ancestor", kind=kind, id=entity_id, top=ancestor_id)
        is not None
    )


def find_parents(db: Connection, kind: str, ids: Collection[str]) -> set[str]:
    """Return those of the ids that have children."""
    if not ids:
        return set()
    rows = db.fetch_all("select_parents", kind=kind, ids=json.dumps(sorted(ids)))
    return {row[0] for row in rows}


def get_level(db: Connection, kind: str, entity_id: str) -> int:
    """Return the level of the entity in its tree: 1 at the top."""
    return int(db.fetch_value("select_entity_level", kind=kind, id=entity_id) or 1)


def get_height(db: Connection, kind: str, entity_id: str) -> int:
    """Return how many levels the entity has with those below it, at most MAX_LEVELS + 1.

    An entity that is not recorded has one.
    """
    height = db.fetch_value("select_entity_height", kind=kind, id=entity_id, limit=MAX_LEVELS + 1)
    return int(height or 1)


def list_ids_in_subtrees(db: Connection, kind: str, ids: Sequence[str], seq: int) -> list[str]:
    """Return the ids and all ids below them as of ``seq``, merged ids included."""
    rows = db.fetch_all("select_entity_ids_in_subtrees", kind=kind, ids=json.dumps(ids), seq=seq)
    return [row[0] for row in rows]


def make_entity_event(kind: str, entity: Entity, is_known: bool) -> NewEvent:
    """Return the event that adds the entity, or changes a known one."""
    return NewEvent(
        f"{kind}_changed" if is_known else f"{kind}_added", entity.id, entity_fields(entity)
    )


def make_version_rows(event: Event) -> list[tuple[Any, ...]]:
    """Return the rows of the version that the event adds or changes an entity to."""
    kind = event.kind.split("_")[0]
    entity = make_entity(kind, event.subject, _aliases_to_tuple(event.body))
    return _make_rows(kind, entity, event.seq)


def apply_change(db: Connection, event: Event) -> None:
    """Insert the event's version as the current one, and end the version before."""
    _end_version(db, event.kind.split("_")[0], event.subject, event.seq)
    for row in make_version_rows(event):
        db.insert(row)


def apply_merge(db: Connection, event: Event) -> None:
    """Merge an entity into another, which takes over its names as aliases and its children."""
    kind, into_id = event.kind.split("_")[0], event.body["into"]
    merged_entity, target = _get_existing(db, kind, event.subject), _get_existing(db, kind, into_id)
    _end_version(db, kind, event.subject, event.seq)
    db.insert(MergeRow(kind, event.subject, into_id, event.seq))
    names = (target.name, *target.aliases)
    more = [name for name in (merged_entity.name, *merged_entity.aliases) if name not in names]
    aliases = tuple(dict.fromkeys((*target.aliases, *more)))
    if aliases != target.aliases:
        _insert_version(db, kind, replace(target, aliases=aliases), event.seq)
    children = db.fetch_all("select_child_entities", kind=kind, parent=event.subject)
    for child_id, body in children:
        _insert_version(
            db, kind, replace(_entity_from_row(kind, child_id, body), parent=into_id), event.seq
        )


def _get_existing(db: Connection, kind: str, entity_id: str) -> Entity:
    entity = get(db, kind, entity_id)
    if entity is None:
        raise LookupError(f"the event log merges an unknown {kind} {entity_id}")
    return entity


def _insert_version(db: Connection, kind: str, entity: Entity, seq: int) -> None:
    _end_version(db, kind, entity.id, seq)
    for row in _make_rows(kind, entity, seq):
        db.insert(row)


def _make_rows(kind: str, entity: Entity, seq: int) -> list[tuple[Any, ...]]:
    names = (entity.name, *entity.aliases)
    row = EntityRow(
        kind=kind,
        id=entity.id,
        since_seq=seq,
        name_folded=fold_case(entity.name),
        names_folded="\n".join(fold_case(name) for name in names),
        parent=parent_of(entity),
        body=json.dumps(_stored_fields(entity), ensure_ascii=False),
    )
    codes = list_codes(entity) if isinstance(entity, Place) else ()
    return [row, *(PlaceCodeRow(code, entity.id, seq) for code in codes)]


def _stored_fields(entity: Entity) -> dict[str, Any]:
    """Return the fields as a row has them.

    A facet or division that is not named is left out, as in the rows of release 0.1.0, which had
    neither: the integrity check compares the rows.
    """
    return {
        name: value
        for name, value in entity_fields(entity).items()
        if value is not None or name not in ("facet", "division")
    }


def _end_version(db: Connection, kind: str, entity_id: str, seq: int) -> None:
    db.change("end_entity_version", kind=kind, id=entity_id, seq=seq)


@translate_corrupt_rows
def _entity_from_row(kind: str, entity_id: str, body: str) -> Entity:
    return _decode_entity(kind, entity_id, body)


@lru_cache(maxsize=8_192)
def _decode_entity(kind: str, entity_id: str, body: str) -> Entity:
    return make_entity(kind, entity_id, _aliases_to_tuple(json.loads(body)))


def _aliases_to_tuple(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "aliases": tuple(cast(list[str], body.get("aliases", ())))}

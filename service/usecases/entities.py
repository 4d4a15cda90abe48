"""Entities (places, groups and reporters): describe, merge, get and list them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from service.domain.entities import (
    MAX_LEVELS,
    Entity,
    make_entity,
    make_too_deep_message,
    parent_of,
    with_parent,
)
from service.domain.errors import (
    ConflictError,
    DomainError,
    ForbiddenError,
    NotFoundError,
    PreconditionFailedError,
    invalid_field,
)
from service.domain.list_queries import EntityListQuery
from service.domain.vocabulary import ROOT_GROUP
from service.store import entities
from service.store.entity_cache import EntityCache
from service.store.event_log import NewEvent
from service.store.interface import Connection, Reader, Store
from service.store.projections.dispatch import record_events
from service.usecases.resolve_entities import make_unknown_id_message


@dataclass(frozen=True, slots=True)
class EntityChange:
    """Whether an entity was new, and whether its description changed the record."""

    is_new: bool
    is_changed: bool


def describe_entity(
    store: Store,
    kind: str,
    entity_id: str,
    fields: Mapping[str, Any],
    *,
    may_change: bool,
    actor: str | None,
    now: datetime,
    expected: tuple[Entity | None] | None = None,
) -> tuple[Entity, bool]:
    """Return the entity as described, and whether it is new; writes.

    Fields left out are cleared. A description that equals the recorded one changes nothing and
    needs no permission. Raises ForbiddenError if it would change something without ``may_change``,
    InvalidInputError for a parent that is unknown, is below the entity or is too deep, and
    PreconditionFailedError if the entity is not the ``expected`` one (``(None,)``: it must not
    exist; None: no precondition).
    """

    def job(db: Connection) -> tuple[Entity, bool]:
        known = entities.get(db, kind, entity_id)
        if expected is not None and expected[0] != known:
            raise PreconditionFailedError(
                f"The {kind} {entity_id} was changed since you read it; read it again."
            )
        entity, is_changed = _describe(
            db, kind, entity_id, known, fields, may_change=may_change, actor=actor, now=now
        )
        return entity, is_changed and known is None

    return store.write(job)


def complete_entities(
    store: Store,
    kind: str,
    descriptions: Sequence[tuple[str, Callable[[Entity | None], Mapping[str, Any]]]],
    *,
    actor: str | None,
    now: datetime,
) -> list[EntityChange | DomainError]:
    """Return what became of each entity, or its error; writes all of them in one transaction.

    A description returns the fields of the entity, given what the record has: None if it is new.
    """

    def job(db: Connection) -> list[EntityChange | DomainError]:
        changes: list[EntityChange | DomainError] = []
        for entity_id, make_fields in descriptions:
            known = entities.get(db, kind, entity_id)
            try:
                _, is_changed = _describe(
                    db, kind, entity_id, known, make_fields(known),
                    may_change=True, actor=actor, now=now,
                )  # fmt: skip
            except DomainError as error:
                changes.append(error)
            else:
                changes.append(EntityChange(is_new=known is None, is_changed=is_changed))
        return changes

    return store.write(job, is_long=True)


def _describe(
    db: Connection,
    kind: str,
    entity_id: str,
    known: Entity | None,
    fields: Mapping[str, Any],
    *,
    may_change: bool,
    actor: str | None,
    now: datetime,
) -> tuple[Entity, bool]:
    """Return the entity as described, and whether that changes the record; writes."""
    _refuse_merged(kind, entity_id, known)
    entity = _with_current_parent(db, kind, make_entity(kind, entity_id, fields))
    if known == entity:
        return entity, False
    if known is not None and not may_change:
        raise ForbiddenError(
            f"The {kind} {entity_id} exists; changing it needs a key of scope admin."
        )
    parent = parent_of(entity)
    if parent is not None and _is_too_deep(db, kind, entity_id, parent):
        raise invalid_field("/parent", make_too_deep_message(kind, entity_id, parent))
    record_events(
        db, [entities.make_entity_event(kind, entity, is_known=known is not None)], actor, now
    )
    return entity, True


def merge_entities(
    store: Store, kind: str, entity_id: str, into: str, *, actor: str | None, now: datetime
) -> Entity:
    """Return the entity that both ids name from now on; writes.

    It gets the names of the merged entity as aliases, and its children. Raises NotFoundError,
    ConflictError if ``entity_id`` was merged before, and InvalidInputError for an impossible
    target.
    """

    def job(db: Connection) -> Entity:
        merged_entity, target = entities.get(db, kind, entity_id), entities.get(db, kind, into)
        if merged_entity is None:
            raise NotFoundError(f"There is no such {kind}.")
        _refuse_merged(kind, entity_id, merged_entity)
        if target is None:
            raise invalid_field("/into", make_unknown_id_message(EntityCache(db), kind, into))
        if target.id == entity_id:
            raise invalid_field("/into", f"{into} already names the same {kind}.")
        if entity_id == ROOT_GROUP and kind == "group":
            raise invalid_field(
                "/into", f"{ROOT_GROUP} is the root of all groups and cannot be merged."
            )
        if entities.is_same_or_below(db, kind, target.id, entity_id):
            raise invalid_field(
                "/into", f"{into} is below {entity_id}; merge it into {entity_id} instead."
            )
        height = entities.get_height(db, kind, entity_id) - 1
        level = entities.get_level(db, kind, target.id)
        is_deeper = level > entities.get_level(db, kind, entity_id)
        if height and is_deeper and level + height > MAX_LEVELS:
            detail = (
                f"The {kind}s below {entity_id} would be deeper than {MAX_LEVELS} levels below"
                f" {into}; give them other parents first."
            )
            raise invalid_field("/into", detail)
        record_events(db, [NewEvent(f"{kind}_merged", entity_id, {"into": target.id})], actor, now)
        return entities.get(db, kind, entity_id) or target

    return store.write(job)


def get_entity(reader: Reader, kind: str, entity_id: str) -> Entity:
    """Return the entity as it is now; raises NotFoundError."""
    with reader.read_transaction() as db:
        entity = entities.get(db, kind, entity_id)
    if entity is None:
        raise NotFoundError(f"There is no such {kind}.")
    return entity


def list_entities(reader: Reader, kind: str, query: EntityListQuery) -> list[Entity]:
    """Return the entities that the query selects, ordered by id.

    Raises InvalidInputError for an unknown parent.
    """
    with reader.read_transaction() as db:
        if query.parent is not None:
            parent = entities.get(db, kind, query.parent)
            if parent is None:
                raise invalid_field(
                    "parent", make_unknown_id_message(EntityCache(db), kind, query.parent)
                )
            query = replace(query, parent=parent.id)
        return entities.load_page(db, kind, query)


def _is_too_deep(db: Connection, kind: str, entity_id: str, parent: str) -> bool:
    """Whether the entity, with what is below it, would be deeper than it is and than allowed."""
    level = entities.get_level(db, kind, parent) + 1
    if level + entities.get_height(db, kind, entity_id) - 1 <= MAX_LEVELS:
        return False
    is_recorded = entities.get(db, kind, entity_id) is not None
    return not is_recorded or level > entities.get_level(db, kind, entity_id)


def _refuse_merged(kind: str, entity_id: str, known: Entity | None) -> None:
    if known is not None and known.id != entity_id:
        raise ConflictError(f"{entity_id} was merged into the {kind} {known.id}; use that id.")


def _with_current_parent(db: Connection, kind: str, entity: Entity) -> Entity:
    """Return the entity with the current id of its parent.

    Raises InvalidInputError if the parent is unknown, or is the entity itself or below it.
    """
    parent = parent_of(entity)
    if entity.id == ROOT_GROUP and kind == "group" and parent is not None:
        raise invalid_field("/parent", f"{ROOT_GROUP} is the root of all groups and has no parent.")
    if parent is None:
        return entity
    parent_entity = entities.get(db, kind, parent)
    if parent_entity is None:
        raise invalid_field("/parent", make_unknown_id_message(EntityCache(db), kind, parent))
    if entities.is_same_or_below(db, kind, parent_entity.id, entity.id):
        detail = f"{parent} is {entity.id} or is below it, and cannot be its parent."
        raise invalid_field("/parent", detail)
    return with_parent(entity, parent_entity)

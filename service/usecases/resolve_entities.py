"""The entities that a report mentions: looked up, or made if they are new."""

from collections.abc import Collection, Iterator

from service.domain.entities import (
    ENTITY_CLASSES,
    Entity,
    EntityMention,
    facet_of,
    find_differing_fields,
    fold_case,
    make_entity,
    parent_of,
    unknown_id_message,
    with_parent,
)
from service.domain.errors import (
    ConflictError,
    ErrorDetail,
    InvalidInputError,
    summarize_errors,
)
from service.domain.submission import Submission
from service.domain.trees import Selection, Tree, TreeNode
from service.domain.vocabulary import DEFAULT_DIVISION, ROOT_GROUP
from service.store import entities
from service.store.event_log import NewEvent
from service.store.interface import Connection

MAX_SUGGESTIONS = 3
"""For how many unknown ids of one request similar ids are suggested: each look-up is slow."""


class EntityResolver:
    """Resolves the entity mentions of a report in order, and collects new entities.

    ``errors`` and ``conflicts`` list the invalid mentions; ``raise_errors`` raises them.
    """

    def __init__(self, db: Connection) -> None:
        """Start without new entities and without errors."""
        self._db = db
        self._new_entities: dict[tuple[str, str], Entity] = {}
        self._known_entities: dict[tuple[str, str], Entity | None] = {}
        self.errors: list[ErrorDetail] = []
        self.conflicts: list[ErrorDetail] = []

    def prefetch(self, kind: str, ids: Collection[str]) -> None:
        """Load all of the entities by one statement, instead of a round trip for each."""
        for entity in entities.get_many(self._db, kind, ids):
            self._known_entities[kind, entity.id] = entity

    def get(self, kind: str, entity_id: str) -> Entity | None:
        """Return the entity that is recorded or new under the id; None if there is none."""
        if (kind, entity_id) in self._new_entities:
            return self._new_entities[kind, entity_id]
        if (kind, entity_id) not in self._known_entities:
            self._known_entities[kind, entity_id] = entities.get(self._db, kind, entity_id)
        return self._known_entities[kind, entity_id]

    def resolve_mention(self, kind: str, mention: EntityMention, pointer: str) -> None:
        """Look the mentioned entity up, or make it; its errors are collected under the pointer."""
        known = self.get(kind, mention.id)
        if mention.fields is None:
            if known is None:
                self.errors.append(ErrorDetail(pointer, self._unknown_message(kind, mention.id)))
        elif known is None:
            self._make_entity(kind, mention, pointer)
        else:
            # An id that was merged into another one had a description of its own.
            described = known
            if known.id != mention.id:
                described = entities.get_last_version(self._db, kind, mention.id) or known
            for name in find_differing_fields(described, mention.fields):
                detail = (
                    f"The {kind} {mention.id} is recorded with {name}"
                    f" {_value_text(getattr(described, name))}; leave {name} out,"
                    f" or change the {kind} first."
                )
                self.conflicts.append(ErrorDetail(f"{pointer}/{name}", detail))

    def is_in_or_below(self, kind: str, entity_id: str, others: Collection[str]) -> bool:
        """Whether the entity is one of the others or is below one of them."""
        return any(each in others for each in self._iterate_ancestors(kind, entity_id))

    def select(self, kind: str, *id_lists: Collection[str]) -> list[Selection]:
        """Return who is in each of the lists of places or groups, as the trees select them.

        The tree holds only these entities and their ancestors, so that large records cost nothing.
        """
        nodes: dict[str, TreeNode] = {}
        for entity_id in {entity_id for ids in id_lists for entity_id in ids}:
            for ancestor_id in self._iterate_ancestors(kind, entity_id):
                entity = self.get(kind, ancestor_id)
                if entity is None or entity.id in nodes:
                    continue
                parent = self.get(kind, parent_of(entity) or "")
                nodes[entity.id] = TreeNode(parent.id if parent else None, facet_of(entity))
        tree = (
            Tree(nodes, top_facet=DEFAULT_DIVISION)
            if kind == "place"
            else Tree(nodes, root=ROOT_GROUP)
        )
        return [tree.select(self._resolve_ids(kind, ids)) for ids in id_lists]

    def _resolve_ids(self, kind: str, ids: Collection[str]) -> list[str]:
        """Return the current ids of the known ones among them."""
        known = (self.get(kind, entity_id) for entity_id in ids)
        return [entity.id for entity in known if entity is not None]

    def list_with_ancestors(self, places: Collection[str]) -> list[str] | None:
        """Return the places and their ancestors, sorted; None if one of the places has children."""
        if any(entities.has_children(self._db, "place", place) for place in places):
            return None
        return sorted(
            {each for place in places for each in self._iterate_ancestors("place", place)}
        )

    def _iterate_ancestors(self, kind: str, entity_id: str) -> Iterator[str]:
        """Yield the id and its ancestors, from its parent up."""
        ancestor_id: str | None = entity_id
        while ancestor_id is not None:
            yield ancestor_id
            known = self.get(kind, ancestor_id)
            ancestor_id = parent_of(known) if known is not None else None

    def raise_errors(self) -> None:
        """Raise InvalidInputError or ConflictError if a mention is invalid."""
        if self.errors:
            raise InvalidInputError(summarize_errors(self.errors), tuple(self.errors))
        if self.conflicts:
            raise ConflictError(summarize_errors(self.conflicts), tuple(self.conflicts))

    @property
    def new_entities(self) -> tuple[Entity, ...]:
        """The entities that the report adds, each after its parent."""
        return tuple(self._new_entities.values())

    def make_events(self) -> list[NewEvent]:
        """Return the events that record the new entities, each after its parent."""
        return [
            entities.make_entity_event(kind, entity, is_known=False)
            for (kind, _), entity in self._new_entities.items()
        ]

    def find_namesakes(
        self, kind: str, entities_named: Collection[Entity]
    ) -> dict[str, tuple[str, ...]]:
        """Return, by the id of each entity, the ids of others with the same name, new ones too."""
        recorded = entities.find_ids_by_name(self._db, kind, [each.name for each in entities_named])
        fresh = [each for (of, _), each in self._new_entities.items() if of == kind]
        ids_by_entity = {}
        for entity in entities_named:
            name = fold_case(entity.name)
            new_ids = [each.id for each in fresh if fold_case(each.name) == name]
            others = dict.fromkeys((*recorded.get(name, ()), *new_ids))
            ids_by_entity[entity.id] = tuple(
                other_id for other_id in others if other_id != entity.id
            )
        return ids_by_entity

    def _make_entity(self, kind: str, mention: EntityMention, pointer: str) -> None:
        fields = mention.fields or {}
        if fields.get("name") is None:
            detail = f"{self._unknown_message(kind, mention.id)} A new one needs a name."
            self.errors.append(ErrorDetail(f"{pointer}/name", detail))
            return
        entity = make_entity(kind, mention.id, fields)
        parent = parent_of(entity)
        if parent is not None:
            parent_entity = self.get(kind, parent)
            if parent_entity is None:
                detail = (
                    f"{self._unknown_message(kind, parent)} Describe a parent before its children."
                )
                self.errors.append(ErrorDetail(f"{pointer}/parent", detail))
                return
            entity = with_parent(entity, parent_entity)
        self._new_entities[kind, mention.id] = entity

    def _unknown_message(self, kind: str, entity_id: str) -> str:
        if len(self.errors) >= MAX_SUGGESTIONS:
            return f"There is no {kind} {entity_id}."
        new_ids = [known for of, known in self._new_entities if of == kind]
        return make_unknown_id_message(self._db, kind, entity_id, new_ids)


def make_unknown_id_message(
    db: Connection, kind: str, entity_id: str, new_ids: list[str] | None = None
) -> str:
    """Return the sentence that there is no such entity, with similar ids as suggestions."""
    return unknown_id_message(
        kind,
        entity_id,
        [*entities.list_ids_of_similar_length(db, kind, entity_id), *(new_ids or ())],
    )


def resolve_entities(db: Connection, submission: Submission) -> EntityResolver:
    """Return the resolver after all mentions of the submission.

    Raises InvalidInputError or ConflictError if one is invalid.
    """
    resolver = EntityResolver(db)
    mentions = list(_iterate_mentions(submission))
    for kind in ENTITY_CLASSES:
        resolver.prefetch(kind, {mention.id for of, mention, _ in mentions if of == kind})
    for kind, mention, pointer in mentions:
        resolver.resolve_mention(kind, mention, pointer)
    resolver.raise_errors()
    return resolver


def _iterate_mentions(submission: Submission) -> Iterator[tuple[str, EntityMention, str]]:
    yield "reporter", submission.reporter, "/reporter"
    for kind, field in (("place", "places"), ("group", "groups")):
        for number, mention in enumerate(getattr(submission, field)):
            yield kind, mention, f"/{field}/{number}"
        for position, figure in enumerate(submission.figures):
            for number, mention in enumerate(getattr(figure, field) or ()):
                yield kind, mention, f"/figures/{position}/{field}/{number}"


def _value_text(value: object) -> str:
    if value is None or value == ():
        return "left empty"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)

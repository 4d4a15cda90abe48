"""The entities that a report mentions: looked up, or made if they are new."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from service.domain.entities import (
    MAX_LEVELS,
    Entity,
    EntityMention,
    Group,
    Place,
    find_differing_fields,
    make_entity,
    make_too_deep_message,
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
from service.domain.report import ReportWarning
from service.domain.submission import Submission
from service.domain.trees import Selection, Tree, TreeNode
from service.domain.vocabulary import DEFAULT_DIVISION, ROOT_GROUP
from service.store import entities
from service.store.entity_cache import MAX_REMEMBERED_PLACES, MAX_SUGGESTIONS, EntityCache
from service.store.event_log import NewEvent
from service.store.interface import Connection

MAX_NEW_IDS: Final = 100
"""How many of the entities that a report describes are suggested for an unknown id."""


class EntityResolver:
    """Resolves the entity mentions of a report in order, and collects new entities.

    ``errors`` and ``conflicts`` list the invalid mentions; ``raise_errors`` raises them.
    ``other_names`` has, by kind and id, the name that a mention gives and the different one that is
    recorded.
    """

    def __init__(self, db: Connection, known: EntityCache) -> None:
        """Start without new entities and without errors; ``known`` are the recorded ones."""
        self._db = db
        self._known = known
        self._new_entities: dict[tuple[str, str], Entity] = {}
        self._lines: dict[tuple[str, ...], list[str]] = {}
        self._lines_of_leaves: dict[tuple[str, ...], list[str] | None] = {}
        self.errors: list[ErrorDetail] = []
        self.conflicts: list[ErrorDetail] = []
        self.other_names: dict[tuple[str, str], tuple[str, str]] = {}

    def prefetch(self, kind: str, ids: Collection[str]) -> None:
        """Load the entities and all above them by one statement, not by a round trip for each."""
        self._known.prefetch(kind, ids)

    def get(self, kind: str, entity_id: str) -> Entity | None:
        """Return the entity that is recorded or new under the id; None if there is none."""
        if (kind, entity_id) in self._new_entities:
            return self._new_entities[kind, entity_id]
        return self._known.get(kind, entity_id)

    def resolve_mention(
        self, kind: str, mention: EntityMention, pointer: str, below: tuple[str, ...] = ()
    ) -> bool:
        """Look the mentioned entity up, or make it, after the parents that it describes.

        Errors are collected under the pointer; the result is whether there was none. ``below`` are
        the ids of the entities that have this one as their parent, directly or not.
        """
        error_count = len(self.errors) + len(self.conflicts)
        known = self.get(kind, mention.id)
        if mention.id in below:
            line = " in ".join((*below, mention.id))
            detail = f"The {kind} {mention.id} cannot be above itself: {line}."
            self.errors.append(ErrorDetail(pointer, detail))
        elif mention.fields is None:
            if known is None:
                self.errors.append(ErrorDetail(pointer, self._unknown_message(kind, mention.id)))
        else:
            fields = self._resolve_parent(kind, mention, pointer, below)
            if fields is None:
                return False
            if known is None:
                self._make_entity(kind, mention.id, fields, pointer)
            else:
                self._compare(kind, mention.id, known, fields, pointer)
        return len(self.errors) + len(self.conflicts) == error_count

    def _resolve_parent(
        self, kind: str, mention: EntityMention, pointer: str, below: tuple[str, ...]
    ) -> Mapping[str, Any] | None:
        """Return the fields of the mention with the id of its parent; None if that is invalid."""
        fields = mention.fields or {}
        parent = fields.get("parent")
        if isinstance(parent, str) and parent in (*below, mention.id):
            parent = EntityMention(parent)
        if not isinstance(parent, EntityMention):
            return fields
        line = (*below, mention.id)
        if not self.resolve_mention(kind, parent, f"{pointer}/parent", line):
            return None
        return {**fields, "parent": parent.id}

    def _compare(
        self, kind: str, entity_id: str, known: Entity, fields: Mapping[str, Any], pointer: str
    ) -> None:
        """Collect a conflict for each field that differs from the known entity's; note its name."""
        # An id that was merged into another one had a description of its own.
        described = known
        if known.id != entity_id:
            described = entities.get_last_version(self._db, kind, entity_id) or known
        for name in find_differing_fields(described, fields):
            if name == "name":
                if fields[name] not in (known.name, *known.aliases, *described.aliases):
                    self.other_names[kind, entity_id] = (fields[name], described.name)
            elif not self._means_the_same(kind, name, described, fields[name]):
                detail = (
                    f"The {kind} {entity_id} is recorded with {name}"
                    f" {_value_text(self._get_effective(kind, name, described))}; leave {name} out,"
                    f" or change the {kind} first. If another {kind} is meant, use another id."
                )
                self.conflicts.append(ErrorDetail(f"{pointer}/{name}", detail))

    def _means_the_same(self, kind: str, name: str, described: Entity, value: Any) -> bool:
        """Whether a field that is written otherwise than the recorded one states the same."""
        recorded = getattr(described, name)
        if name == "aliases":
            return set(value) <= {described.name, *recorded}
        if name in ("facet", "division"):
            return recorded is None and value == self.get_facet(kind, described)
        if name == "parent":
            sent, known = self.get(kind, value), self.get(kind, recorded or "")
            return sent is not None and known is not None and sent.id == known.id
        return False

    def _get_effective(self, kind: str, name: str, entity: Entity) -> Any:
        """Return the value of the field; a facet or division may be inherited."""
        value = getattr(entity, name)
        if value is None and name in ("facet", "division"):
            return self.get_facet(kind, entity)
        return value

    def get_facet(self, kind: str, entity: Entity) -> str | None:
        """Return the facet of a group or the division of a place, inherited where it names none.

        None for a group that has a facet of its own, and for everyone.
        """
        for each in self._iterate_line(kind, entity):
            facet = each.facet if isinstance(each, Group) else getattr(each, "division", None)
            if facet is not None:
                return str(facet)
        return DEFAULT_DIVISION if kind == "place" else None

    def list_current_ids(self, kind: str, ids: Iterable[str]) -> list[str]:
        """Return the ids, those that were merged replaced by the ids that remain."""
        found = ((each, self.get(kind, each)) for each in ids)
        return [each if entity is None else entity.id for each, entity in found]

    def make_tree(self, kind: str, ids: Collection[str]) -> Tree:
        """Return the tree of the places or groups with these ids and everything above them."""
        self.prefetch(kind, ids)
        nodes = {}
        for entity_id in ids:
            entity = self.get(kind, entity_id)
            if entity is not None:
                for each in self._iterate_line(kind, entity):
                    facet = (
                        each.facet if isinstance(each, Group) else getattr(each, "division", None)
                    )
                    nodes[each.id] = TreeNode(parent_of(each), facet)
        if kind == "place":
            return Tree(nodes, top_facet=DEFAULT_DIVISION)
        return Tree(nodes, root=ROOT_GROUP)

    def select(self, kind: str, *id_lists: Collection[str]) -> list[Selection]:
        """Return who is in each of the lists of places or groups, as the trees select them.

        The tree holds only these entities and their ancestors, so that large records cost nothing.
        """
        tree = self.make_tree(kind, {each for ids in id_lists for each in ids})
        return [tree.select(self.list_current_ids(kind, ids)) for ids in id_lists]

    def list_with_ancestors(self, places: tuple[str, ...]) -> list[str] | None:
        """Return the places and their ancestors, sorted; None if one of the places has children.

        Called when all mentions are resolved.
        """
        lines = self._lines_of_leaves
        if not self._new_entities and len(places) <= MAX_REMEMBERED_PLACES:
            lines = self._known.place_lines
        if places not in lines:
            has_children = bool(self._known.find_parents("place", places))
            lines[places] = None if has_children else self.list_lines(places)
        return lines[places]

    def list_lines(self, places: tuple[str, ...]) -> list[str]:
        """Return the places and their ancestors, sorted; called when all mentions are resolved."""
        known = self._lines.get(places)
        if known is None:
            self.prefetch("place", places)
            found: set[str] = set(places)
            for place in places:
                for each in self._iterate_line("place", self.get("place", place)):
                    if each.id in found and each.id != place:
                        break  # The ancestors of this one were found before.
                    found.add(each.id)
            known = self._lines[places] = sorted(found)
        return known

    def is_one_within(self, kind: str, inner_id: str, outer_id: str) -> bool | None:
        """Whether an entity is the other one or below it; None if one of them is not known.

        So everybody in the one is in the other, whatever their divisions or facets are.
        """
        # Of new entities nothing is remembered: the report may be refused.
        containments = {} if self._new_entities else self._known.containments
        key = (kind, inner_id, outer_id)
        is_within = containments.get(key)
        if is_within is None:
            inner, outer = self.get(kind, inner_id), self.get(kind, outer_id)
            if inner is None or outer is None:
                return None
            line = self._iterate_line(kind, inner)
            is_within = containments[key] = any(each.id == outer.id for each in line)
        return is_within

    def _iterate_line(self, kind: str, entity: Entity | None) -> Iterator[Entity]:
        """Yield the entity and its ancestors, from its parent up; nothing without an entity."""
        above = entity
        while above is not None:
            yield above
            parent = parent_of(above)
            above = None if parent is None else self.get(kind, parent)

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

    @property
    def place_warnings(self) -> dict[tuple[str, ...], tuple[ReportWarning, ...]] | None:
        """The warnings about places that other reports have found, by the ids of the places.

        None if the report adds entities: what is found then is not remembered.
        """
        return None if self._new_entities else self._known.place_warnings

    def list_codes(self, place: Place) -> list[str]:
        """Return the codes of the place, as ``entities.list_codes`` does."""
        return self._known.list_codes(place)

    def find_places_by_code(self, codes: Collection[str]) -> dict[str, list[str]]:
        """Return the ids of places by code, recorded ones and those that the report adds."""
        ids_by_code = self._known.find_places_by_code(codes)
        for entity in self._new_entities.values():
            if isinstance(entity, Place):
                for code in self._known.list_codes(entity):
                    if code in codes:
                        ids_by_code.setdefault(code, []).append(entity.id)
        return ids_by_code

    def list_groups_beside(self, limit: int) -> list[str]:
        """Return the ids of groups right below everyone, at most ``limit`` of the recorded ones."""
        recorded = self._known.list_some_children("group", ROOT_GROUP, limit)
        new = (each for each in self._new_entities.values() if parent_of(each) == ROOT_GROUP)
        return list(dict.fromkeys((*recorded, *(each.id for each in new))))

    def _make_entity(
        self, kind: str, entity_id: str, fields: Mapping[str, Any], pointer: str
    ) -> None:
        if fields.get("name") is None:
            detail = f"{self._unknown_message(kind, entity_id)} A new one needs a name."
            self.errors.append(ErrorDetail(f"{pointer}/name", detail))
            return
        entity = make_entity(kind, entity_id, fields)
        parent = parent_of(entity)
        if parent is not None:
            parent_entity = self.get(kind, parent)
            if parent_entity is None:
                detail = (
                    f"{self._unknown_message(kind, parent)} Describe a parent before its children,"
                    " or in place: an object as the parent."
                )
                self.errors.append(ErrorDetail(f"{pointer}/parent", detail))
                return
            if self._is_at_last_level(kind, parent_entity):
                detail = make_too_deep_message(kind, entity_id, parent)
                self.errors.append(ErrorDetail(f"{pointer}/parent", detail))
                return
            entity = with_parent(entity, parent_entity)
        self._new_entities[kind, entity_id] = entity

    def _is_at_last_level(self, kind: str, entity: Entity) -> bool:
        """Whether nothing more can be below the entity."""
        return sum(1 for _ in islice(self._iterate_line(kind, entity), MAX_LEVELS)) == MAX_LEVELS

    def _unknown_message(self, kind: str, entity_id: str) -> str:
        if len(self.errors) >= MAX_SUGGESTIONS:
            return f"There is no {kind} {entity_id}."
        new_ids = islice((known for of, known in self._new_entities if of == kind), MAX_NEW_IDS)
        return make_unknown_id_message(self._known, kind, entity_id, new_ids)


def make_unknown_id_message(
    known: EntityCache, kind: str, entity_id: str, new_ids: Iterable[str] = ()
) -> str:
    """Return the sentence that there is no such entity, with similar ids as suggestions."""
    similar_ids = known.find_similar_ids(kind, entity_id)
    candidates = () if similar_ids is None else (*similar_ids, *new_ids)
    return unknown_id_message(kind, entity_id, candidates)


def resolve_entities(db: Connection, submission: Submission, known: EntityCache) -> EntityResolver:
    """Return the resolver after all mentions of the submission.

    Raises InvalidInputError or ConflictError if one is invalid.
    """
    resolver = EntityResolver(db, known)
    # Most reports of a register mention what others before have mentioned.
    if known.are_agreeing(_list_mentions(submission)):
        return resolver
    compared = []
    for kind, mention, pointer in iterate_mentions(submission):
        if not known.is_agreeing(kind, mention):
            resolver.resolve_mention(kind, mention, pointer)
            compared.append((kind, mention))
    resolver.raise_errors()
    # A new entity is not recorded if the report is refused later.
    if not resolver.new_entities and not resolver.other_names:
        for kind, mention in compared:
            known.note_agreeing(kind, mention)
    return resolver


def list_mentioned_ids(
    mentions_by_kind: Mapping[str, Iterable[EntityMention]],
) -> dict[str, set[str]]:
    """Return the ids of everything that the mentions name, by kind."""
    return {
        kind: {each for mention in mentions for each in _ids_in(mention)}
        for kind, mentions in mentions_by_kind.items()
    }


def list_different_mentions(submissions: Iterable[Submission]) -> dict[str, list[EntityMention]]:
    """Return the mentions of the submissions by kind; each object once."""
    # By identity: the loader gives equal mentions as one object, and they have no hash.
    mentions: dict[str, dict[int, EntityMention]] = {"reporter": {}, "place": {}, "group": {}}
    for submission in submissions:
        mentions["reporter"][id(submission.reporter)] = submission.reporter
        for kind, field in (("place", "places"), ("group", "groups")):
            found = mentions[kind]
            for mention in getattr(submission, field):
                found[id(mention)] = mention
            for figure in submission.figures:
                for mention in getattr(figure, field) or ():
                    found[id(mention)] = mention
    return {kind: list(found.values()) for kind, found in mentions.items()}


def _ids_in(mention: EntityMention) -> Iterable[str]:
    """Return the id of the mention and those of the parents that it names."""
    if not mention.fields:
        return (mention.id,)
    ids = []
    above: Any = mention
    while isinstance(above, EntityMention):
        ids.append(above.id)
        above = (above.fields or {}).get("parent")
    if isinstance(above, str):
        ids.append(above)
    return ids


def _list_mentions(submission: Submission) -> list[tuple[str, EntityMention]]:
    """Return each mention of the submission with its kind."""
    mentions = [("reporter", submission.reporter)]
    for kind, field in (("place", "places"), ("group", "groups")):
        for scope in (submission, *submission.figures):
            mentions += [(kind, mention) for mention in getattr(scope, field) or ()]
    return mentions


def iterate_mentions(submission: Submission) -> Iterator[tuple[str, EntityMention, str]]:
    """Yield each mention of the submission with its kind and its JSON pointer, in order."""
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

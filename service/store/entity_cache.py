"""Recorded places, groups and reporters, each looked up once for all reports of a transaction."""

from bisect import insort
from collections.abc import Callable, Collection, Iterable
from typing import Final

from service.domain.entities import (
    ENTITY_CLASSES,
    Entity,
    EntityMention,
    Place,
    find_similar_ids,
    parent_of,
)
from service.domain.report import ReportWarning
from service.store import entities
from service.store.event_log import LogEnd
from service.store.interface import Connection

MAX_SUGGESTIONS: Final = 3
"""For how many unknown ids of one transaction similar ids are suggested."""

MAX_REMEMBERED_PLACES: Final = 8
"""A cache remembers nothing about a longer list of places."""

MAX_KEPT_ENTITIES: Final = 50_000
"""With more entities, a cache is not kept for the next transaction: it has 1 to 2 KB for each."""


class EntityCache:
    """The entities as they are recorded, in a transaction in which nobody else adds or changes any.

    The reports of one request share it; ``add`` notes the entities that each of them adds.
    """

    def __init__(self, db: Connection, write_added: Callable[[], None] | None = None) -> None:
        """Begin without any; nothing is read yet.

        ``write_added`` writes the added entities; None if they are always written.
        """
        self._db = db
        self._write_added = write_added
        self._kind_of_class = {entity_class: kind for kind, entity_class in ENTITY_CLASSES.items()}
        self._entities: dict[tuple[str, str], Entity | None] = {}
        self._equivalent_ids: dict[tuple[str, str], list[str]] = {}
        self._have_children: dict[tuple[str, str], bool] = {}
        self._places_by_code: dict[str, list[str]] = {}
        self._added_by_code: dict[str, list[str]] = {}
        self._codes: dict[int, tuple[Place, list[str]]] = {}
        self._similar_ids: dict[tuple[str, str], tuple[str, ...]] = {}
        self._agreeing: dict[tuple[str, str], EntityMention] = {}
        self._agreeing_objects: dict[str, dict[int, EntityMention]] = {}
        self.place_lines: dict[tuple[str, ...], list[str] | None] = {}
        """Recorded places and all above them; None if one of them has places below it.

        Adding a place clears it, and the warnings.
        """
        self.place_warnings: dict[tuple[str, ...], tuple[ReportWarning, ...]] = {}
        """What was found about recorded places, by their ids."""
        self.containments: dict[tuple[str, str, str], bool] = {}
        """Whether a recorded entity of a kind is another one or below it."""

    @property
    def entry_count(self) -> int:
        """How many entities it holds, and findings about them."""
        findings = (self.containments, self.place_lines, self.place_warnings)
        return len(self._entities) + sum(len(each) for each in findings)

    def continue_in(self, db: Connection, write_added: Callable[[], None] | None) -> None:
        """Use the connection from now on, in another transaction that has the same entities."""
        self._db, self._write_added = db, write_added
        self._similar_ids.clear()
        self._agreeing_objects.clear()

    def prefetch(self, kind: str, ids: Collection[str]) -> None:
        """Load the entities and all above them by one statement, not by a round trip for each."""
        missing = {each for each in ids if (kind, each) not in self._entities}
        if not missing:
            return
        for entity in entities.load_with_ancestors(self._db, kind, missing):
            self._entities[kind, entity.id] = entity
        missing = {each for each in missing if (kind, each) not in self._entities}
        for entity_id in missing - entities.find_merged_ids(self._db, kind, missing):
            self._entities[kind, entity_id] = None

    def prefetch_equivalent_ids(self, kind: str, ids: Collection[str]) -> None:
        """Load all ids of the same entities; the entities themselves must be loaded."""
        current_ids = {}
        for entity_id in ids:
            entity = self.get(kind, entity_id)
            current_ids[entity_id] = entity_id if entity is None else entity.id
        missing = {each for each in ids if (kind, each) not in self._equivalent_ids}
        roots = {current_ids[each] for each in missing}
        merged_ids = entities.find_ids_merged_into(self._db, kind, roots)
        for entity_id in missing:
            root = current_ids[entity_id]
            self._equivalent_ids[kind, entity_id] = [root, *merged_ids.get(root, ())]

    def get(self, kind: str, entity_id: str) -> Entity | None:
        """Return the current version, also by an id that was merged into it; None where unknown."""
        if (kind, entity_id) not in self._entities:
            self._entities[kind, entity_id] = entities.get(self._db, kind, entity_id)
        return self._entities[kind, entity_id]

    def list_equivalent_ids(self, kind: str, entity_id: str) -> list[str]:
        """Return all ids of the same entity, the given id included."""
        key = (kind, entity_id)
        if key not in self._equivalent_ids:
            self.prefetch_equivalent_ids(kind, (entity_id,))
        return self._equivalent_ids[key]

    def find_parents(self, kind: str, ids: Collection[str]) -> set[str]:
        """Return those of the ids that have children, looked up by one statement."""
        parents, missing = set(), set()
        for each in ids:
            is_parent = self._have_children.get((kind, each))
            if is_parent:
                parents.add(each)
            # One that is known not to be recorded yet has none.
            elif is_parent is None and self._entities.get((kind, each), each) is not None:
                missing.add(each)
        if missing:
            found = entities.find_parents(self._db, kind, missing)
            self._have_children |= {(kind, each): each in found for each in missing}
            parents |= found
        return parents

    def list_codes(self, place: Place) -> list[str]:
        """Return the codes of the place, as ``entities.list_codes`` does."""
        known = self._codes.get(id(place))
        if known is None:
            # The place is held too, so that its identity stays its own.
            known = self._codes[id(place)] = (place, entities.list_codes(place))
        return known[1]

    def find_places_by_code(self, codes: Collection[str]) -> dict[str, list[str]]:
        """Return the ids of places by code, at most MAX_PLACES_OF_CODE for each code."""
        missing = {code for code in codes if code not in self._places_by_code}
        if missing:
            found = entities.find_places_by_code(self._db, missing)
            for code in missing:
                ids = {*found.get(code, ()), *self._added_by_code.get(code, ())}
                self._places_by_code[code] = sorted(ids)[: entities.MAX_PLACES_OF_CODE]
        known = {}
        for code in sorted(codes):
            if known_ids := self._places_by_code[code]:
                known[code] = list(known_ids)
        return known

    def find_similar_ids(self, kind: str, entity_id: str) -> tuple[str, ...] | None:
        """Return recorded ids with a spelling similar to the given one, looked up once for each.

        None if they were looked up for MAX_SUGGESTIONS other ids: that costs too much for many.
        """
        key = (kind, entity_id)
        if key not in self._similar_ids:
            if len(self._similar_ids) == MAX_SUGGESTIONS:
                return None
            if self._write_added is not None:
                self._write_added()
            known_ids = entities.list_ids_to_compare(self._db, kind, entity_id)
            self._similar_ids[key] = find_similar_ids(entity_id, known_ids)
        return self._similar_ids[key]

    def list_some_children(self, kind: str, parent: str, limit: int) -> list[str]:
        """Return the first ids right below the parent, at most ``limit``."""
        if self._write_added is not None:
            self._write_added()
        return entities.list_some_children(self._db, kind, parent, limit)

    def are_agreeing(self, mentions: Iterable[tuple[str, EntityMention]]) -> bool:
        """Whether all such mentions of a kind are known to agree with what is recorded."""
        for kind, mention in mentions:
            # The loader gives mentions that are written alike as one object.
            if id(mention) not in self._agreeing_objects.get(kind, ()):
                if not self.is_agreeing(kind, mention):
                    return False
                # The mention is held too, so that its identity stays its own.
                self._agreeing_objects.setdefault(kind, {})[id(mention)] = mention
        return True

    def is_agreeing(self, kind: str, mention: EntityMention) -> bool:
        """Whether such a mention is known to agree with what is recorded.

        It stays so, because a recorded entity does not change in the transaction.
        """
        return self._agreeing.get((kind, mention.id)) == mention

    def note_agreeing(self, kind: str, mention: EntityMention) -> None:
        """Note that the mention agrees with what is recorded, in every field that it gives."""
        self._agreeing[kind, mention.id] = mention

    def add(self, new_entities: Iterable[Entity]) -> None:
        """Note that the entities were recorded."""
        for entity in new_entities:
            kind = self._kind_of_class[type(entity)]
            self._entities[kind, entity.id] = entity
            self._have_children[kind, entity.id] = False
            parent = parent_of(entity)
            if parent is not None:
                self._have_children[kind, parent] = True
            if isinstance(entity, Place):
                self._add_codes(entity)
                self.place_warnings.clear()
                self.place_lines.clear()

    def _add_codes(self, place: Place) -> None:
        for code in self.list_codes(place):
            self._added_by_code.setdefault(code, []).append(place.id)
            ids = self._places_by_code.get(code)
            if ids is not None:
                insort(ids, place.id)
                del ids[entities.MAX_PLACES_OF_CODE :]


class KeptEntities:
    """The entities that one transaction has looked up, for the next one of the same job.

    They are used only if nothing was recorded between the two: then they are as they were.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._cache: EntityCache | None = None
        self._log_end: LogEnd | None = None

    def take(
        self, db: Connection, write_added: Callable[[], None] | None, log_end: LogEnd
    ) -> EntityCache:
        """Return the cache for a transaction that begins at this end of the log."""
        cache, kept_end = self._cache, self._log_end
        self._cache = self._log_end = None
        if cache is None or kept_end != log_end:
            return EntityCache(db, write_added)
        cache.continue_in(db, write_added)
        return cache

    def keep(self, cache: EntityCache, log_end: LogEnd) -> None:
        """Keep the cache of a transaction that ends the log so; if it fails, the log has not."""
        if cache.entry_count <= MAX_KEPT_ENTITIES:
            self._cache, self._log_end = cache, log_end

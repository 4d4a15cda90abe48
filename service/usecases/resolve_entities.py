"""The places, groups and reporter that a report names: found, or made where they are new."""

from collections.abc import Collection, Iterator

from service.domain.entities import (
    ENTITY_CLASSES,
    Entity,
    EntityMention,
    find_differing_fields,
    fold_case,
    make_entity,
    parent_of,
    unknown_id_message,
    with_parent,
)
from service.domain.errors import ConflictError, ErrorDetail, InvalidInputError
from service.domain.submission import Submission
from service.store import entities
from service.store.event_log import NewEvent
from service.store.interface import Connection

NEAR_LIMIT = 3
"""For so many unknown ids of one request the near ones are looked up: it takes a while each."""


class Resolver:
    """Finds what is mentioned, in order, and remembers what is new.

    ``faults`` and ``conflicts`` name every mention that cannot stand; ``check`` raises them.
    """

    def __init__(self, db: Connection) -> None:
        """Start with nothing new and nothing wrong."""
        self._db = db
        self._fresh: dict[tuple[str, str], Entity] = {}
        self._found: dict[tuple[str, str], Entity | None] = {}
        self.faults: list[ErrorDetail] = []
        self.conflicts: list[ErrorDetail] = []

    def look_up(self, kind: str, ids: Collection[str]) -> None:
        """Find all of the ids at once: one by one they would be asked for over a network."""
        for found in entities.get_many(self._db, kind, ids):
            self._found[kind, found.id] = found

    def known(self, kind: str, id: str) -> Entity | None:
        """Return what is recorded under the id, or new in this request."""
        if (kind, id) in self._fresh:
            return self._fresh[kind, id]
        if (kind, id) not in self._found:
            self._found[kind, id] = entities.get(self._db, kind, id)
        return self._found[kind, id]

    def take(self, kind: str, mention: EntityMention, pointer: str) -> None:
        """Find the mentioned entry, or make it; what is wrong is remembered under the pointer."""
        known = self.known(kind, mention.id)
        if mention.fields is None:
            if known is None:
                self.faults.append(ErrorDetail(pointer, self._missing(kind, mention.id)))
        elif known is None:
            self._make(kind, mention, pointer)
        else:
            # An id that was merged into another was described by a name of its own.
            own = known
            if known.id != mention.id:
                own = entities.get_last_version(self._db, kind, mention.id) or known
            for name in find_differing_fields(own, mention.fields):
                detail = (
                    f"The {kind} {mention.id} is recorded with {name}"
                    f" {_said(getattr(own, name))}; leave {name} out, or change the {kind} first."
                )
                self.conflicts.append(ErrorDetail(f"{pointer}/{name}", detail))

    def lies_in(self, kind: str, id: str, others: Collection[str]) -> bool:
        """Whether the entry is one of the others or lies below one of them."""
        return any(each in others for each in self._line(kind, id))

    def line_of(self, places: Collection[str]) -> list[str] | None:
        """Return the places and all that they lie in; None where something lies below one too."""
        if any(entities.has_children(self._db, "place", place) for place in places):
            return None
        return sorted({each for place in places for each in self._line("place", place)})

    def _line(self, kind: str, id: str) -> Iterator[str]:
        """Yield the id and, one after another, what it lies in."""
        above: str | None = id
        while above is not None:
            yield above
            known = self.known(kind, above)
            above = parent_of(known) if known is not None else None

    def check(self) -> None:
        """Raise InvalidInputError or ConflictError for what was found wrong, if anything was."""
        if self.faults:
            raise InvalidInputError(_summary(self.faults), tuple(self.faults))
        if self.conflicts:
            raise ConflictError(_summary(self.conflicts), tuple(self.conflicts))

    def drafts(self) -> list[NewEvent]:
        """Return what the ledger is to say of the new entries, each after its parent."""
        return [
            entities.make_entity_event(kind, what, is_known=False)
            for (kind, _), what in self._fresh.items()
        ]

    def namesakes(self, kind: str, entries: Collection[Entity]) -> dict[str, tuple[str, ...]]:
        """Return, for each of the entries, the ids of others of the same name, new ones too."""
        recorded = entities.find_ids_by_name(self._db, kind, [each.name for each in entries])
        fresh = [each for (of, _), each in self._fresh.items() if of == kind]
        found = {}
        for what in entries:
            name = fold_case(what.name)
            alike = [each.id for each in fresh if fold_case(each.name) == name]
            others = dict.fromkeys((*recorded.get(name, ()), *alike))
            found[what.id] = tuple(id for id in others if id != what.id)
        return found

    def _make(self, kind: str, mention: EntityMention, pointer: str) -> None:
        given = mention.fields or {}
        if given.get("name") is None:
            detail = f"{self._missing(kind, mention.id)} A new one needs a name."
            self.faults.append(ErrorDetail(f"{pointer}/name", detail))
            return
        made = make_entity(kind, mention.id, given)
        parent = parent_of(made)
        if parent is not None:
            above = self.known(kind, parent)
            if above is None:
                detail = f"{self._missing(kind, parent)} A parent exists or comes earlier."
                self.faults.append(ErrorDetail(f"{pointer}/parent", detail))
                return
            made = with_parent(made, above)
        self._fresh[kind, mention.id] = made

    def _missing(self, kind: str, id: str) -> str:
        if len(self.faults) >= NEAR_LIMIT:
            return f"There is no {kind} {id}."
        fresh = [known for of, known in self._fresh if of == kind]
        return missing(self._db, kind, id, fresh)


def missing(db: Connection, kind: str, id: str, more: list[str] | None = None) -> str:
    """Return the sentence that says that there is no such entry, and which ids are near."""
    return unknown_id_message(
        kind, id, [*entities.list_ids_of_similar_length(db, kind, id), *(more or ())]
    )


def resolve(db: Connection, sent: Submission) -> Resolver:
    """Return all that the report names, found or new; raises InvalidInputError or ConflictError."""
    resolver = Resolver(db)
    mentions = list(_mentions(sent))
    for kind in ENTITY_CLASSES:
        resolver.look_up(kind, {mention.id for of, mention, _ in mentions if of == kind})
    for kind, mention, pointer in mentions:
        resolver.take(kind, mention, pointer)
    resolver.check()
    return resolver


def _mentions(sent: Submission) -> Iterator[tuple[str, EntityMention, str]]:
    yield "reporter", sent.reporter, "/reporter"
    for kind, field in (("place", "places"), ("group", "groups")):
        for number, mention in enumerate(getattr(sent, field)):
            yield kind, mention, f"/{field}/{number}"
        for position, figure in enumerate(sent.figures):
            for number, mention in enumerate(getattr(figure, field) or ()):
                yield kind, mention, f"/figures/{position}/{field}/{number}"


def _said(value: object) -> str:
    if value is None or value == ():
        return "left empty"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _summary(faults: list[ErrorDetail]) -> str:
    return faults[0].detail if len(faults) == 1 else f"{len(faults)} fields cannot stand."

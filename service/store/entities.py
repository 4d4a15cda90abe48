"""Places, groups and reporters as they are now or were after one entry of the ledger."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, cast

from service.domain.entities import (
    ENTITY_CLASSES,
    Entity,
    Group,
    Place,
    Reporter,
    entity_fields,
    fold_case,
    make_entity,
)
from service.domain.entities import parent_of as parent_in
from service.domain.list_queries import EntityListQuery
from service.store.event_log import Draft, Event
from service.store.interface import Database, legible


def get(db: Database, kind: str, id: str) -> Entity | None:
    """Return the entry as it is now, by an id that was merged into its own too; None if none."""
    row = db.row("entry_now", kind=kind, id=id)
    if row is not None:
        return _entry(kind, *row)
    merged = db.row("merge_of", kind=kind, id=id)
    return None if merged is None else get(db, kind, merged[0])


def get_all(db: Database, kind: str, ids: Collection[str]) -> list[Entity]:
    """Return those of the entries that are known under these very ids now."""
    if not ids:
        return []
    rows = db.rows("entries_now_of", kind=kind, ids=json.dumps(sorted(ids)))
    return [_entry(kind, id, body) for id, body in rows]


def last_described(db: Database, kind: str, id: str) -> Entity | None:
    """Return the entry as it was last described under this very id; None where it never was."""
    row = db.row("entry_last_described", kind=kind, id=id)
    return None if row is None else _entry(kind, *row)


def ids_of(db: Database, kind: str, id: str) -> list[str]:
    """Return every id that names the same entry as the given one, itself among them."""
    now = get(db, kind, id)
    top = id if now is None else now.id
    return [top, *(row[0] for row in db.rows("merged_into", kind=kind, id=top))]


def merged(db: Database, seq: int) -> dict[str, dict[str, str]]:
    """Return, by kind, for every id merged by the entry ``seq`` the id that then stood for it."""
    found: dict[str, dict[str, str]] = {kind: {} for kind in ENTITY_CLASSES}
    for kind, id, into in db.rows("merges_until", seq=seq):
        of_kind = found[kind]
        for earlier, target in of_kind.items():
            if target == id:
                of_kind[earlier] = into
        of_kind[id] = into
    return found


@legible
def all_as_of(
    db: Database, seq: int
) -> tuple[dict[str, Place], dict[str, Group], dict[str, Reporter]]:
    """Return every place, group and reporter by id, as they were after the entry ``seq``."""
    found: dict[str, dict[str, Any]] = {"place": {}, "group": {}, "reporter": {}}
    for kind, id, body in db.rows("entries_as_of", seq=seq):
        found[kind][id] = _entry(kind, id, body)
    return found["place"], found["group"], found["reporter"]


def page(db: Database, kind: str, asked: EntityListQuery) -> list[Entity]:
    """Return the entries asked for, by id; names and aliases are searched without case."""
    pattern = None if asked.q is None else f"%{_literal(fold_case(asked.q))}%"
    rows = db.rows(
        "entries_page",
        clauses=() if pattern is None else ("of_names",),
        kind=kind,
        after=asked.after,
        limit=asked.limit,
        pattern=pattern,
    )
    return [_entry(kind, id, body) for id, body in rows]


def _literal(text: str) -> str:
    """Return the text as a pattern that means nothing but itself."""
    return re.sub("([!%_])", r"!\1", text)


def ids_like(db: Database, kind: str, id: str) -> list[str]:
    """Return known ids of about the same length, as candidates for what was meant."""
    least, most = len(id) - 4, len(id) + 4
    return [row[0] for row in db.rows("entries_of_length", kind=kind, least=least, most=most)]


def unknown_ids(db: Database, kind: str, ids: Sequence[str], seq: int) -> list[str]:
    """Return those of the ids under which nothing of the kind was recorded by the entry."""
    rows = db.rows("entries_unknown", ids=json.dumps(ids), kind=kind, seq=seq)
    return [row[0] for row in rows]


def namesakes(db: Database, kind: str, names: Collection[str]) -> dict[str, list[str]]:
    """Return the ids of the entries that bear each of the names, folded; of each 20 at most."""
    found: dict[str, list[str]] = {}
    if names:
        wanted = json.dumps(sorted({fold_case(name) for name in names}))
        for name, id in db.rows("entries_of_names", kind=kind, names=wanted):
            found.setdefault(name, []).append(id)
    return found


def lies_below(db: Database, kind: str, id: str, top: str) -> bool:
    """Whether ``id`` is ``top`` or lies somewhere below it."""
    return id == top or db.row("entry_above", kind=kind, id=id, top=top) is not None


def has_below(db: Database, kind: str, id: str) -> bool:
    """Whether anything lies below the entry."""
    return db.row("entry_below", kind=kind, parent=id) is not None


def ids_below(db: Database, kind: str, ids: Sequence[str], seq: int) -> list[str]:
    """Return the ids with all that lay below them after the entry, by every id it ever had."""
    rows = db.rows("entries_below", kind=kind, ids=json.dumps(ids), seq=seq)
    return [row[0] for row in rows]


def draft(kind: str, what: Entity, known: bool) -> Draft:
    """Return what the ledger is to say of an entry: that it is new, or that it has changed."""
    return Draft(f"{kind}_changed" if known else f"{kind}_added", what.id, entity_fields(what))


def apply_entry(db: Database, event: Event) -> None:
    """Make the event's description the current one, and date the end of the one before."""
    kind = event.kind.split("_")[0]
    _describe(db, kind, make_entity(kind, event.subject, _tuples(event.body)), event.seq)


def apply_merged(db: Database, event: Event) -> None:
    """Make the two ids one: the names become aliases of the other, what lay below moves there."""
    kind, into = event.kind.split("_")[0], event.body["into"]
    gone, target = _standing(db, kind, event.subject), _standing(db, kind, into)
    _end(db, kind, event.subject, event.seq)
    db.change("merge_put", kind=kind, id=event.subject, into_id=into, seq=event.seq)
    names = (target.name, *target.aliases)
    more = [name for name in (gone.name, *gone.aliases) if name not in names]
    aliases = tuple(dict.fromkeys((*target.aliases, *more)))
    if aliases != target.aliases:
        _describe(db, kind, replace(target, aliases=aliases), event.seq)
    below = db.rows("entries_right_below", kind=kind, parent=event.subject)
    for id, body in below:
        _describe(db, kind, replace(_entry(kind, id, body), parent=into), event.seq)


def _standing(db: Database, kind: str, id: str) -> Entity:
    found = get(db, kind, id)
    if found is None:
        raise LookupError(f"the ledger merges a {kind} {id} that it never described")
    return found


def _describe(db: Database, kind: str, what: Entity, seq: int) -> None:
    names = (what.name, *what.aliases)
    _end(db, kind, what.id, seq)
    db.change(
        "entry_put",
        kind=kind,
        id=what.id,
        since_seq=seq,
        name_folded=fold_case(what.name),
        names_folded="\n".join(fold_case(name) for name in names),
        parent=parent_in(what),
        body=json.dumps(entity_fields(what), ensure_ascii=False),
    )


def _end(db: Database, kind: str, id: str, seq: int) -> None:
    db.change("entry_end", kind=kind, id=id, seq=seq)


@legible
def _entry(kind: str, id: str, body: str) -> Entity:
    return make_entity(kind, id, _tuples(json.loads(body)))


def _tuples(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "aliases": tuple(cast(list[str], body.get("aliases", ())))}

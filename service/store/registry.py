"""Places, groups and reporters as they are now or were after one entry of the ledger."""

import json
from typing import Any, cast

from service.domain.listing import EntriesAsked
from service.domain.registry import Entry, Group, Place, Reporter, described, entry, folded
from service.domain.registry import parent_of as parent_in
from service.store.ledger import Draft, Event
from service.store.sqlite import Database


def get(db: Database, kind: str, id: str) -> Entry | None:
    """Return the entry as it is now; None where there is none."""
    row = db.execute(
        "SELECT id, body FROM entries WHERE kind = ? AND id = ? AND until_seq IS NULL", (kind, id)
    ).fetchone()
    return None if row is None else _entry(kind, *row)


def all_as_of(
    db: Database, seq: int
) -> tuple[dict[str, Place], dict[str, Group], dict[str, Reporter]]:
    """Return every place, group and reporter by id, as they were after the entry ``seq``."""
    found: dict[str, dict[str, Any]] = {"place": {}, "group": {}, "reporter": {}}
    rows = db.execute(
        "SELECT kind, id, body FROM entries"
        " WHERE since_seq <= ? AND (until_seq IS NULL OR until_seq > ?) ORDER BY kind, id",
        (seq, seq),
    )
    for kind, id, body in rows:
        found[kind][id] = _entry(kind, id, body)
    return found["place"], found["group"], found["reporter"]


def page(db: Database, kind: str, asked: EntriesAsked) -> list[Entry]:
    """Return the entries asked for, by id; names and aliases are searched without case."""
    rows = db.execute(
        "SELECT id, body FROM entries WHERE kind = :kind AND until_seq IS NULL AND id > :after"
        " AND (:q IS NULL OR instr(names_folded, :q) > 0) ORDER BY id LIMIT :limit",
        {
            "kind": kind,
            "q": None if asked.q is None else folded(asked.q),
            "after": asked.after,
            "limit": asked.limit,
        },
    )
    return [_entry(kind, id, body) for id, body in rows]


def ids_like(db: Database, kind: str, id: str) -> list[str]:
    """Return known ids of about the same length, as candidates for what was meant."""
    rows = db.execute(
        "SELECT id FROM entries WHERE kind = ? AND until_seq IS NULL"
        " AND length(id) BETWEEN ? AND ? LIMIT 20000",
        (kind, len(id) - 4, len(id) + 4),
    )
    return [row[0] for row in rows]


def unknown_ids(db: Database, kind: str, ids: tuple[str, ...]) -> list[str]:
    """Return those of the ids under which nothing of the kind is recorded."""
    rows = db.execute(
        "SELECT value FROM json_each(?) WHERE NOT EXISTS"
        " (SELECT 1 FROM entries WHERE kind = ? AND id = value AND until_seq IS NULL)",
        (json.dumps(ids), kind),
    )
    return [row[0] for row in rows]


def namesakes(db: Database, kind: str, name: str) -> list[str]:
    """Return the ids of all entries that bear the name, without regard to case."""
    rows = db.execute(
        "SELECT id FROM entries"
        " WHERE kind = ? AND name_folded = ? AND until_seq IS NULL ORDER BY id LIMIT 20",
        (kind, folded(name)),
    )
    return [row[0] for row in rows]


def lies_below(db: Database, kind: str, id: str, top: str) -> bool:
    """Whether ``id`` is ``top`` or lies somewhere below it."""
    row = db.execute(
        "WITH RECURSIVE above (id) AS ("
        " SELECT :id UNION"
        " SELECT parent FROM above CROSS JOIN entries INDEXED BY entries_now"
        " ON entries.id = above.id AND kind = :kind AND until_seq IS NULL"
        " WHERE parent IS NOT NULL"
        ") SELECT 1 FROM above WHERE id = :top",
        {"id": id, "kind": kind, "top": top},
    ).fetchone()
    return row is not None


def draft(kind: str, what: Entry, known: bool) -> Draft:
    """Return what the ledger is to say of an entry: that it is new, or that it has changed."""
    return Draft(f"{kind}_changed" if known else f"{kind}_added", what.id, described(what))


def apply_entry(db: Database, event: Event) -> None:
    """Make the event's description the current one, and date the end of the one before."""
    kind = event.kind.split("_")[0]
    what = entry(kind, event.subject, _tuples(event.body))
    names = (what.name, *what.aliases)
    db.execute(
        "UPDATE entries SET until_seq = ? WHERE kind = ? AND id = ? AND until_seq IS NULL",
        (event.seq, kind, what.id),
    )
    db.execute(
        "INSERT INTO entries (kind, id, since_seq, name_folded, names_folded, parent, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            kind,
            what.id,
            event.seq,
            folded(what.name),
            "\n".join(folded(name) for name in names),
            parent_in(what),
            json.dumps(described(what), ensure_ascii=False),
        ),
    )


def _entry(kind: str, id: str, body: str) -> Entry:
    return entry(kind, id, _tuples(json.loads(body)))


def _tuples(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "aliases": tuple(cast(list[str], body.get("aliases", ())))}

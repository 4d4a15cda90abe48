"""Places, groups and reporters as they are now or were after one entry of the ledger."""

import json
from dataclasses import replace
from typing import Any, cast

from service.domain.listing import EntriesAsked
from service.domain.registry import (
    KINDS,
    Entry,
    Group,
    Place,
    Reporter,
    described,
    entry,
    folded,
)
from service.domain.registry import parent_of as parent_in
from service.store.ledger import Draft, Event
from service.store.sqlite import Database, legible


def get(db: Database, kind: str, id: str) -> Entry | None:
    """Return the entry as it is now, by an id that was merged into its own too; None if none."""
    row = db.execute(
        "SELECT id, body FROM entries WHERE kind = ? AND id = ? AND until_seq IS NULL", (kind, id)
    ).fetchone()
    if row is not None:
        return _entry(kind, *row)
    merged = db.execute(
        "SELECT into_id FROM merges WHERE kind = ? AND id = ?", (kind, id)
    ).fetchone()
    return None if merged is None else get(db, kind, merged[0])


def last_described(db: Database, kind: str, id: str) -> Entry | None:
    """Return the entry as it was last described under this very id; None where it never was."""
    row = db.execute(
        "SELECT id, body FROM entries WHERE kind = ? AND id = ? ORDER BY since_seq DESC LIMIT 1",
        (kind, id),
    ).fetchone()
    return None if row is None else _entry(kind, *row)


def ids_of(db: Database, kind: str, id: str) -> list[str]:
    """Return every id that names the same entry as the given one, itself among them."""
    now = get(db, kind, id)
    top = id if now is None else now.id
    rows = db.execute(
        "WITH RECURSIVE same (id) AS (SELECT :id UNION SELECT merges.id FROM same"
        " CROSS JOIN merges INDEXED BY merges_into"
        " ON merges.into_id = same.id AND kind = :kind) SELECT id FROM same",
        {"id": top, "kind": kind},
    )
    return [row[0] for row in rows]


def merged(db: Database, seq: int) -> dict[str, dict[str, str]]:
    """Return, by kind, for every id merged by the entry ``seq`` the id that then stood for it."""
    found: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    rows = db.execute("SELECT kind, id, into_id FROM merges WHERE seq <= ? ORDER BY seq", (seq,))
    for kind, id, into in rows:
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


def unknown_ids(db: Database, kind: str, ids: tuple[str, ...], seq: int) -> list[str]:
    """Return those of the ids under which nothing of the kind was recorded by the entry."""
    rows = db.execute(
        "SELECT value FROM json_each(:ids) WHERE NOT EXISTS"
        " (SELECT 1 FROM entries WHERE kind = :kind AND id = value AND since_seq <= :seq)",
        {"ids": json.dumps(ids), "kind": kind, "seq": seq},
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


def has_below(db: Database, kind: str, id: str) -> bool:
    """Whether anything lies below the entry."""
    row = db.execute(
        "SELECT 1 FROM entries WHERE kind = ? AND parent = ? AND until_seq IS NULL LIMIT 1",
        (kind, id),
    ).fetchone()
    return row is not None


def draft(kind: str, what: Entry, known: bool) -> Draft:
    """Return what the ledger is to say of an entry: that it is new, or that it has changed."""
    return Draft(f"{kind}_changed" if known else f"{kind}_added", what.id, described(what))


def apply_entry(db: Database, event: Event) -> None:
    """Make the event's description the current one, and date the end of the one before."""
    kind = event.kind.split("_")[0]
    _describe(db, kind, entry(kind, event.subject, _tuples(event.body)), event.seq)


def apply_merged(db: Database, event: Event) -> None:
    """Make the two ids one: the names become aliases of the other, what lay below moves there."""
    kind, into = event.kind.split("_")[0], event.body["into"]
    gone, target = _standing(db, kind, event.subject), _standing(db, kind, into)
    _end(db, kind, event.subject, event.seq)
    db.execute(
        "INSERT INTO merges (kind, id, into_id, seq) VALUES (?, ?, ?, ?)",
        (kind, event.subject, into, event.seq),
    )
    names = (target.name, *target.aliases)
    more = [name for name in (gone.name, *gone.aliases) if name not in names]
    aliases = tuple(dict.fromkeys((*target.aliases, *more)))
    if aliases != target.aliases:
        _describe(db, kind, replace(target, aliases=aliases), event.seq)
    below = db.execute(
        "SELECT id, body FROM entries WHERE kind = ? AND parent = ? AND until_seq IS NULL",
        (kind, event.subject),
    ).fetchall()
    for id, body in below:
        _describe(db, kind, replace(_entry(kind, id, body), parent=into), event.seq)


def _standing(db: Database, kind: str, id: str) -> Entry:
    found = get(db, kind, id)
    if found is None:
        raise LookupError(f"the ledger merges a {kind} {id} that it never described")
    return found


def _describe(db: Database, kind: str, what: Entry, seq: int) -> None:
    names = (what.name, *what.aliases)
    _end(db, kind, what.id, seq)
    db.execute(
        "INSERT INTO entries (kind, id, since_seq, name_folded, names_folded, parent, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            kind,
            what.id,
            seq,
            folded(what.name),
            "\n".join(folded(name) for name in names),
            parent_in(what),
            json.dumps(described(what), ensure_ascii=False),
        ),
    )


def _end(db: Database, kind: str, id: str, seq: int) -> None:
    db.execute(
        "UPDATE entries SET until_seq = ? WHERE kind = ? AND id = ? AND until_seq IS NULL",
        (seq, kind, id),
    )


@legible
def _entry(kind: str, id: str, body: str) -> Entry:
    return entry(kind, id, _tuples(json.loads(body)))


def _tuples(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "aliases": tuple(cast(list[str], body.get("aliases", ())))}

"""Whether the record is whole: the file, the chain of its entries, and all that is made of them."""

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final

from service.domain.errors import Unavailable
from service.store import ledger, texts
from service.store.apply import apply
from service.store.migrations import migrate
from service.store.sqlite import Database, Store
from service.store.transfer import faulty_texts

Progress = Callable[[str, int], None]
"""Told what is being done and how many entries of it are done."""

DERIVED: Final = {
    "entries": "kind, id, since_seq",
    "merges": "kind, id",
    "reports": "seq",
    "figures": "seq, position",
    "report_places": "place, seq",
    "report_groups": "group_id, seq",
    "report_texts": "rowid",
    "report_words": "term, doc, col, offset",
}
"""The tables that are made of the ledger, and the order of their rows."""

WORDS: Final = """
    CREATE VIRTUAL TABLE IF NOT EXISTS temp.report_words
    USING fts5vocab(main, report_texts, instance)
"""
"""Shows what a search for words finds: SQLite checks that index by itself only from 3.44 on."""

EVERY: Final = 500
"""After so many entries progress is told."""

MOST: Final = 20
"""So many faults of one kind are told; more would tell nothing new."""


def faults(db: Database, progress: Progress) -> Iterator[str]:
    """Yield a sentence for all that is not as it was recorded; nothing for a whole record."""
    for check in (_file, _chain, _tables):
        try:
            for count, fault in enumerate(check(db, progress)):
                if count == MOST:
                    yield "… and more of the same."
                    break
                yield fault
        except (sqlite3.DatabaseError, Unavailable) as error:
            yield f"The file cannot be read on: {str(error).rstrip('.')}."


def _file(db: Database, progress: Progress) -> Iterator[str]:
    progress("the file", 0)
    for (told,) in db.execute("PRAGMA integrity_check").fetchall():
        if told != "ok":
            yield f"The file is damaged: {told}."
    for table, row, parent, _ in db.execute("PRAGMA foreign_key_check").fetchall():
        yield f"Row {row} of {table} refers to a row of {parent} that is not there."


def _chain(db: Database, progress: Progress) -> Iterator[str]:
    before, expected = ledger.ROOT, 0
    for line in ledger.lines(db):
        expected += 1
        if line.seq != expected:
            yield f"Entry {expected} is missing: the next one is {line.seq}."
            expected = line.seq
        elif line.hash != line.hashed_after(before):
            yield f"Entry {line.seq} is not the one that was recorded, or the one before it is not."
        yield from faulty_texts(line, texts.of_entry(db, line.seq))
        before = line.hash
        if expected % EVERY == 0:
            progress("the chain", expected)


def _tables(db: Database, progress: Progress) -> Iterator[str]:
    """Make all tables again from the ledger, in a file of their own, and compare them."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "again.db")
        migrate(store)
        with store.writing() as again:
            for line in ledger.lines(db):
                kept = texts.of_entry(db, line.seq)
                try:
                    ledger.put(again, line, kept)
                    apply(again, line.opened(kept))
                except Exception as error:  # Whatever was done to an entry, it must be told where.
                    yield f"The tables cannot be made again from entry {line.seq} on: {error!r}."
                    return
                if line.seq % EVERY == 0:
                    progress("the tables", line.seq)
            for each in (db, again):
                each.execute(WORDS)
            for table, order in DERIVED.items():
                yield from _differences(db, again, table, order)
        store.close()


def _differences(db: Database, again: Database, table: str, order: str) -> Iterator[str]:
    rows = f"SELECT {'rowid, *' if order == 'rowid' else '*'} FROM {table} ORDER BY {order}"
    pairs = zip_longest(db.execute(rows), again.execute(rows))
    for found, right in pairs:
        if found != right:
            row = json.dumps(list(found or right)[:3], ensure_ascii=False)
            if found is None:
                what = "lacks"
            else:
                what = "has too many:" if right is None else "tells otherwise than the ledger of"
            yield f"The table {table} {what} the row {row}."
            return

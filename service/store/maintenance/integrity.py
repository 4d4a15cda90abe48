"""Whether the record is whole: the file, the chain of its entries, and all that is made of them."""

import json
import tempfile
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final

from service.store import event_log
from service.store.interface import Database, Store
from service.store.maintenance.export_import import faulty_texts
from service.store.projections.dispatch import apply
from service.store.sqlite.engine import SqliteStore

Progress = Callable[[str, int], None]
"""Told what is being done and how many entries of it are done."""

DERIVED: Final = {
    "entries": (
        "kind, id, since_seq, until_seq, name_folded, names_folded, parent, body",
        "kind, id, since_seq",
    ),
    "merges": ("kind, id, into_id, seq", "kind, id"),
    "reports": (
        "id, seq, recorded_at, reporter, ref, content_hash, stance, relays, origin, supersedes,"
        " superseded_seq, superseded_by, retracted_seq, first_day, last_day, place_ids, group_ids,"
        " caveats, quote_folded, body",
        "seq",
    ),
    "figures": (
        "id, seq, position, report, reporter, low, high, soft_low, soft_high, best, outcomes,"
        " first_day, last_day, incident, reclassifies, disclosed, place_ids, group_ids,"
        " wording_folded",
        "seq, position",
    ),
    "report_places": ("place, seq", "place, seq"),
    "report_groups": ("group_id, seq", "group_id, seq"),
    "report_words": ("word, seq", "word, seq"),
}
"""The tables that are made of the ledger: their columns, and the order of their rows."""

EVERY: Final = 500
"""After so many entries progress is told."""

MOST: Final = 20
"""So many faults of one kind are told; more would tell nothing new."""


def faults(store: Store, db: Database, progress: Progress) -> Iterator[str]:
    """Yield a sentence for all that is not as it was recorded; nothing for a whole record.

    ``db`` is a reading of the store, so that all checks look at one state.
    """

    def engine(db: Database, progress: Progress) -> Iterator[str]:
        progress("the file", 0)
        yield from store.faults(db)

    for check in (engine, _chain, _tables):
        try:
            for count, fault in enumerate(check(db, progress)):
                if count == MOST:
                    yield "… and more of the same."
                    break
                yield fault
        except Exception as error:  # Damage shows as any error of the driver, and must be told.
            yield f"The database cannot be read on: {str(error).rstrip('.')}."


def _chain(db: Database, progress: Progress) -> Iterator[str]:
    before, expected = event_log.ROOT, 0
    for line, kept in event_log.lines(db):
        expected += 1
        if line.seq != expected:
            yield f"Entry {expected} is missing: the next one is {line.seq}."
            expected = line.seq
        elif line.hash != line.hashed_after(before):
            yield f"Entry {line.seq} is not the one that was recorded, or the one before it is not."
        yield from faulty_texts(line, kept)
        before = line.hash
        if expected % EVERY == 0:
            progress("the chain", expected)


def _tables(db: Database, progress: Progress) -> Iterator[str]:
    """Make all tables again from the ledger, in a file of their own, and compare them."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "again.db")
        store.migrate()
        with store.writing() as again:
            for line, kept in event_log.lines(db):
                try:
                    event_log.put(again, line, kept)
                    apply(again, line.opened(kept))
                except Exception as error:  # Whatever was done to an entry, it must be told where.
                    yield f"The tables cannot be made again from entry {line.seq} on: {error!r}."
                    return
                if line.seq % EVERY == 0:
                    progress("the tables", line.seq)
            for table in DERIVED:
                yield from _differences(db, again, table)
        store.close()


def _differences(db: Database, again: Database, table: str) -> Iterator[str]:
    columns, order = DERIVED[table]
    rows = f"SELECT {columns} FROM {table} ORDER BY {order}"
    pairs = zip_longest(db.each(rows), again.each(rows))
    for found, right in pairs:
        if found != right:
            row = json.dumps(list(found or right)[:3], ensure_ascii=False)
            if found is None:
                what = "lacks"
            else:
                what = "has too many:" if right is None else "tells otherwise than the ledger of"
            yield f"The table {table} {what} the row {row}."
            return

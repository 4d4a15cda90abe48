"""Whether the record is whole: the file, the chain of its entries, and all that is made of them."""

import json
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Final

from service.store import event_log
from service.store.factory import open_scratch_store
from service.store.interface import Connection, Store
from service.store.maintenance.export_import import find_text_faults
from service.store.projections.dispatch import apply_event
from service.store.tables import Table, list_projections

Progress = Callable[[str, int], None]
"""Told what is being done and how many entries of it are done."""

PROGRESS_INTERVAL: Final = 500
"""After so many entries progress is told."""

MAX_FAULTS_PER_CHECK: Final = 20
"""So many faults of one kind are told; more would tell nothing new."""


def find_faults(store: Store, db: Connection, progress: Progress) -> Iterator[str]:
    """Yield a sentence for all that is not as it was recorded; nothing for a whole record.

    ``db`` is a reading of the store, so that all checks look at one state.
    """

    def check_engine(db: Connection, progress: Progress) -> Iterator[str]:
        progress("the file", 0)
        yield from store.check_engine(db)

    for check in (check_engine, _check_chain, _check_projections):
        try:
            for count, fault in enumerate(check(db, progress)):
                if count == MAX_FAULTS_PER_CHECK:
                    yield "… and more of the same."
                    break
                yield fault
        except Exception as error:  # Damage shows as any error of the driver, and must be told.
            yield f"The database cannot be read on: {str(error).rstrip('.')}."


def _check_chain(db: Connection, progress: Progress) -> Iterator[str]:
    previous_hash, expected_seq = event_log.INITIAL_HASH, 0
    for stored, texts in event_log.iterate_stored_events(db):
        expected_seq += 1
        if stored.seq != expected_seq:
            yield f"Entry {expected_seq} is missing: the next one is {stored.seq}."
            expected_seq = stored.seq
        elif stored.hash != stored.compute_hash(previous_hash):
            yield (
                f"Entry {stored.seq} is not the one that was recorded, or the one before it is not."
            )
        yield from find_text_faults(stored, texts)
        previous_hash = stored.hash
        if expected_seq % PROGRESS_INTERVAL == 0:
            progress("the chain", expected_seq)


def _check_projections(db: Connection, progress: Progress) -> Iterator[str]:
    """Rebuild all projections from the event log in a scratch store, and compare them."""
    with open_scratch_store() as store, store.write_transaction() as rebuilt:
        for stored, texts in event_log.iterate_stored_events(db):
            try:
                event_log.store_event(rebuilt, stored, texts)
                apply_event(rebuilt, stored.to_event(texts))
            except Exception as error:  # Whatever was done to an event, report where.
                yield f"The tables cannot be rebuilt from event {stored.seq} on: {error!r}."
                return
            if stored.seq % PROGRESS_INTERVAL == 0:
                progress("the tables", stored.seq)
        for table in list_projections():
            yield from _compare_table(db, rebuilt, table)


def _compare_table(db: Connection, rebuilt: Connection, table: Table) -> Iterator[str]:
    sql = f"SELECT {table.select_list} FROM {table.name} ORDER BY {', '.join(table.order)}"
    pairs = zip_longest(db.iterate(sql), rebuilt.iterate(sql))
    for actual, expected in pairs:
        if actual != expected:
            row = json.dumps(list(actual or expected)[:3], ensure_ascii=False)
            if actual is None:
                difference = "lacks"
            else:
                difference = (
                    "has too many:" if expected is None else "tells otherwise than the ledger of"
                )
            yield f"The table {table.name} {difference} the row {row}."
            return

"""The integrity check: the engine's file, the hash chain of the events, and the projections."""

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from service.store import event_log
from service.store.factory import open_scratch_store
from service.store.interface import Connection, Progress, Store
from service.store.maintenance.export_import import find_text_faults
from service.store.projections.dispatch import ProjectionWriter
from service.store.tables import Table, list_projections

PROGRESS_INTERVAL: Final = 500
"""Progress is reported after each of so many events."""

MAX_FAULTS_PER_CHECK: Final = 20
"""Each check reports so many faults at most."""


def find_faults(store: Store, db: Connection, progress: Progress) -> Iterator[str]:
    """Yield a sentence for each fault; nothing for a record without faults.

    ``db`` is a read transaction of the store, so that all checks read the same state. Progress
    counts each event twice: once for the chain, once for the projections.
    """

    def check_chain(db: Connection) -> Iterator[str]:
        return _check_chain(db, progress)

    def check_projections(db: Connection) -> Iterator[str]:
        return _check_projections(db, progress)

    for check in (store.check_engine, check_chain, check_projections):
        try:
            for count, fault in enumerate(check(db)):
                if count == MAX_FAULTS_PER_CHECK:
                    yield "… and more faults of this kind."
                    break
                yield fault
        except Exception as error:  # Damage can raise any error of the driver; report it.
            yield f"Reading the database failed: {str(error).rstrip('.')}."


def _check_chain(db: Connection, progress: Progress) -> Iterator[str]:
    previous_hash, expected_seq = event_log.INITIAL_HASH, 0
    last_seq = event_log.last_seq(db)
    for stored, texts in event_log.iterate_stored_events(db):
        expected_seq += 1
        if stored.seq != expected_seq:
            yield f"Event {expected_seq} is missing: the next one is {stored.seq}."
            expected_seq = stored.seq
        elif stored.hash != stored.compute_hash(previous_hash):
            yield f"Event {stored.seq} or the one before it is not as it was recorded."
        yield from find_text_faults(stored, texts)
        previous_hash = stored.hash
        if expected_seq % PROGRESS_INTERVAL == 0:
            progress(expected_seq, 2 * last_seq)


def _check_projections(db: Connection, progress: Progress) -> Iterator[str]:
    """Rebuild all projections from the event log in a scratch store, and compare them."""
    last_seq = event_log.last_seq(db)
    with open_scratch_store() as store, store.write_transaction() as rebuilt:
        projections, seq = ProjectionWriter(rebuilt), 0
        try:
            for stored, texts in event_log.iterate_stored_events(db):
                seq = stored.seq
                projections.store(stored, texts)
                projections.apply(stored.to_event(texts))
                if seq % PROGRESS_INTERVAL == 0:
                    projections.flush()
                    progress(last_seq + seq, 2 * last_seq)
            projections.flush()
        except Exception as error:  # Whatever was done to an event, report where.
            yield f"The tables cannot be rebuilt from event {seq} on: {error!r}."
            return
        for table in list_projections():
            yield from _compare_table(db, rebuilt, table)


def _compare_table(db: Connection, rebuilt: Connection, table: Table) -> Iterator[str]:
    sql = f"SELECT {table.select_list} FROM {table.name} ORDER BY {', '.join(table.order)}"
    pairs = zip_longest(db.iterate(sql), rebuilt.iterate(sql))
    for actual, expected in pairs:
        if actual != expected:
            row = json.dumps(list(actual or expected)[:3], ensure_ascii=False)
            if actual is None:
                difference = "lacks the row"
            elif expected is None:
                difference = "has a row too many:"
            else:
                difference = "differs from the event log in the row"
            yield f"The table {table.name} {difference} {row}."
            return

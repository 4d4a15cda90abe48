"""Imports of files: begun, advanced by batches, finished, and withdrawn as a whole."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any, Final

from service.domain.access import Principal
from service.domain.errors import ConflictError, ForbiddenError, NotFoundError
from service.domain.file_import import ImportedFile, ImportHead, RecordedImport
from service.store import event_log
from service.store.event_log import NewEvent
from service.store.interface import Connection, Reader, Row, Store
from service.store.projections.dispatch import record_events
from service.store.tables import ImportRow

MAX_RETRACTED: Final = 1_000
"""How many reports one request of a withdrawal retracts."""

MAX_TRANSACTION_RETRACTIONS: Final = 100

COUNTS: Final = ("added", "revised", "known", "skipped", "refused", "retracted")
"""What is counted when an import is finished."""


def start_import(
    store: Store,
    imported: ImportedFile,
    *,
    actor: str | None,
    now: datetime,
    new_id: Callable[[], str],
) -> tuple[RecordedImport, bool]:
    """Return the import of the file, and whether it is new; writes.

    An import of the same file by the same mapping and key that was interrupted is continued.
    """

    def job(db: Connection) -> tuple[RecordedImport, bool]:
        for row in db.fetch_all("select_running_imports"):
            known = _make_head(db, row)
            if known.imported == imported and known.actor == actor:
                return _make_import(db, row), False
        import_id = new_id()
        record_events(db, [NewEvent("import_started", import_id, asdict(imported))], actor, now)
        return _get_import(db, import_id), True

    return store.write(job)


def finish_import(
    store: Store,
    import_id: str,
    counts: Mapping[str, int],
    *,
    actor: str | None,
    now: datetime,
    principal: Principal | None = None,
) -> RecordedImport:
    """Return the import, finished; writes. One that is finished already stays as it is.

    Raises NotFoundError, ForbiddenError for the import of another key, and ConflictError for one
    that was withdrawn.
    """

    def job(db: Connection) -> RecordedImport:
        known = check_import(db, import_id, actor, principal)
        if known.state == "withdrawn":
            raise ConflictError(f"The import {import_id} was withdrawn at {known.withdrawn_at}.")
        if known.state == "running":
            body = {name: counts.get(name, 0) for name in COUNTS}
            record_events(db, [NewEvent("import_finished", import_id, body)], actor, now)
        return _get_import(db, import_id)

    return store.write(job)


def withdraw_import(
    store: Store,
    import_id: str,
    reason: str,
    *,
    actor: str | None,
    now: datetime,
    principal: Principal | None = None,
) -> RecordedImport:
    """Return the import, withdrawn, with how many reports were retracted now; writes.

    At most MAX_RETRACTED reports are retracted: call it again while the import has live ones. A
    report of the import that a later one has superseded stays as it is, and an earlier one that the
    import has superseded does not count again. Raises NotFoundError, and ForbiddenError for the
    import of another key.
    """

    def begin(db: Connection) -> None:
        known = check_import(db, import_id, actor, principal)
        if known.state != "withdrawn":
            body = {"reason": reason}
            record_events(db, [NewEvent("import_withdrawn", import_id, body)], actor, now)

    def retract(db: Connection) -> int:
        rows = db.fetch_all(
            "select_live_import_reports", import_id=import_id, limit=MAX_TRANSACTION_RETRACTIONS
        )
        body = {"reason": reason}
        record_events(
            db, [NewEvent("retracted", report_id, body) for (report_id,) in rows], actor, now
        )
        return len(rows)

    store.write(begin)
    retracted_count = 0
    while retracted_count < MAX_RETRACTED:
        count = store.write(retract, is_long=True)
        retracted_count += count
        if count < MAX_TRANSACTION_RETRACTIONS:
            break
    return replace(get_import(store, import_id), retracted_now=retracted_count)


def get_import(reader: Reader, import_id: str) -> RecordedImport:
    """Return the import; raises NotFoundError."""
    with reader.read_transaction() as db:
        return _get_import(db, import_id)


def list_imports(reader: Reader, before: int | None, limit: int) -> list[RecordedImport]:
    """Return the imports, the newest first: those that began before the event ``before``."""
    with reader.read_transaction() as db:
        first_page = event_log.last_seq(db) + 1
        rows = db.fetch_all(
            "select_imports_page", before=first_page if before is None else before, limit=limit
        )
        return [_make_import(db, row) for row in rows]


def count_replacing_reports(reader: Reader, import_id: str) -> int:
    """Return how many reports of the import count now and have superseded an earlier one."""
    with reader.read_transaction() as db:
        return int(db.fetch_value("count_replacing_import_reports", import_id=import_id))


def check_import(
    db: Connection, import_id: str, actor: str | None, principal: Principal | None
) -> ImportHead:
    """Return the import; raises NotFoundError, and ForbiddenError for that of another key.

    It takes the same time for an import of any size.
    """
    known = _make_head(db, _find_import(db, import_id))
    may_change = principal is None or known.actor == actor or principal.has_scope("admin")
    if not may_change:
        raise ForbiddenError(f"The import {import_id} was begun with another key.")
    return known


def make_progress_event(
    import_id: str, *, first: int, last: int, reports: int, rows: int
) -> NewEvent:
    """Return the event that the events from ``first`` to ``last`` belong to the import.

    ``rows`` is how many rows of the file have been read: 0 if the batch goes on.
    """
    body = {"first": first, "last": last, "reports": reports, "rows": rows}
    return NewEvent("import_recorded", import_id, body)


def _get_import(db: Connection, import_id: str) -> RecordedImport:
    return _make_import(db, _find_import(db, import_id))


def _find_import(db: Connection, import_id: str) -> Row:
    row = db.fetch_one("select_import", id=import_id)
    if row is None:
        raise NotFoundError("There is no such import.")
    return row


def _make_import(db: Connection, row: Row) -> RecordedImport:
    head = _make_head(db, row)
    finished_seq = ImportRow(*row[: len(ImportRow._fields)]).finished_seq
    known: dict[str, Any] = {each.name: getattr(head, each.name) for each in fields(head)}
    return RecordedImport(
        **known,
        live_count=int(db.fetch_value("count_live_import_reports", import_id=head.id)),
        counts=None if finished_seq is None else event_log.load_event(db, finished_seq).body,
    )


def _make_head(db: Connection, row: Row) -> ImportHead:
    *values, recorded_at, actor = row
    stored = ImportRow(*values)
    if stored.withdrawn_seq is not None:
        state = "withdrawn"
    else:
        state = "running" if stored.finished_seq is None else "finished"
    return ImportHead(
        stored.id,
        stored.seq,
        recorded_at,
        actor,
        ImportedFile(**json.loads(stored.body)),
        state,
        stored.row_count,
        stored.report_count,
        _find_time(db, stored.finished_seq),
        _find_time(db, stored.withdrawn_seq),
    )


def _find_time(db: Connection, seq: int | None) -> str | None:
    return None if seq is None else event_log.timestamp_of(db, seq)

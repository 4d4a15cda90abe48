"""The projection of imports: which events of the log belong to the import of a file."""

from service.store.event_log import Event, canonical_json
from service.store.interface import Connection
from service.store.row_buffer import RowBuffer
from service.store.tables import ImportRangeRow, ImportRow


def make_import_rows(event: Event) -> list[ImportRow]:
    """Return the row of the import that begins with the event."""
    return [ImportRow(event.subject, event.seq, canonical_json(event.body), 0, 0)]


def apply_recorded(db: Connection, event: Event) -> None:
    """Add the range of events that one transaction of the import has recorded; writes.

    A range that follows the one before it, with nothing but an event of the import between, extends
    it: so the table stays small.
    """
    body = event.body
    db.change(
        "advance_import", id=event.subject, row_count=body["rows"], report_count=body["reports"]
    )
    if body["reports"] == 0:
        return
    last_range = db.fetch_one("select_last_import_range", import_id=event.subject)
    if last_range is not None and last_range[1] + 2 == body["first"]:
        db.change(
            "extend_import_range",
            import_id=event.subject, first_seq=last_range[0], last_seq=body["last"],
        )  # fmt: skip
    else:
        db.insert(ImportRangeRow(event.subject, body["first"], body["last"]))


def change_finished(rows: RowBuffer, event: Event) -> None:
    """Mark the import as finished."""
    rows.change("finish_import", id=event.subject, seq=event.seq)


def change_withdrawn(rows: RowBuffer, event: Event) -> None:
    """Mark the import as withdrawn."""
    rows.change("withdraw_import", id=event.subject, seq=event.seq)

"""Fills the columns of the record from the tables of reports, figures and entities."""

import json
from collections.abc import Iterator
from itertools import islice, starmap
from typing import Final

from service.columns.entity_state import EntityState
from service.columns.record_columns import FigureEntry, MovedEntry, RecordColumns, ReportEntry
from service.columns.record_state import RecordState
from service.domain.errors import LockTimeoutError
from service.domain.periods import OPEN_START
from service.store.encoding import split_ids
from service.store.entities import load_all_as_of, load_merges
from service.store.event_log import hash_of, last_redaction_seq, last_seq, timestamp_of
from service.store.interface import REPLICA_BEHIND_MESSAGE, Connection, Row, translate_corrupt_rows


class StaleColumnsError(Exception):
    """The columns are of another record, or of one that has lost events since."""


CHUNK_ROWS: Final = 10_000
"""How many rows are held as objects while columns are filled."""


def load_state(db: Connection, seq: int) -> RecordState:
    """Return the state after the event ``seq`` in columns of its own.

    Raises LockTimeoutError for a replica that does not have the event yet.
    """
    check_reached(db, seq)
    return load_shared_state(db, RecordColumns(), seq, load_entity_state(db, seq))


def check_reached(db: Connection, seq: int) -> None:
    """Raise LockTimeoutError for a replica that does not have the event yet."""
    if seq > last_seq(db):
        raise LockTimeoutError(REPLICA_BEHIND_MESSAGE)


@translate_corrupt_rows
def load_shared_state(
    db: Connection,
    columns: RecordColumns,
    seq: int,
    entities: EntityState,
    redaction_seq: int | None = None,
) -> RecordState:
    """Return the state after the event ``seq``; adds to the columns what they lack.

    The record must have reached the event. ``redaction_seq`` is the last redaction; None if the
    caller has not looked it up in this transaction. Raises StaleColumnsError if the columns hold
    events that the record does not have. Columns that an error leaves may be filled in part.
    """
    if columns.seq and hash_of(db, columns.seq) != columns.last_hash:
        raise StaleColumnsError
    counts = len(columns.reports), len(columns.figures)
    _advance_columns(db, columns, seq, redaction_seq)
    state = RecordState(columns, seq, timestamp_of(db, seq), entities)
    state.check_references(*counts)
    return state


@translate_corrupt_rows
def load_entity_state(db: Connection, seq: int) -> EntityState:
    """Return all entities as they were after the event ``seq``."""
    return EntityState(*load_all_as_of(db, seq), load_merges(db, seq))


def _advance_columns(
    db: Connection, columns: RecordColumns, seq: int, redaction_seq: int | None
) -> None:
    """Add to the columns what was recorded up to the event, and redact what was redacted."""
    if seq > columns.seq:
        since = columns.seq
        for rows in _iterate_chunks(db.stream("select_report_entries", since=since, seq=seq)):
            columns.append_reports([_make_report_entry(*row) for row in rows])
        _append_figures(db, columns, since, seq)
        for ended_seq, kind, report_seq in db.fetch_all(
            "select_ended_reports", since=since, seq=seq
        ):
            columns.end_report(report_seq, kind, ended_seq)
        columns.seq, columns.last_hash = seq, hash_of(db, seq)
    redaction_seq = last_redaction_seq(db) if redaction_seq is None else redaction_seq
    if redaction_seq > columns.redaction_seq:
        for report_seq, caveats in db.fetch_all(
            "select_redacted_caveats", since=columns.redaction_seq, seq=columns.seq
        ):
            columns.change_caveats(report_seq, _parse_caveats(caveats))
        columns.redaction_seq = redaction_seq


def _iterate_chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK_ROWS)):
        yield chunk


def _parse_caveats(caveats: str) -> tuple[str, ...]:
    return tuple(json.loads(caveats)) if caveats else ()


def _make_report_entry(
    report_id: str,
    seq: int,
    reporter: str,
    stance: str,
    places: str,
    first_day: int | None,
    last_day: int | None,
    groups: str,
    caveats: str,
    *seqs: int | None,
) -> ReportEntry:
    """Return the entry of a row; a report with figures has no scope of its own."""
    is_silent = stance != "asserts"
    return ReportEntry(
        report_id,
        seq,
        reporter,
        stance,
        split_ids(places) if is_silent else (),
        first_day if is_silent else None,
        last_day if is_silent else None,
        split_ids(groups) if is_silent else (),
        _parse_caveats(caveats),
        *seqs,
    )


def _append_figures(db: Connection, columns: RecordColumns, since: int, seq: int) -> None:
    """Add the figures of the events after ``since``, each event's before the links it moved."""
    rows = db.stream("select_figure_entries", since=since, seq=seq)
    entries = starmap(_make_figure_entry, rows)
    entry = next(entries, None)
    for row in db.fetch_all("select_moved_entries", since=since, seq=seq):
        moved = _make_moved_entry(*row)
        earlier = []
        while entry is not None and entry.seq <= moved.seq:
            earlier.append(entry)
            entry = next(entries, None)
        columns.append_figures(earlier)
        columns.append_move(moved)
    while entry is not None:
        columns.append_figures([entry, *islice(entries, CHUNK_ROWS)])
        entry = next(entries, None)


def _make_figure_entry(
    figure_id: str,
    seq: int,
    low: int,
    high: int | None,
    soft: int,
    best: int | None,
    outcomes: int,
    first_day: int | None,
    last_day: int,
    incident: str | None,
    target_seq: int | None,
    target_position: int | None,
    disclosed: int,
    places: str,
    groups: str,
) -> FigureEntry:
    """Return the entry of a row of ``select_figure_entries``."""
    target = None if target_seq is None else (target_seq, target_position or 0)
    return FigureEntry(
        figure_id,
        seq,
        low,
        high,
        soft,
        best,
        outcomes,
        first_day or OPEN_START,
        last_day,
        incident,
        target,
        disclosed == 1,
        split_ids(places),
        split_ids(groups),
    )


def _make_moved_entry(
    figure_seq: int,
    figure_position: int,
    seq: int,
    target_seq: int,
    target_position: int,
    first_day: int | None,
    last_day: int,
    places: str,
    groups: str,
) -> MovedEntry:
    """Return the entry of a row of ``select_moved_entries``."""
    return MovedEntry(
        (figure_seq, figure_position),
        seq,
        (target_seq, target_position),
        split_ids(places),
        first_day or OPEN_START,
        last_day,
        split_ids(groups),
    )

"""Reports and figures: kept for reading as the ledger says, found by id, by ref or by filters."""

import json
from collections.abc import Sequence
from typing import Any, Final

from service.domain.figure import Figure
from service.domain.listing import ReportsAsked
from service.domain.report import Recorded, Retraction
from service.store.codec import remarks_from, report_from
from service.store.ledger import Event, event, last_seq
from service.store.rows import SETS, first_day, joined, number_of, words_of
from service.store.sqlite import Database, legible

STATE: Final = """CASE
    WHEN retracted_seq <= :seq THEN 'retracted'
    WHEN superseded_seq <= :seq THEN 'superseded'
    WHEN relays IS NOT NULL THEN 'relay'
    ELSE 'live' END"""
"""The state of a report after the entry :seq; where several hold, the first one counts."""

_COLUMNS: Final = f"""SELECT body, seq, recorded_at, {STATE}, origin,
    CASE WHEN superseded_seq <= :seq THEN superseded_by END,
    CASE WHEN retracted_seq <= :seq THEN retracted_seq END FROM reports"""


def get(db: Database, id: str, seq: int | None = None) -> Recorded | None:
    """Return the report in its state after the entry ``seq`` (None: now); None if there is none."""
    at = last_seq(db) if seq is None else seq
    row = db.execute(f"{_COLUMNS} WHERE id = :id AND seq <= :seq", {"id": id, "seq": at}).fetchone()
    return None if row is None else _recorded(db, row)


def with_ref(db: Database, reporters: Sequence[str], ref: str) -> list[tuple[str, str]]:
    """Return (id, content hash) of the reporters' reports that bear the ref, newest first."""
    rows = db.execute(
        "SELECT id, content_hash FROM reports"
        " WHERE reporter IN (SELECT value FROM json_each(?)) AND ref = ? ORDER BY seq DESC",
        (json.dumps(reporters), ref),
    )
    return [tuple(row) for row in rows]


@legible
def outcomes_of(db: Database, figure: str) -> frozenset[str] | None:
    """Return the outcomes that the figure was recorded with; None where there is no such figure."""
    row = db.execute("SELECT outcomes FROM figures WHERE id = ?", (figure,)).fetchone()
    return None if row is None else SETS[row[0]]


def report_of(db: Database, figure: str) -> str:
    """Return the id of the report that holds the figure; there must be one."""
    row = db.execute("SELECT report FROM figures WHERE id = ?", (figure,)).fetchone()
    return str(row[0])


def alike(db: Database, figure: Figure, wording: str | None, quote: str | None) -> list[str]:
    """Return other reporters' reports that say the same words of the same days and places.

    Only reports that relay nobody, and of the same outcomes; oldest first. Of the figures of those
    days and places the last 500 are looked at.
    """
    scope = figure.scope
    rows = db.execute(
        "SELECT DISTINCT reports.id FROM"
        " (SELECT * FROM figures WHERE last_day = ? AND place_ids = ?"
        " ORDER BY rowid DESC LIMIT 500) AS figures"
        " JOIN reports ON reports.id = figures.report"
        " WHERE figures.first_day IS ?"
        " AND outcomes = ? AND figures.reporter <> ? AND relays IS NULL"
        " AND (wording_folded = ? OR quote_folded = ?) ORDER BY figures.seq LIMIT 20",
        (
            scope.period.stop,
            joined(sorted(scope.places)),
            first_day(scope.period),
            number_of(scope.outcomes),
            figure.reporter,
            words_of(wording),
            words_of(quote),
        ),
    )
    return [row[0] for row in rows]


_BELOW: Final = """(
    WITH RECURSIVE below (id) AS (
        SELECT value FROM json_each(:{ids}) UNION
        SELECT entries.id FROM below CROSS JOIN entries INDEXED BY entries_below
        ON entries.parent = below.id AND entries.kind = '{kind}'
        AND since_seq <= :seq AND (until_seq IS NULL OR until_seq > :seq) UNION
        SELECT merges.id FROM below CROSS JOIN merges INDEXED BY merges_into
        ON merges.into_id = below.id AND merges.kind = '{kind}' AND merges.seq <= :seq
    ) SELECT id FROM below)"""
"""Everything below the given ids after the entry :seq, with all that was merged into any of it."""

_CLAUSES: Final = {
    "places": "seq IN (SELECT seq FROM report_places WHERE place IN "
    + _BELOW.format(ids="places", kind="place")
    + ")",
    "groups": "seq IN (SELECT seq FROM report_groups WHERE group_id IN "
    + _BELOW.format(ids="groups", kind="group")
    + ")",
    "reporters": "reporter IN " + _BELOW.format(ids="reporters", kind="reporter"),
    "states": f"{STATE} IN (SELECT value FROM json_each(:states))",
    "first_day": """(CASE WHEN stance = 'asserts' THEN EXISTS (SELECT 1 FROM figures
        WHERE report = reports.id AND last_day >= :first_day) ELSE last_day >= :first_day END)""",
    "last_day": """(CASE WHEN stance = 'asserts' THEN EXISTS (SELECT 1 FROM figures
        WHERE report = reports.id AND coalesce(first_day, 0) <= :last_day)
        ELSE coalesce(first_day, 0) <= :last_day END)""",
    "words": "seq IN (SELECT rowid FROM report_texts WHERE report_texts MATCH :words)",
}


def page(db: Database, asked: ReportsAsked, seq: int) -> list[Recorded]:
    """Return the reports asked for, oldest first, in their states after the entry ``seq``."""
    given = {
        "places": asked.places,
        "groups": asked.groups,
        "reporters": asked.reporters,
        "states": asked.states,
        "first_day": first_day(asked.period),
        "last_day": asked.period.stop if asked.period.last else None,
        "words": _phrases(asked.words) if asked.words else None,
    }
    clauses = [
        "seq > :after",
        "seq <= :seq",
        *(_CLAUSES[name] for name in given if given[name] is not None),
    ]
    values = {
        name: json.dumps(value) if isinstance(value, tuple) else value
        for name, value in given.items()
    }
    rows = db.execute(
        f"{_COLUMNS} WHERE {' AND '.join(clauses)} ORDER BY seq LIMIT :limit",
        {**values, "seq": seq, "after": asked.after, "limit": asked.limit},
    )
    return [_recorded(db, row) for row in rows.fetchall()]


def _phrases(words: str) -> str:
    """Return the words as a search for all of them, with nothing in them read as an operator."""
    return " ".join('"' + word.replace('"', '""') + '"' for word in words.split())


@legible
def _recorded(db: Database, row: Sequence[Any]) -> Recorded:
    body = json.loads(row[0])
    return Recorded(
        report=report_from(body["report"]),
        seq=row[1],
        recorded_at=row[2],
        state=row[3],
        origin=row[4],
        superseded_by=row[5],
        warnings=remarks_from(body["warnings"]),
        retraction=None if row[6] is None else _retraction(event(db, row[6])),
        redacted=tuple(body.get("redacted", ())),
    )


def _retraction(entry: Event) -> Retraction:
    return Retraction(entry.seq, entry.recorded_at, entry.body.get("reason"))

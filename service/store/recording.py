"""From the entries of the ledger that speak of reports to the tables in which they are read."""

import json
from collections.abc import Sequence
from typing import Any

from service.domain.report import Report, ReportedFigure, counted
from service.domain.vocabulary import ROOT_GROUP
from service.store import ledger
from service.store.codec import content_hash, plain, report_from
from service.store.ledger import Event, written
from service.store.rows import first_day, joined, number_of, words_of
from service.store.sqlite import Database


def body_of(report: Report, warnings: Sequence[Any]) -> dict[str, Any]:
    """Return what the ledger is to say of a report: all of it, as it was understood."""
    return {"report": plain(report), "warnings": plain(tuple(warnings))}


def apply_reported(db: Database, event: Event) -> None:
    """Make the event's report and its figures readable."""
    report = report_from(event.body["report"])
    period = report.period
    db.execute(
        "INSERT INTO reports (id, seq, recorded_at, reporter, ref, stance, relays,"
        " origin, supersedes, first_day, last_day, place_ids, group_ids, content_hash, caveats,"
        " quote_folded, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            report.id,
            event.seq,
            event.recorded_at,
            report.reporter,
            report.ref,
            report.stance,
            report.relays,
            _origin(db, report.relays),
            report.supersedes,
            first_day(period) if period else None,
            period.stop if period else None,
            joined(report.places),
            joined(report.groups or (ROOT_GROUP,)),
            *_told(report, event),
        ),
    )
    _apply_figures(db, event, report)
    _apply_links(db, event, report)


def _told(report: Report, event: Event) -> tuple[str, str, str | None, str]:
    """Return the columns that hold free text or are made of it: these a redaction changes."""
    redacted = [pointer.removeprefix("/report") for pointer in event.redacted]
    return (
        content_hash(report),
        json.dumps(report.caveats, ensure_ascii=False) if report.caveats else "",
        words_of(report.quote),
        written({**event.body, **({"redacted": redacted} if redacted else {})}),
    )


def apply_redacted(db: Database, event: Event) -> None:
    """Leave out of the report, wherever it is kept for reading, what is blanked in its entry."""
    (seq,) = db.execute("SELECT seq FROM reports WHERE id = ?", (event.subject,)).fetchone()
    reported = ledger.event(db, seq)
    report = report_from(reported.body["report"])
    db.execute(
        "UPDATE reports SET content_hash = ?, caveats = ?, quote_folded = ?, body = ?"
        " WHERE seq = ?",
        (*_told(report, reported), seq),
    )
    db.conn.executemany(
        "UPDATE figures SET wording_folded = ? WHERE id = ?",
        [(words_of(figure.wording), figure.id) for figure in report.figures],
    )
    db.execute("UPDATE report_texts SET words = ? WHERE rowid = ?", (_searchable(report), seq))
    # The index would keep the old words, marked as deleted, until it is next tidied up.
    db.execute("INSERT INTO report_texts (report_texts) VALUES ('optimize')")


def apply_retracted(db: Database, event: Event) -> None:
    """Mark the report as withdrawn from this entry on."""
    db.execute(
        "UPDATE reports SET retracted_seq = ? WHERE id = ?",
        (event.seq, event.subject),
    )


def apply_superseded(db: Database, event: Event) -> None:
    """Mark the report as replaced from this entry on."""
    db.execute(
        "UPDATE reports SET superseded_seq = ?, superseded_by = ? WHERE id = ?",
        (event.seq, event.body["by"], event.subject),
    )


def _apply_figures(db: Database, event: Event, report: Report) -> None:
    rows = [
        (
            figure.id,
            report.id,
            position,
            report.reporter,
            event.seq,
            figure.quantity.low,
            figure.quantity.high,
            "low" in figure.quantity.soft,
            "high" in figure.quantity.soft,
            figure.best,
            number_of(figure.scope.outcomes),
            first_day(figure.scope.period),
            figure.scope.period.stop,
            figure.scope.incident,
            figure.reclassifies,
            figure.disclosed,
            joined(sorted(figure.scope.places)),
            joined(sorted(figure.scope.groups)),
            words_of(report.figures[position].wording),
        )
        for position, figure in enumerate(counted(report))
    ]
    db.conn.executemany(
        "INSERT INTO figures (id, report, position, reporter, seq, low, high, soft_low, soft_high,"
        " best, outcomes, first_day, last_day, incident, reclassifies, disclosed, place_ids,"
        " group_ids, wording_folded)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def _apply_links(db: Database, event: Event, report: Report) -> None:
    scopes: Sequence[Report | ReportedFigure] = report.figures or (report,)
    places = {place for scope in scopes for place in scope.places}
    groups = {group for scope in scopes for group in scope.groups or (ROOT_GROUP,)}
    db.conn.executemany(
        "INSERT INTO report_places (place, seq) VALUES (?, ?)",
        [(place, event.seq) for place in sorted(places)],
    )
    db.conn.executemany(
        "INSERT INTO report_groups (group_id, seq) VALUES (?, ?)",
        [(group, event.seq) for group in sorted(groups)],
    )
    db.execute(
        "INSERT INTO report_texts (rowid, words) VALUES (?, ?)", (event.seq, _searchable(report))
    )


def _searchable(report: Report) -> str:
    source = report.source
    texts = [report.quote, report.note, report.ref]
    texts += [source.title, source.publisher] if source else []
    texts += [text for figure in report.figures for text in (figure.wording, figure.note)]
    return "\n".join(text for text in (*texts, *report.caveats) if text)


def _origin(db: Database, relays: str | None) -> str | None:
    if relays is None:
        return None
    row = db.execute("SELECT coalesce(origin, id) FROM reports WHERE id = ?", (relays,)).fetchone()
    return str(row[0])

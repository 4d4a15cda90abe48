"""From the entries of the ledger that speak of reports to the tables in which they are read."""

import json
from collections.abc import Sequence
from typing import Any

from service.domain.report import Report, ReportedFigure, counted_figures
from service.domain.vocabulary import ROOT_GROUP
from service.store import event_log
from service.store.codec import content_hash, plain, report_from
from service.store.encoding import first_day, joined, number_of, words_of
from service.store.event_log import Event, written
from service.store.full_text import words
from service.store.interface import Database


def body_of(report: Report, warnings: Sequence[Any]) -> dict[str, Any]:
    """Return what the ledger is to say of a report: all of it, as it was understood."""
    return {"report": plain(report), "warnings": plain(tuple(warnings))}


def apply_reported(db: Database, event: Event) -> None:
    """Make the event's report and its figures readable."""
    report = report_from(event.body["report"])
    period = report.period
    db.change(
        "report_put",
        id=report.id,
        seq=event.seq,
        recorded_at=event.recorded_at,
        reporter=report.reporter,
        ref=report.ref,
        stance=report.stance,
        relays=report.relays,
        origin=None if report.relays is None else db.value("report_origin", id=report.relays),
        supersedes=report.supersedes,
        first_day=first_day(period) if period else None,
        last_day=period.stop if period else None,
        place_ids=joined(report.places),
        group_ids=joined(report.groups or (ROOT_GROUP,)),
        **_told(report, event),
    )
    _apply_figures(db, event, report)
    _apply_links(db, event, report)


def _told(report: Report, event: Event) -> dict[str, str | None]:
    """Return the columns that hold free text or are made of it: these a redaction changes."""
    redacted = [pointer.removeprefix("/report") for pointer in event.redacted]
    return {
        "content_hash": content_hash(report),
        "caveats": json.dumps(report.caveats, ensure_ascii=False) if report.caveats else "",
        "quote_folded": words_of(report.quote),
        "body": written({**event.body, **({"redacted": redacted} if redacted else {})}),
    }


def apply_redacted(db: Database, event: Event) -> None:
    """Leave out of the report, wherever it is kept for reading, what is blanked in its entry."""
    seq = db.value("report_seq", id=event.subject)
    reported = event_log.event(db, seq)
    report = report_from(reported.body["report"])
    db.change("report_retell", seq=seq, **_told(report, reported))
    reworded = [
        {"id": figure.id, "wording_folded": words_of(figure.wording)} for figure in report.figures
    ]
    db.change_all("figure_reword", reworded)
    db.change("report_words_forget", seq=seq)
    _apply_words(db, seq, report)


def apply_retracted(db: Database, event: Event) -> None:
    """Mark the report as withdrawn from this entry on."""
    db.change("report_retract", seq=event.seq, id=event.subject)


def apply_superseded(db: Database, event: Event) -> None:
    """Mark the report as replaced from this entry on."""
    db.change("report_supersede", seq=event.seq, by=event.body["by"], id=event.subject)


def _apply_figures(db: Database, event: Event, report: Report) -> None:
    rows = [
        {
            "id": figure.id,
            "report": report.id,
            "position": position,
            "reporter": report.reporter,
            "seq": event.seq,
            "low": figure.quantity.low,
            "high": figure.quantity.high,
            "soft_low": int("low" in figure.quantity.soft),
            "soft_high": int("high" in figure.quantity.soft),
            "best": figure.best,
            "outcomes": number_of(figure.scope.outcomes),
            "first_day": first_day(figure.scope.period),
            "last_day": figure.scope.period.stop,
            "incident": figure.scope.incident,
            "reclassifies": figure.reclassifies,
            "disclosed": int(figure.disclosed),
            "place_ids": joined(sorted(figure.scope.places)),
            "group_ids": joined(sorted(figure.scope.groups)),
            "wording_folded": words_of(report.figures[position].wording),
        }
        for position, figure in enumerate(counted_figures(report))
    ]
    db.change_all("figure_put", rows)


def _apply_links(db: Database, event: Event, report: Report) -> None:
    scopes: Sequence[Report | ReportedFigure] = report.figures or (report,)
    places = {place for scope in scopes for place in scope.places}
    groups = {group for scope in scopes for group in scope.groups or (ROOT_GROUP,)}
    seq = event.seq
    db.change_all("report_place_put", [{"place": each, "seq": seq} for each in sorted(places)])
    db.change_all("report_group_put", [{"group_id": each, "seq": seq} for each in sorted(groups)])
    _apply_words(db, seq, report)


def _apply_words(db: Database, seq: int, report: Report) -> None:
    found = words(searchable(report))
    db.change_all("report_word_put", [{"word": word, "seq": seq} for word in found])


def searchable(report: Report) -> str:
    """Return everything in the report that a reader may look for by its words."""
    source = report.source
    texts = [report.quote, report.note, report.ref]
    texts += [source.title, source.publisher] if source else []
    texts += [text for figure in report.figures for text in (figure.wording, figure.note)]
    return "\n".join(text for text in (*texts, *report.caveats) if text)

"""The projection of report events: reports, figures, and the places, groups and words of both."""

import json
from collections.abc import Sequence
from typing import Any

from service.domain.report import OWN_INCIDENT, Report, ReportedFigure, counted_figures
from service.domain.vocabulary import ROOT_GROUP, encode_outcomes
from service.store import event_log
from service.store.codec import decode_period, decode_report, hash_content, to_plain
from service.store.encoding import encode_first_day, fold_text, join_ids
from service.store.event_log import Event, canonical_json
from service.store.full_text import extract_words
from service.store.interface import Connection
from service.store.tables import (
    FigureRow,
    MovedLinkRow,
    ReportGroupRow,
    ReportIncidentRow,
    ReportPlaceRow,
    ReportRow,
    ReportWordRow,
)


def body_of(report: Report, warnings: Sequence[Any]) -> dict[str, Any]:
    """Return the body of the event that records the report."""
    return {"report": to_plain(report), "warnings": to_plain(tuple(warnings))}


def apply_reported(db: Connection, event: Event) -> None:
    """Insert the event's report and its figures."""
    report = decode_report(event.body["report"])
    period = report.period
    row = ReportRow(
        id=report.id,
        seq=event.seq,
        recorded_at=event.recorded_at,
        reporter=report.reporter,
        ref=report.ref,
        stance=report.stance,
        relays=report.relays,
        origin=None
        if report.relays is None
        else db.fetch_value("select_report_origin", id=report.relays),
        supersedes=report.supersedes,
        first_day=encode_first_day(period) if period else None,
        last_day=period.stop if period else None,
        place_ids=join_ids(report.places),
        group_ids=join_ids(report.groups or (ROOT_GROUP,)),
        **_make_text_columns(report, event),
    )
    db.insert(row)
    db.insert_many(make_figure_rows(report, event.seq))
    _insert_links(db, event, report)


def _make_text_columns(report: Report, event: Event) -> dict[str, Any]:
    """Return the columns that depend on free text, which a redaction changes."""
    redacted = [pointer.removeprefix("/report") for pointer in event.redacted]
    return {
        "content_hash": hash_content(report),
        "caveats": json.dumps(report.caveats, ensure_ascii=False) if report.caveats else "",
        "quote_folded": fold_text(report.quote),
        "body": canonical_json({**event.body, **({"redacted": redacted} if redacted else {})}),
    }


def apply_redacted(db: Connection, event: Event) -> None:
    """Update everything that depends on the texts that were blanked in the report's event."""
    seq = db.fetch_value("select_report_seq", id=event.subject)
    reported_event = event_log.load_event(db, seq)
    report = decode_report(reported_event.body["report"])
    db.change("update_report_texts", seq=seq, **_make_text_columns(report, reported_event))
    figure_rows = [
        {"id": figure.id, "wording_folded": fold_text(figure.wording)} for figure in report.figures
    ]
    db.change_many("update_figure_wording", figure_rows)
    db.change("delete_report_words", seq=seq)
    _insert_words(db, seq, report)


def apply_retracted(db: Connection, event: Event) -> None:
    """Mark the report as retracted from this event on."""
    db.change("retract_report", seq=event.seq, id=event.subject)


def apply_superseded(db: Connection, event: Event) -> None:
    """Mark the report as superseded from this event on."""
    db.change("supersede_report", seq=event.seq, by=event.body["by"], id=event.subject)


def apply_reclassified(db: Connection, event: Event) -> None:
    """Move the link of a reclassifying figure; without a scope in the event there is nothing to do.

    Such an event repeats, for the report of the earlier figure, what the later report states.
    """
    body = event.body
    if "places" not in body:
        return
    period = decode_period(body["period"])
    row = MovedLinkRow(
        figure=body["by_figure"],
        seq=event.seq,
        reclassifies=body["figure"],
        first_day=encode_first_day(period),
        last_day=period.stop,
        place_ids=join_ids(sorted(body["places"])),
        group_ids=join_ids(sorted(body["groups"])),
    )
    db.insert(row)


def make_figure_rows(report: Report, seq: int) -> list[FigureRow]:
    """Return the rows of the report's figures; ``seq`` is that of the event that records it."""
    return [
        FigureRow(
            id=figure.id,
            report=report.id,
            position=position,
            reporter=report.reporter,
            seq=seq,
            low=figure.quantity.low,
            high=figure.quantity.high,
            soft_low=int("low" in figure.quantity.soft),
            soft_high=int("high" in figure.quantity.soft),
            best=figure.best,
            outcomes=encode_outcomes(figure.scope.outcomes),
            first_day=encode_first_day(figure.scope.period),
            last_day=figure.scope.period.stop,
            incident=figure.scope.incident,
            reclassifies=figure.reclassifies,
            disclosed=int(figure.disclosed),
            place_ids=join_ids(sorted(figure.scope.places)),
            group_ids=join_ids(sorted(figure.scope.groups)),
            wording_folded=fold_text(report.figures[position].wording),
        )
        for position, figure in enumerate(counted_figures(report))
    ]


def _insert_links(db: Connection, event: Event, report: Report) -> None:
    scopes: Sequence[Report | ReportedFigure] = report.figures or (report,)
    places = {place for scope in scopes for place in scope.places}
    groups = {group for scope in scopes for group in scope.groups or (ROOT_GROUP,)}
    seq = event.seq
    db.insert_many([ReportPlaceRow(place, seq) for place in sorted(places)])
    db.insert_many([ReportGroupRow(group_id, seq) for group_id in sorted(groups)])
    incidents = {scope.incident for scope in scopes} - {None, OWN_INCIDENT}
    db.insert_many(
        [ReportIncidentRow(incident, seq) for incident in sorted(filter(None, incidents))]
    )
    _insert_words(db, seq, report)


def _insert_words(db: Connection, seq: int, report: Report) -> None:
    words = extract_words(searchable_text(report))
    db.insert_many([ReportWordRow(word, seq) for word in words])


def searchable_text(report: Report) -> str:
    """Return all texts of the report that a search covers, one per line."""
    source = report.source
    texts = [report.quote, report.note, report.ref]
    texts += [source.title, source.publisher] if source else []
    texts += [text for figure in report.figures for text in (figure.wording, figure.note)]
    return "\n".join(text for text in (*texts, *report.caveats) if text)

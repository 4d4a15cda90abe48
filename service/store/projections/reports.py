"""The projection of report events: reports, figures, and the places, groups and words of both."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from service.domain.figure import Figure
from service.domain.report import OWN_INCIDENT, Report, ReportedFigure
from service.domain.vocabulary import ROOT_GROUP, encode_outcomes
from service.store import event_log
from service.store.codec import decode_period, decode_report, hash_content
from service.store.encoding import (
    encode_first_day,
    fold_text,
    join_ids,
    join_sorted,
    length_class,
)
from service.store.event_log import Event, canonical_json
from service.store.full_text import extract_report_words
from service.store.interface import Connection
from service.store.row_buffer import RowBuffer
from service.store.tables import (
    FigureRow,
    MovedLinkRow,
    ReportGroupRow,
    ReportIncidentRow,
    ReportPlaceRow,
    ReportRow,
    ReportWordRow,
)


class ReportRows(NamedTuple):
    """The rows of one report; ``links`` are those by which it is found."""

    report: ReportRow
    figures: Sequence[FigureRow]
    links: Sequence[tuple[Any, ...]]


class RecordedContent(NamedTuple):
    """The event of a report: its number and time, the hash of its content, its body and its words.

    A redaction changes the last three.
    """

    seq: int
    recorded_at: str
    content_hash: str
    body: str
    words: Sequence[str]


def make_report_rows(
    content: RecordedContent,
    report: Report,
    figures: Sequence[Figure],
    find_origin: Callable[[str], str],
) -> ReportRows:
    """Return the rows of a recorded report, and of its counted figures.

    ``find_origin`` returns the report that a relay of the given one goes back to.
    """
    period = report.period
    row = ReportRow(
        id=report.id,
        seq=content.seq,
        recorded_at=content.recorded_at,
        reporter=report.reporter,
        ref=report.ref,
        stance=report.stance,
        relays=report.relays,
        origin=None if report.relays is None else find_origin(report.relays),
        supersedes=report.supersedes,
        first_day=encode_first_day(period) if period else None,
        last_day=period.stop if period else None,
        place_ids=join_ids(report.places),
        group_ids=join_ids(report.groups or (ROOT_GROUP,)),
        **_make_text_columns(report, content),
    )
    return ReportRows(
        row, make_figure_rows(report, figures, content.seq), _make_link_rows(content, report)
    )


def read_content(event: Event, report: Report) -> RecordedContent:
    """Return the content of the report that an event of the log records."""
    redacted = [pointer.removeprefix("/report") for pointer in event.redacted]
    body = canonical_json({**event.body, "redacted": redacted} if redacted else event.body)
    words = extract_report_words(report)
    return RecordedContent(event.seq, event.recorded_at, hash_content(report), body, words)


def _make_text_columns(report: Report, content: RecordedContent) -> dict[str, Any]:
    """Return the columns that depend on free text, which a redaction changes."""
    return {
        "content_hash": content.content_hash,
        "caveats": json.dumps(report.caveats, ensure_ascii=False) if report.caveats else "",
        "quote_folded": fold_text(report.quote),
        "body": content.body,
    }


def apply_redacted(db: Connection, event: Event) -> None:
    """Update everything that depends on the texts that were blanked in the report's event."""
    seq = db.fetch_value("select_report_seq", id=event.subject)
    reported_event = event_log.load_event(db, seq)
    report = decode_report(reported_event.body["report"])
    former = decode_report(json.loads(db.fetch_value("select_report_body", seq=seq))["report"])
    content = read_content(reported_event, report)
    db.change("update_report_texts", seq=seq, **_make_text_columns(report, content))
    figure_rows = [
        {"seq": seq, "position": position, "wording_folded": fold_text(figure.wording)}
        for position, figure in enumerate(report.figures)
    ]
    db.change_many("update_figure_wording", figure_rows)
    former_words = extract_report_words(former)
    db.change("delete_report_words", seq=seq, words=json.dumps(former_words))
    db.insert_many([ReportWordRow(word, seq) for word in content.words])


def change_retracted(rows: RowBuffer, event: Event) -> None:
    """Mark the report as retracted from this event on."""
    rows.change("retract_report", seq=event.seq, id=event.subject)


def change_superseded(rows: RowBuffer, event: Event) -> None:
    """Mark the report as superseded from this event on."""
    rows.change("supersede_report", seq=event.seq, by=event.body["by"], id=event.subject)


def make_moved_link_rows(event: Event) -> list[MovedLinkRow]:
    """Return the row of a reclassifying figure whose link moves.

    There is none for an event without a scope: it repeats, for the report of the earlier figure,
    what the later report states.
    """
    body = event.body
    if "places" not in body:
        return []
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
    return [row]


def make_figure_rows(report: Report, figures: Sequence[Figure], seq: int) -> list[FigureRow]:
    """Return the rows of the report's counted figures; ``seq`` is that of its event."""
    rows = []
    period = None
    for position, figure in enumerate(figures):
        scope, quantity = figure.scope, figure.quantity
        if scope.period is not period:
            period = scope.period
            first_day, last_day = encode_first_day(period), period.stop
        # Without keywords: an import makes a million of them.
        rows.append(
            FigureRow(
                figure.id,
                seq,
                position,
                report.id,
                report.reporter,
                quantity.low,
                quantity.high,
                int("low" in quantity.soft),
                int("high" in quantity.soft),
                figure.best,
                encode_outcomes(scope.outcomes),
                first_day,
                last_day,
                length_class(first_day, last_day),
                scope.incident,
                figure.reclassifies,
                int(figure.disclosed),
                join_sorted(scope.places),
                scope.places[0] if len(scope.places) == 1 else "",
                join_sorted(scope.groups),
                fold_text(report.figures[position].wording),
            )
        )
    return rows


def _make_link_rows(content: RecordedContent, report: Report) -> list[tuple[Any, ...]]:
    """Return the rows by which the report is found: its places, groups, incidents and words."""
    seq = content.seq
    scopes: Sequence[Report | ReportedFigure] = report.figures or (report,)
    places: set[str] = set()
    groups: set[str] = set()
    incidents: set[str] = set()
    for scope in scopes:
        places.update(scope.places)
        groups.update(scope.groups)
        if scope.incident is not None:
            incidents.add(scope.incident)
    return [
        *[ReportPlaceRow(place, seq) for place in sorted(places)],
        *[ReportGroupRow(group_id, seq) for group_id in sorted(groups - {ROOT_GROUP})],
        *[ReportIncidentRow(incident, seq) for incident in sorted(incidents - {OWN_INCIDENT})],
        *[ReportWordRow(word, seq) for word in content.words],
    ]

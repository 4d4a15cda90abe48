"""Queries for reports and figures: by id, by ref or by filters."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from service.domain.list_queries import ReportListQuery
from service.domain.periods import ALWAYS
from service.domain.report import RecordedReport, Report, Retraction
from service.domain.report_state import move_report_links
from service.domain.vocabulary import ROOT_GROUP, encode_outcomes
from service.store import entities, full_text
from service.store.codec import decode_report, decode_warnings
from service.store.event_log import Event, last_seq, load_event
from service.store.figure_queries import load_moved_links
from service.store.interface import Connection, translate_corrupt_rows


def get(db: Connection, report_id: str, seq: int | None = None) -> RecordedReport | None:
    """Return the report in its state after ``seq`` (None: now); None where it does not exist."""
    until = last_seq(db) if seq is None else seq
    row = db.fetch_one("select_report", id=report_id, seq=until)
    return None if row is None else _report_from_row(db, row, until)


def get_many(db: Connection, report_ids: Iterable[str], seq: int) -> list[RecordedReport]:
    """Return the reports that were recorded up to ``seq``, in their states then."""
    rows = db.fetch_all("select_reports_by_id", ids=json.dumps(list(report_ids)), seq=seq)
    return [_report_from_row(db, row, seq) for row in rows]


def find_last_publication(db: Connection, report_ids: Iterable[str]) -> str | None:
    """Return the latest publication date of the reports, a day or a timestamp; None without any."""
    value = db.fetch_value("select_last_publication", ids=json.dumps(list(report_ids)))
    return None if value is None else str(value)


def load_page(db: Connection, query: ReportListQuery, seq: int) -> list[RecordedReport]:
    """Return a page of reports in their states after ``seq``."""
    words = full_text.extract_words(query.words) if query.words else None
    optional = {
        "filter_by_places": ("places", _subtree_ids_json(db, "place", query.places, seq)),
        "filter_by_groups": ("groups", _group_ids_json(db, query.groups, seq)),
        "filter_by_reporters": (
            "reporters",
            _subtree_ids_json(db, "reporter", query.reporters, seq),
        ),
        "filter_by_states": ("states", None if query.states is None else json.dumps(query.states)),
        "filter_by_outcomes": (
            "outcomes",
            None if query.outcomes is None else encode_outcomes(query.outcomes),
        ),
        "filter_by_period": ("last_day", None if query.period == ALWAYS else query.period.stop),
        "filter_by_words": ("words", None if words is None else json.dumps(words)),
        "filter_by_contradiction": (
            "is_contradicting",
            True if query.is_contradicting else None,
        ),
        "filter_by_ref": ("ref", query.ref),
        "filter_by_incident": ("incident", query.incident),
    }
    chosen = {clause: bind for clause, bind in optional.items() if bind[1] is not None}
    binds = {
        **dict(chosen.values()),
        "first_day": query.period.start,
        "word_count": len(words or ()),
    }
    rows = db.fetch_all(
        "select_reports_page_newest_first" if query.is_newest_first else "select_reports_page",
        clauses=tuple(chosen),
        **binds,
        seq=seq,
        after=_position_before_first_page(query, seq) if query.after is None else query.after,
        limit=query.limit,
    )
    return [_report_from_row(db, row, seq) for row in rows]


def _position_before_first_page(query: ReportListQuery, seq: int) -> int:
    return seq + 1 if query.is_newest_first else 0


def _group_ids_json(db: Connection, groups: Sequence[str] | None, seq: int) -> str | None:
    """Return the ids of the groups and those below them; None if every report names one of them."""
    ids = None if groups is None else entities.list_ids_in_subtrees(db, "group", groups, seq)
    return None if ids is None or ROOT_GROUP in ids else json.dumps(ids)


def _subtree_ids_json(db: Connection, kind: str, ids: Sequence[str] | None, seq: int) -> str | None:
    return None if ids is None else json.dumps(entities.list_ids_in_subtrees(db, kind, ids, seq))


@translate_corrupt_rows
def _report_from_row(db: Connection, row: Sequence[Any], seq: int) -> RecordedReport:
    body = json.loads(row[0])
    return RecordedReport(
        report=_move_links(db, decode_report(body["report"]), seq),
        seq=row[1],
        recorded_at=row[2],
        state=row[3],
        origin=row[4],
        superseded_by=row[5],
        warnings=decode_warnings(body["warnings"]),
        retraction=None if row[6] is None else _retraction_from_event(load_event(db, row[6])),
        redacted=tuple(body.get("redacted", ())),
    )


def _move_links(db: Connection, report: Report, seq: int) -> Report:
    """Return the report with the links of its own figures after the event ``seq``."""
    reclassifying = [figure.id for figure in report.figures if figure.reclassifies is not None]
    return move_report_links(report, load_moved_links(db, seq, reclassifying))


def _retraction_from_event(event: Event) -> Retraction:
    return Retraction(event.seq, event.recorded_at, event.body.get("reason"))

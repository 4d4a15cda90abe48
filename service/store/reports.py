"""Queries for reports and figures: by id, by ref or by filters."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from service.domain.figure import Figure
from service.domain.list_queries import ReportListQuery
from service.domain.periods import ALWAYS
from service.domain.report import RecordedReport, Report, Retraction
from service.domain.report_state import move_report_links
from service.domain.vocabulary import encode_outcomes
from service.store import entities, full_text
from service.store.codec import decode_report, decode_warnings
from service.store.encoding import fold_text, join_ids
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


class ReportWithRef(NamedTuple):
    """A report that has a certain ref: its content hash and its links."""

    id: str
    content_hash: str
    relays: str | None
    supersedes: str | None
    superseded_by: str | None


def find_by_ref(db: Connection, reporters: Sequence[str], ref: str) -> list[ReportWithRef]:
    """Return the reporters' reports with the ref: those not superseded first, then newest first."""
    rows = db.fetch_all("select_reports_by_ref", reporters=json.dumps(reporters), ref=ref)
    return [ReportWithRef._make(row) for row in rows]


def find_same_wording(
    db: Connection, figure: Figure, wording: str | None, quote: str | None
) -> list[str]:
    """Return the ids of other reporters' reports with the same words for the same scope.

    Days, places and outcomes must be the same; relays are left out. Oldest first. Only the last 500
    figures of these days and places are examined.
    """
    scope = figure.scope
    rows = db.fetch_all(
        "select_reports_of_same_wording",
        last_day=scope.period.stop,
        place_ids=join_ids(sorted(scope.places)),
        first_day=scope.period.start,
        outcomes=encode_outcomes(scope.outcomes),
        reporter=figure.reporter,
        wording=fold_text(wording),
        quote=fold_text(quote),
    )
    return [row[0] for row in rows]


def find_contradicting_reports(
    db: Connection, figure: Figure, reporters: Sequence[str], limit: int
) -> list[str]:
    """Return the ids of live reports of others with another range for the same scope.

    ``reporters`` are the ids of the figure's reporter. Places, days, outcomes, groups and incident
    must be the same, and the ranges must not overlap. Newest first, each once, of at most ``limit``
    figures; only the last 500 figures of these days and places are examined.
    """
    scope, quantity = figure.scope, figure.quantity
    rows = db.fetch_all(
        "select_figures_of_same_scope",
        last_day=scope.period.stop,
        place_ids=join_ids(sorted(scope.places)),
        first_day=scope.period.start,
        outcomes=encode_outcomes(scope.outcomes),
        group_ids=join_ids(sorted(scope.groups)),
        incident=scope.incident or "",
        low=quantity.low,
        high=MAX_COUNT if quantity.high is None else quantity.high,
        reporters=json.dumps(reporters),
        few=limit,
    )
    return list(dict.fromkeys(report_id for report_id, _ in rows))


MAX_COUNT: Final = 1_000_000_000


def load_page(db: Connection, query: ReportListQuery, seq: int) -> list[RecordedReport]:
    """Return a page of reports in their states after ``seq``."""
    words = full_text.extract_words(query.words) if query.words else None
    optional = {
        "filter_by_places": ("places", _subtree_ids_json(db, "place", query.places, seq)),
        "filter_by_groups": ("groups", _subtree_ids_json(db, "group", query.groups, seq)),
        "filter_by_reporters": (
            "reporters",
            _subtree_ids_json(db, "reporter", query.reporters, seq),
        ),
        "filter_by_states": ("states", None if query.states is None else json.dumps(query.states)),
        "filter_by_period": ("last_day", None if query.period == ALWAYS else query.period.stop),
        "filter_by_words": ("words", None if words is None else json.dumps(words)),
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

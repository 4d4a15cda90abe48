"""Reports and figures: kept for reading as the ledger says, found by id, by ref or by filters."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from service.domain.figure import Figure
from service.domain.list_queries import ReportListQuery
from service.domain.periods import ALWAYS
from service.domain.report import RecordedReport, Retraction
from service.store import entities, full_text
from service.store.codec import remarks_from, report_from
from service.store.encoding import SETS, joined, number_of, words_of
from service.store.event_log import Event, event, last_seq
from service.store.interface import Database, legible


def get(db: Database, id: str, seq: int | None = None) -> RecordedReport | None:
    """Return the report in its state after the entry ``seq`` (None: now); None if there is none."""
    row = db.row("report_get", id=id, seq=last_seq(db) if seq is None else seq)
    return None if row is None else _recorded(db, row)


def several(db: Database, ids: Iterable[str], seq: int) -> list[RecordedReport]:
    """Return those of the reports that were recorded by the entry ``seq``, in their states then."""
    rows = db.rows("reports_get", ids=json.dumps(list(ids)), seq=seq)
    return [_recorded(db, row) for row in rows]


def with_ref(db: Database, reporters: Sequence[str], ref: str) -> list[tuple[str, str]]:
    """Return (id, content hash) of the reporters' reports that bear the ref, newest first."""
    rows = db.rows("reports_with_ref", reporters=json.dumps(reporters), ref=ref)
    return [(id, content) for id, content in rows]


@legible
def outcomes_of(db: Database, figure: str) -> frozenset[str] | None:
    """Return the outcomes that the figure was recorded with; None where there is no such figure."""
    row = db.row("figure_outcomes", id=figure)
    return None if row is None else SETS[row[0]]


def report_of(db: Database, figure: str) -> str:
    """Return the id of the report that holds the figure; there must be one."""
    return str(db.value("figure_report", id=figure))


def alike(db: Database, figure: Figure, wording: str | None, quote: str | None) -> list[str]:
    """Return other reporters' reports that say the same words of the same days and places.

    Only reports that relay nobody, and of the same outcomes; oldest first. Of the figures of those
    days and places the last 500 are looked at.
    """
    scope = figure.scope
    rows = db.rows(
        "figures_alike",
        last_day=scope.period.stop,
        place_ids=joined(sorted(scope.places)),
        first_day=scope.period.start,
        outcomes=number_of(scope.outcomes),
        reporter=figure.reporter,
        wording=words_of(wording),
        quote=words_of(quote),
    )
    return [row[0] for row in rows]


def page(db: Database, asked: ReportListQuery, seq: int) -> list[RecordedReport]:
    """Return the reports asked for, oldest first, in their states after the entry ``seq``."""
    words = full_text.words(asked.words) if asked.words else None
    optional = {
        "in_places": ("places", _all_below(db, "place", asked.places, seq)),
        "in_groups": ("groups", _all_below(db, "group", asked.groups, seq)),
        "of_reporters": ("reporters", _all_below(db, "reporter", asked.reporters, seq)),
        "in_states": ("states", None if asked.states is None else json.dumps(asked.states)),
        "in_period": ("last_day", None if asked.period == ALWAYS else asked.period.stop),
        "with_words": ("words", None if words is None else json.dumps(words)),
    }
    given = {clause: bind for clause, bind in optional.items() if bind[1] is not None}
    binds = {
        **dict(given.values()),
        "first_day": asked.period.start,
        "word_count": len(words or ()),
    }
    rows = db.rows(
        "reports_page",
        clauses=tuple(given),
        **binds,
        seq=seq,
        after=asked.after,
        limit=asked.limit,
    )
    return [_recorded(db, row) for row in rows]


def _all_below(db: Database, kind: str, ids: Sequence[str] | None, seq: int) -> str | None:
    return None if ids is None else json.dumps(entities.ids_below(db, kind, ids, seq))


@legible
def _recorded(db: Database, row: Sequence[Any]) -> RecordedReport:
    body = json.loads(row[0])
    return RecordedReport(
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

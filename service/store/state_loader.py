"""The record state as of one ``seq``, from which totals are computed."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain

from service.domain.errors import LockTimeoutError
from service.domain.figure import Figure, Quantity, Scope
from service.domain.record_state import MovedLink, RecordState, ReportState, move_links
from service.domain.report import report_id_of
from service.store.encoding import OUTCOME_SETS, decode_period, split_ids
from service.store.entities import load_all_as_of, load_merges
from service.store.event_log import last_seq, timestamp_of
from service.store.interface import REPLICA_BEHIND_MESSAGE, Connection, Row, translate_corrupt_rows
from service.store.tables import FigureRow, MovedLinkRow

__all__ = ["last_seq", "load_state"]


@translate_corrupt_rows
def load_state(db: Connection, seq: int) -> RecordState:
    """Return all reports, figures and entities as they were after the event ``seq``.

    Raises LockTimeoutError for a replica that does not have that event yet.
    """
    if seq > last_seq(db):
        raise LockTimeoutError(REPLICA_BEHIND_MESSAGE)
    places, groups, reporters = load_all_as_of(db, seq)
    state = RecordState(
        seq=seq,
        recorded_at=timestamp_of(db, seq),
        reports={report.id: report for report in _load_reports(db, seq)},
        figures=move_links(_load_figures(db, seq), load_moved_links(db, seq)),
        places=places,
        groups=groups,
        reporters=reporters,
        merged=load_merges(db, seq),
    )
    resolved = _resolve_merged_ids(state) if any(state.merged.values()) else state
    _check_references(resolved)
    return resolved


def _check_references(state: RecordState) -> None:
    """Raise LookupError for an id that is not in the state, which only damage can cause."""
    figures, reports = state.figures, state.reports
    for known, referenced in (
        (state.places, {each.scope.places for each in figures}),
        (state.groups, {each.scope.groups for each in figures}),
        (state.places, {each.places for each in reports.values()}),
        (state.groups, {each.groups for each in reports.values()}),
        (state.reporters, [{each.reporter for each in reports.values()}]),
        (state.reporters, [{each.reporter for each in figures}]),
        (reports, [{each.report for each in figures}]),
    ):
        if unknown := set(chain.from_iterable(referenced)) - known.keys():
            raise LookupError(f"unknown id {sorted(unknown)[0]}")


def _resolve_merged_ids(state: RecordState) -> RecordState:
    """Return the state with each merged id replaced by the id that it was merged into."""
    return replace(
        state,
        reports={
            report_id: state.resolve_report(each) for report_id, each in state.reports.items()
        },
        figures=tuple(state.resolve_figure(each) for each in state.figures),
    )


def _load_reports(db: Connection, seq: int) -> Iterator[ReportState]:
    rows = db.fetch_all("select_reports_as_of", seq=seq)
    for (
        report_id,
        reported_seq,
        reporter,
        state,
        stance,
        places,
        first,
        last,
        groups,
        caveats,
        *links,
    ) in rows:
        has_no_figures = stance != "asserts"
        yield ReportState(
            report_id,
            reported_seq,
            reporter,
            state,
            stance,
            split_ids(places) if has_no_figures else (),
            decode_period(first, last) if has_no_figures else None,
            split_ids(groups) if has_no_figures else (),
            _parse_caveats(caveats) if caveats else (),
            *links,
        )


@translate_corrupt_rows
def load_figures(db: Connection, figure_ids: Iterable[str]) -> dict[str, Figure]:
    """Return those of the figures that are recorded, by id, with the links that they have now."""
    rows = _select_figures(db, list(figure_ids))
    return {figure.id: figure for figure in _with_present_links(db, rows)}


@translate_corrupt_rows
def find_reclassifying(db: Connection, figure_ids: Iterable[str]) -> list[Figure]:
    """Return the figures that now reclassify any of the given ones, in the order of recording.

    Their reports may be in any state.
    """
    ids = list(figure_ids)
    rows = db.fetch_all("select_reclassifying_figure_ids", ids=json.dumps(ids)) if ids else []
    later = _select_figures(db, [row[0] for row in rows])
    return [figure for figure in _with_present_links(db, later) if figure.reclassifies in ids]


def _select_figures(db: Connection, figure_ids: Sequence[str]) -> list[Row]:
    if not figure_ids:
        return []
    return db.fetch_all(
        "select_figures_by_id",
        ids=json.dumps(figure_ids),
        reports=json.dumps([report_id_of(each) for each in figure_ids]),
    )


def _with_present_links(db: Connection, rows: Iterable[Row]) -> tuple[Figure, ...]:
    figures = list(figures_from_rows(rows))
    if not figures:
        return ()
    reclassifying = [figure.id for figure in figures if figure.reclassifies is not None]
    return move_links(figures, load_moved_links(db, last_seq(db), reclassifying))


@translate_corrupt_rows
def load_moved_links(
    db: Connection, seq: int, figure_ids: Iterable[str] | None = None
) -> list[MovedLink]:
    """Return the links that had moved until the event ``seq``, in order; None: of all figures."""
    if figure_ids is None:
        rows = db.fetch_all("select_moved_links", seq=seq)
    else:
        ids = list(figure_ids)
        rows = db.fetch_all("select_moved_links_of", seq=seq, ids=json.dumps(ids)) if ids else []
    return [
        MovedLink(
            row.figure,
            row.reclassifies,
            split_ids(row.place_ids),
            decode_period(row.first_day, row.last_day),
            split_ids(row.group_ids),
        )
        for row in map(MovedLinkRow._make, rows)
    ]


def _load_figures(db: Connection, seq: int) -> Iterator[Figure]:
    return figures_from_rows(db.fetch_all("select_figures_as_of", seq=seq))


def figures_from_rows(rows: Iterable[Row]) -> Iterator[Figure]:
    """Yield the figure of each row of the table of figures."""
    for row in map(FigureRow._make, rows):
        scope = Scope(
            split_ids(row.place_ids),
            decode_period(row.first_day, row.last_day),
            OUTCOME_SETS[row.outcomes],
            split_ids(row.group_ids),
            row.incident,
        )
        quantity = _make_quantity(row.low, row.high, row.soft_low + 2 * row.soft_high)
        yield Figure(
            row.id,
            row.report,
            row.reporter,
            scope,
            quantity,
            row.best,
            row.reclassifies,
            row.disclosed == 1,
        )


_SOFT_ENDS = (frozenset[str](), frozenset({"low"}), frozenset({"high"}), frozenset({"low", "high"}))


@lru_cache(maxsize=100_000)
def _make_quantity(low: int, high: int | None, soft: int) -> Quantity:
    return Quantity(low, high, _SOFT_ENDS[soft])


@lru_cache(maxsize=10_000)
def _parse_caveats(caveats: str) -> tuple[str, ...]:
    return tuple(json.loads(caveats))

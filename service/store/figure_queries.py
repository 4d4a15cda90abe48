"""Figures that are looked up one by one: those that may contradict another, or that links name."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from service.domain.figure import Figure, Quantity, Scope
from service.domain.report import report_id_of
from service.domain.report_state import MovedLink, move_links
from service.domain.vocabulary import OUTCOME_SETS
from service.store.encoding import decode_period, split_ids
from service.store.interface import Connection, Row, translate_corrupt_rows
from service.store.tables import FigureRow, MovedLinkRow

ANY_SEQ: Final = (1 << 63) - 1
"""A seq that no event is after."""


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
    return move_links(figures, load_moved_links(db, ANY_SEQ, reclassifying))


@translate_corrupt_rows
def load_moved_links(db: Connection, seq: int, figure_ids: Iterable[str]) -> list[MovedLink]:
    """Return the links of the figures that had moved until the event ``seq``, in order."""
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

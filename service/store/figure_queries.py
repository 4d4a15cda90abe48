"""Figures that are looked up one by one: those that may contradict another, or that links name."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from service.domain.figure import Figure, Quantity, Scope
from service.domain.report_state import MovedLink, move_links
from service.domain.vocabulary import OUTCOME_SETS, encode_outcomes
from service.store.encoding import decode_period, join_ids, split_ids
from service.store.event_log import last_seq
from service.store.interface import Connection, Row, translate_corrupt_rows
from service.store.tables import FigureRow, MovedLinkRow


@translate_corrupt_rows
def find_possible_contradictions(
    db: Connection, figure: Figure, excluded_report: str | None, place_ids: Sequence[str] | None
) -> list[Figure]:
    """Return the reporter's other live figures that may contradict this one.

    Their ranges do not overlap its range, their days and outcomes contain its own or are contained
    in them, they have several places or one of ``place_ids`` (None: any), and they are not about
    another incident. Figures of the report ``excluded_report`` are left out. At most MAX_CANDIDATES
    figures are examined that end on its last day, as many before and as many after, and at most
    MAX_CONTRADICTIONS are returned, so that many figures of one day do not make each further one
    slower.
    """
    scope, quantity = figure.scope, figure.quantity
    rows = db.fetch_all(
        "select_contradicting_figures",
        reporter=figure.reporter,
        low=quantity.low,
        high=quantity.high,
        earliest=scope.period.start,
        first=scope.period.start,
        last=scope.period.stop,
        outcomes=encode_outcomes(scope.outcomes),
        places=None if place_ids is None else f",{join_ids(place_ids)},",
        incident=scope.incident,
        but=excluded_report,
        nearest=MAX_CANDIDATES,
        few=MAX_CONTRADICTIONS,
    )
    return list(figures_from_rows(rows))


@translate_corrupt_rows
def find_related_figures(
    db: Connection,
    figure: Figure,
    excluded_report: str | None,
    place_ids: Sequence[str] | None,
    *,
    above: int | None,
    below: int | None,
) -> list[Figure]:
    """Return live figures of the reporter that may contradict this one together with a third.

    Their low is greater than ``above`` or their high is less than ``below`` (None: neither is
    compared), their days overlap its days or are next to them, they have several places or one of
    ``place_ids`` (None: any), and they are not about another incident. The largest lows come first.
    At most MAX_NEIGHBOURS figures are examined of its last day, as many after and as many before,
    and at most MAX_RELATED are returned.
    """
    scope = figure.scope
    rows = db.fetch_all(
        "select_related_figures",
        reporter=figure.reporter,
        earliest=scope.period.start - 1,
        last=scope.period.stop,
        above=NO_COUNT_IS_ABOVE if above is None else above,
        below=NO_COUNT_IS_BELOW if below is None else below,
        places=None if place_ids is None else f",{join_ids(place_ids)},",
        incident=scope.incident,
        but=excluded_report,
        nearest=MAX_NEIGHBOURS,
        few=MAX_RELATED,
    )
    return list(figures_from_rows(rows))


NO_COUNT_IS_ABOVE: Final = 1_000_000_000
NO_COUNT_IS_BELOW: Final = 0

MAX_NEIGHBOURS: Final = 200
"""How many figures are examined for contradictions of three: of the day, before it and after it."""

MAX_RELATED: Final = 40
"""How many figures are returned at most that may contradict another together with a third."""

MAX_CANDIDATES: Final = 500
"""How many figures are examined for contradictions: of the day, before it and after it."""

MAX_CONTRADICTIONS: Final = 100
"""How many contradictions are returned at most."""


@translate_corrupt_rows
def load_figures(db: Connection, figure_ids: Iterable[str]) -> dict[str, Figure]:
    """Return those of the figures that are recorded, by id, with the links that they have now."""
    ids = list(figure_ids)
    rows = db.fetch_all("select_figures_by_id", ids=json.dumps(ids)) if ids else []
    return {figure.id: figure for figure in _with_present_links(db, rows)}


@translate_corrupt_rows
def find_reclassifying(db: Connection, figure_ids: Iterable[str]) -> list[Figure]:
    """Return the figures that now reclassify any of the given ones, in the order of recording.

    Their reports may be in any state.
    """
    ids = list(figure_ids)
    rows = db.fetch_all("select_reclassifying_figures", ids=json.dumps(ids)) if ids else []
    return [figure for figure in _with_present_links(db, rows) if figure.reclassifies in ids]


def _with_present_links(db: Connection, rows: Iterable[Row]) -> tuple[Figure, ...]:
    figures = list(figures_from_rows(rows))
    if not figures:
        return ()
    reclassifying = [figure.id for figure in figures if figure.reclassifies is not None]
    return move_links(figures, load_moved_links(db, last_seq(db), reclassifying))


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

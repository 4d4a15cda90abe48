"""All claims as of one entry of the ledger, for totals."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import Final

from service.domain.errors import LockTimeoutError
from service.domain.figure import Figure, Quantity, Scope
from service.domain.record_state import RecordState, ReportState
from service.store.encoding import SETS, joined, number_of, period, split
from service.store.entities import all_as_of, merged
from service.store.event_log import last_seq, recorded_at
from service.store.interface import BEHIND, Database, Row, legible

__all__ = ["last_seq", "live_rivals", "load_claims"]


@legible
def load_claims(db: Database, seq: int) -> RecordState:
    """Return everything that had been said after the entry ``seq``, in the states of then.

    Raises LockTimeoutError for a copy of the record that does not reach that entry yet.
    """
    if seq > last_seq(db):
        raise LockTimeoutError(BEHIND)
    places, groups, reporters = all_as_of(db, seq)
    claims = RecordState(
        seq=seq,
        recorded_at=recorded_at(db, seq),
        reports={statement.id: statement for statement in _statements(db, seq)},
        figures=tuple(_figures(db, seq)),
        places=places,
        groups=groups,
        reporters=reporters,
        merged=merged(db, seq),
    )
    present = _by_present_ids(claims) if any(claims.merged.values()) else claims
    _check_named(present)
    return present


def _check_named(claims: RecordState) -> None:
    """Raise LookupError for an id that was never described, as only damage brings it about."""
    figures, statements = claims.figures, claims.reports
    for known, named in (
        (claims.places, {each.scope.places for each in figures}),
        (claims.groups, {each.scope.groups for each in figures}),
        (claims.places, {each.places for each in statements.values()}),
        (claims.groups, {each.groups for each in statements.values()}),
        (claims.reporters, [{each.reporter for each in statements.values()}]),
        (claims.reporters, [{each.reporter for each in figures}]),
        (statements, [{each.report for each in figures}]),
    ):
        if strange := set(chain.from_iterable(named)) - known.keys():
            raise LookupError(f"nothing is known of {sorted(strange)[0]}")


def _by_present_ids(claims: RecordState) -> RecordState:
    """Return the claims with every merged id replaced by the one that stands for it now."""
    reporters = claims.merged["reporter"]

    def statement(was: ReportState) -> ReportState:
        return replace(
            was,
            reporter=reporters.get(was.reporter, was.reporter),
            places=claims.resolve_merged("place", was.places),
            groups=claims.resolve_merged("group", was.groups),
        )

    def figure(was: Figure) -> Figure:
        scope = replace(
            was.scope,
            places=claims.resolve_merged("place", was.scope.places),
            groups=claims.resolve_merged("group", was.scope.groups),
        )
        return replace(was, reporter=reporters.get(was.reporter, was.reporter), scope=scope)

    return replace(
        claims,
        reports={id: statement(each) for id, each in claims.reports.items()},
        figures=tuple(figure(each) for each in claims.figures),
    )


def _statements(db: Database, seq: int) -> Iterator[ReportState]:
    rows = db.rows("statements_as_of", seq=seq)
    for id, at, reporter, state, stance, places, first, last, groups, caveats, *links in rows:
        silent = stance != "asserts"
        yield ReportState(
            id,
            at,
            reporter,
            state,
            stance,
            split(places) if silent else (),
            period(first, last) if silent else None,
            split(groups) if silent else (),
            _texts(caveats) if caveats else (),
            *links,
        )


@legible
def live_rivals(
    db: Database, figure: Figure, but: str | None, among: Sequence[str] | None
) -> list[Figure]:
    """Return the reporter's other live figures that may contradict this one.

    They give numbers apart from its, of days and outcomes that hold its own or are held by them,
    and name several places or one ``among`` the given ones (None: any). Those of the report
    ``but`` are left out. At most NEAREST are looked at that end on its last day, as many before it
    and after it, and FEW are returned, so that no number of figures of one day makes every further
    one slower.
    """
    scope, quantity = figure.scope, figure.quantity
    rows = db.rows(
        "figures_rival",
        reporter=figure.reporter,
        low=quantity.low,
        high=quantity.high,
        first=scope.period.start,
        last=scope.period.stop,
        outcomes=number_of(scope.outcomes),
        places=None if among is None else f",{joined(among)},",
        but=but,
        nearest=NEAREST,
        few=FEW,
    )
    return list(_from(rows))


NEAREST: Final = 500
"""How many of a reporter's figures are looked at for contradictions: of a day, before and after."""

FEW: Final = 100
"""How many of these are returned at most."""


def _figures(db: Database, seq: int) -> Iterator[Figure]:
    return _from(db.rows("figures_as_of", seq=seq))


def _from(rows: Iterable[Row]) -> Iterator[Figure]:
    for row in rows:
        yield Figure(
            row[0],
            row[1],
            row[2],
            Scope(split(row[3]), period(row[4], row[5]), SETS[row[6]], split(row[7]), row[8]),
            _quantity(row[9], row[10], row[11]),
            row[12],
            row[13],
            row[14] == 1,
        )


_SOFT = (frozenset[str](), frozenset({"low"}), frozenset({"high"}), frozenset({"low", "high"}))


@lru_cache(maxsize=100_000)
def _quantity(low: int, high: int | None, soft: int) -> Quantity:
    return Quantity(low, high, _SOFT[soft])


@lru_cache(maxsize=10_000)
def _texts(caveats: str) -> tuple[str, ...]:
    return tuple(json.loads(caveats))

"""Previews: what a report would do to the totals, told before it is sent.

The report is taken in as if it were sent, within the one writer's transaction, and undone at once.
So every rule holds and every conflict shows, and nothing is kept. The totals are worked out
afterwards, beside the record, while others write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, TypeVar

from service.domain.access import Principal
from service.domain.entities import ENTITY_CLASSES, Entity, Group, Place, Reporter
from service.domain.figure import Figure
from service.domain.periods import Period
from service.domain.record_state import RecordState, ReportState
from service.domain.report import RecordedReport, counted_figures
from service.domain.submission import Submission
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.domain.vocabulary import ROOT_GROUP
from service.store import entities, event_log
from service.store.interface import Connection, Store
from service.usecases.reports import completed, taken_in
from service.usecases.state_cache import Snapshot, Snapshots
from service.usecases.time_budget import Budget
from service.usecases.totals import totals_of, usual_outcomes

PLACEHOLDER: Final = "preview"
"""The id of a report that is not recorded. What it names is looked up before it would be there, so
that it can name itself no more than a report that is sent can."""


@dataclass(frozen=True, slots=True)
class Imagined:
    """What would be recorded: the report, and what is new with it, each after its parent.

    ``known`` is True for a report that is there already, under its ref and with this content: then
    nothing is new. ``seq`` is the last entry of the ledger that it would come after.
    """

    recorded: RecordedReport
    known: bool
    places: tuple[Place, ...]
    groups: tuple[Group, ...]
    reporters: tuple[Reporter, ...]
    seq: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be recorded, and the totals of all that it speaks of, before and after.

    Both answers are to one question and tell the same totals in the same order.
    """

    imagined: Imagined
    before: TotalsResult
    after: TotalsResult


def preview(
    store: Store,
    snapshots: Snapshots,
    sent: Submission,
    *,
    now: datetime,
    budget: Budget,
    holder: Principal | None = None,
) -> Preview:
    """Return what would come of the report if it were sent now; nothing is recorded.

    Raises what sending it would. The budget is for both answers together: TimeBudgetExceededError
    where they take far too long even so.
    """
    imagined = imagine(store, sent, now, holder)
    # From the writer's own record: a copy could lie behind what the report was held against.
    with store.read_transaction() as db:
        before = snapshots.at(db, imagined.seq)
    question = speaks_of(imagined.recorded)
    # A place that is new would be unknown before: it is there in both, the report in one.
    states = (
        Snapshot(described(before.claims, imagined)),
        Snapshot(overlaid(before.claims, imagined)),
    )
    question = replace(question, outcomes=usual_outcomes(states, question))
    earlier, later = (totals_of(state, question, budget) for state in states)
    return Preview(imagined, earlier, later)


def imagine(store: Store, sent: Submission, now: datetime, holder: Principal | None) -> Imagined:
    """Return what would be recorded; all of it is undone before anything else is written.

    Raises what sending the report would.
    """
    report = completed(sent, PLACEHOLDER, holder)

    def job(db: Connection) -> Imagined:
        with db.savepoint("preview") as undo:
            seq = event_log.last_seq(db)
            posted = taken_in(db, sent, report, None, now)
            new = _new(db, seq)
            undo()
        return Imagined(
            posted.recorded,
            not posted.new,
            tuple(each for each in new if isinstance(each, Place)),
            tuple(each for each in new if isinstance(each, Group)),
            tuple(each for each in new if isinstance(each, Reporter)),
            seq,
        )

    return store.write(job)


def _new(db: Connection, seq: int) -> list[Entity]:
    """Return the places, groups and reporters that were recorded after the entry."""
    added = {f"{kind}_added": kind for kind in ENTITY_CLASSES}
    found = [
        entities.get(db, added[event.kind], event.subject)
        for event in event_log.load_events(db, after=seq)
        if event.kind in added
    ]
    return [entry for entry in found if entry is not None]


def speaks_of(recorded: RecordedReport) -> TotalsQuery:
    """Return the question for all that the report speaks of.

    That is the places and groups of all its figures, from the first to the last of their days.
    """
    report = recorded.report
    figures = report.figures
    if figures:
        places = tuple(dict.fromkeys(id for figure in figures for id in figure.places))
        groups = tuple(dict.fromkeys(id for figure in figures for id in figure.groups))
        periods = [figure.period for figure in figures]
    else:
        places, groups = report.places, report.groups or (ROOT_GROUP,)
        periods = [report.period] if report.period else []
    return TotalsQuery(places=places, groups=groups, period=_hull(periods))


def _hull(periods: Sequence[Period]) -> Period:
    """Return the shortest period that holds all of them; its beginning is open if one's is."""
    firsts = [each.first for each in periods]
    known = [first for first in firsts if first is not None]
    first = min(known) if known and len(known) == len(firsts) else None
    return Period(first, max((each.last for each in periods if each.last), default=date.max))


def described(claims: RecordState, imagined: Imagined) -> RecordState:
    """Return the claims with the new places, groups and reporters, and without the report."""
    return replace(
        claims,
        places=_with(claims.places, imagined.places),
        groups=_with(claims.groups, imagined.groups),
        reporters=_with(claims.reporters, imagined.reporters),
    )


def overlaid(claims: RecordState, imagined: Imagined) -> RecordState:
    """Return the claims as they would be with the report; the number of the last entry stays.

    A report that is known already changes nothing.
    """
    if imagined.known:
        return claims
    whole = described(claims, imagined)
    recorded = imagined.recorded
    statements = dict(whole.reports)
    old = recorded.report.supersedes
    if old is not None and statements[old].state != "retracted":
        statements[old] = replace(statements[old], state="superseded")
    statements[recorded.report.id] = _statement(whole, recorded)
    return replace(whole, reports=statements, figures=(*whole.figures, *_figures(whole, recorded)))


def _statement(claims: RecordState, recorded: RecordedReport) -> ReportState:
    report = recorded.report
    silent = report.stance != "asserts"
    return ReportState(
        id=report.id,
        seq=recorded.seq,
        reporter=claims.resolve_merged("reporter", (report.reporter,))[0],
        state=recorded.state,
        stance=report.stance,
        places=claims.resolve_merged("place", report.places) if silent else (),
        period=report.period if silent else None,
        groups=claims.resolve_merged("group", report.groups or (ROOT_GROUP,)) if silent else (),
        caveats=report.caveats,
        relays=report.relays,
        origin=recorded.origin,
        supersedes=report.supersedes,
    )


def _figures(claims: RecordState, recorded: RecordedReport) -> list[Figure]:
    found = []
    for figure in counted_figures(recorded.report):
        scope = replace(
            figure.scope,
            places=claims.resolve_merged("place", sorted(figure.scope.places)),
            groups=claims.resolve_merged("group", sorted(figure.scope.groups)),
        )
        reporter = claims.resolve_merged("reporter", (figure.reporter,))[0]
        found.append(replace(figure, reporter=reporter, scope=scope))
    return found


Kind = TypeVar("Kind", Place, Group, Reporter)


def _with(known: Mapping[str, Kind], new: Sequence[Kind]) -> dict[str, Kind]:
    """Return both by id, in the order in which the record gives them."""
    return dict(sorted({**known, **{each.id: each for each in new}}.items()))

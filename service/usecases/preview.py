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
from service.usecases.reports import check_and_normalize, record_report
from service.usecases.state_cache import Snapshot, StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals_in, list_default_outcomes

PLACEHOLDER_ID: Final = "preview"
"""The id of a report that is not recorded. What it names is looked up before it would be there, so
that it can name itself no more than a report that is sent can."""


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """What would be recorded: the report, and what is new with it, each after its parent.

    ``known`` is True for a report that is there already, under its ref and with this content: then
    nothing is new. ``seq`` is the last entry of the ledger that it would come after.
    """

    recorded: RecordedReport
    is_known: bool
    places: tuple[Place, ...]
    groups: tuple[Group, ...]
    reporters: tuple[Reporter, ...]
    seq: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be recorded, and the totals of all that it speaks of, before and after.

    Both answers are to one question and tell the same totals in the same order.
    """

    outcome: DryRunResult
    before: TotalsResult
    after: TotalsResult


def preview_report(
    store: Store,
    state_cache: StateCache,
    submission: Submission,
    *,
    now: datetime,
    time_budget: TimeBudget,
    principal: Principal | None = None,
) -> Preview:
    """Return what would come of the report if it were sent now; nothing is recorded.

    Raises what sending it would. The budget is for both answers together: TimeBudgetExceededError
    where they take far too long even so.
    """
    outcome = try_report(store, submission, now, principal)
    # From the writer's own record: a copy could lie behind what the report was held against.
    with store.read_transaction() as db:
        before = state_cache.load(db, outcome.seq)
    query = make_query_for(outcome.recorded)
    # A place that is new would be unknown before: it is there in both, the report in one.
    states = (
        Snapshot(with_new_entities(before.state, outcome)),
        Snapshot(with_previewed_report(before.state, outcome)),
    )
    query = replace(query, outcomes=list_default_outcomes(states, query))
    earlier, later = (compute_totals_in(state, query, time_budget) for state in states)
    return Preview(outcome, earlier, later)


def try_report(
    store: Store, submission: Submission, now: datetime, principal: Principal | None
) -> DryRunResult:
    """Return what would be recorded; all of it is undone before anything else is written.

    Raises what sending the report would.
    """
    report = check_and_normalize(submission, PLACEHOLDER_ID, principal)

    def job(db: Connection) -> DryRunResult:
        with db.savepoint("preview") as undo:
            seq = event_log.last_seq(db)
            submitted = record_report(db, submission, report, None, now)
            new_entities = _list_new_entities(db, seq)
            undo()
        return DryRunResult(
            submitted.recorded,
            not submitted.is_new,
            tuple(each for each in new_entities if isinstance(each, Place)),
            tuple(each for each in new_entities if isinstance(each, Group)),
            tuple(each for each in new_entities if isinstance(each, Reporter)),
            seq,
        )

    return store.write(job)


def _list_new_entities(db: Connection, seq: int) -> list[Entity]:
    """Return the places, groups and reporters that were recorded after the entry."""
    kind_of_event = {f"{kind}_added": kind for kind in ENTITY_CLASSES}
    new_entities = [
        entities.get(db, kind_of_event[event.kind], event.subject)
        for event in event_log.load_events(db, after=seq)
        if event.kind in kind_of_event
    ]
    return [entity for entity in new_entities if entity is not None]


def make_query_for(recorded: RecordedReport) -> TotalsQuery:
    """Return the question for all that the report speaks of.

    That is the places and groups of all its figures, from the first to the last of their days.
    """
    report = recorded.report
    figures = report.figures
    if figures:
        places = tuple(dict.fromkeys(place for figure in figures for place in figure.places))
        groups = tuple(dict.fromkeys(group for figure in figures for group in figure.groups))
        periods = [figure.period for figure in figures]
    else:
        places, groups = report.places, report.groups or (ROOT_GROUP,)
        periods = [report.period] if report.period else []
    return TotalsQuery(places=places, groups=groups, period=_enclosing_period(periods))


def _enclosing_period(periods: Sequence[Period]) -> Period:
    """Return the shortest period that holds all of them; its beginning is open if one's is."""
    first_days = [each.first for each in periods]
    known_first_days = [first for first in first_days if first is not None]
    first = (
        min(known_first_days)
        if known_first_days and len(known_first_days) == len(first_days)
        else None
    )
    return Period(first, max((each.last for each in periods if each.last), default=date.max))


def with_new_entities(state: RecordState, outcome: DryRunResult) -> RecordState:
    """Return the claims with the new places, groups and reporters, and without the report."""
    return replace(
        state,
        places=_add_sorted(state.places, outcome.places),
        groups=_add_sorted(state.groups, outcome.groups),
        reporters=_add_sorted(state.reporters, outcome.reporters),
    )


def with_previewed_report(state: RecordState, outcome: DryRunResult) -> RecordState:
    """Return the claims as they would be with the report; the number of the last entry stays.

    A report that is known already changes nothing.
    """
    if outcome.is_known:
        return state
    state_with_entities = with_new_entities(state, outcome)
    recorded = outcome.recorded
    reports = dict(state_with_entities.reports)
    superseded_id = recorded.report.supersedes
    if superseded_id is not None and reports[superseded_id].state != "retracted":
        reports[superseded_id] = replace(reports[superseded_id], state="superseded")
    reports[recorded.report.id] = _make_report_state(state_with_entities, recorded)
    return replace(
        state_with_entities,
        reports=reports,
        figures=(*state_with_entities.figures, *_make_figures(state_with_entities, recorded)),
    )


def _make_report_state(state: RecordState, recorded: RecordedReport) -> ReportState:
    report = recorded.report
    is_silent = report.stance != "asserts"
    return ReportState(
        id=report.id,
        seq=recorded.seq,
        reporter=state.resolve_merged("reporter", (report.reporter,))[0],
        state=recorded.state,
        stance=report.stance,
        places=state.resolve_merged("place", report.places) if is_silent else (),
        period=report.period if is_silent else None,
        groups=state.resolve_merged("group", report.groups or (ROOT_GROUP,)) if is_silent else (),
        caveats=report.caveats,
        relays=report.relays,
        origin=recorded.origin,
        supersedes=report.supersedes,
    )


def _make_figures(state: RecordState, recorded: RecordedReport) -> list[Figure]:
    figures = []
    for figure in counted_figures(recorded.report):
        scope = replace(
            figure.scope,
            places=state.resolve_merged("place", sorted(figure.scope.places)),
            groups=state.resolve_merged("group", sorted(figure.scope.groups)),
        )
        reporter = state.resolve_merged("reporter", (figure.reporter,))[0]
        figures.append(replace(figure, reporter=reporter, scope=scope))
    return figures


Kind = TypeVar("Kind", Place, Group, Reporter)


def _add_sorted(known: Mapping[str, Kind], new: Sequence[Kind]) -> dict[str, Kind]:
    """Return both by id, in the order in which the record gives them."""
    return dict(sorted({**known, **{each.id: each for each in new}}.items()))

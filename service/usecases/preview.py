"""Previews: what the submission of a report would do to the totals, without recording anything.

The plan of the submission is made by reads only, so that a preview neither waits for a writer nor
makes one wait. All rules and conflicts of a submission apply.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, TypeVar

from service.domain.access import Principal
from service.domain.entities import Entity, Group, Place, Reporter
from service.domain.figure import Figure
from service.domain.periods import Period
from service.domain.record_state import (
    MovedLink,
    RecordState,
    ReportState,
    move_links,
    move_report_links,
)
from service.domain.report import RecordedReport, counted_figures
from service.domain.submission import Submission
from service.domain.timestamps import format_timestamp
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.domain.vocabulary import ROOT_GROUP
from service.store import event_log
from service.store.interface import Reader
from service.usecases.reports import SubmissionPlan, check_and_normalize, plan_submission
from service.usecases.state_cache import Snapshot, StateCache
from service.usecases.submission_lookups import SubmissionLookups
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals_in, list_default_outcomes

PLACEHOLDER_ID: Final = "preview"
"""The id of a report that is not recorded. Its links are looked up as if it did not exist yet, so
that it cannot refer to itself, as a submitted report cannot."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What the submission would record, and the totals of the report's scope before and after.

    ``is_known`` is True if the report was recorded before, under the same ref with the same
    content: then nothing would be recorded. ``new_entities`` contains each parent before its
    children. Both results have the same query and the same totals in the same order.
    """

    recorded: RecordedReport
    is_known: bool
    new_entities: tuple[Entity, ...]
    before: TotalsResult
    after: TotalsResult


def preview_report(
    reader: Reader,
    state_cache: StateCache,
    submission: Submission,
    *,
    now: datetime,
    time_budget: TimeBudget,
    principal: Principal | None = None,
    supersede_known: bool = False,
) -> Preview:
    """Return what the submission of the report would do now; nothing is recorded.

    ``reader`` must read the database that a submission would be written to: a standby may lag.
    ``supersede_known`` is as in a submission. Raises what the submission would raise. The time
    budget is for both results together; raises TimeBudgetExceededError if they take far longer.
    """
    report = check_and_normalize(submission, PLACEHOLDER_ID, principal)
    with reader.read_transaction() as db:
        lookups = SubmissionLookups(db)
        lookups.prefetch([(submission, report)])
        plan = plan_submission(submission, report, lookups, supersede_known=supersede_known)
        state = state_cache.load(db, event_log.last_seq(db)).state
    recorded = imagine_recorded(state, plan, now)
    # A new place would be unknown before: both states have it, and one has the report.
    before = add_entities(state, plan.new_entities)
    snapshots = (
        Snapshot(before),
        Snapshot(before if plan.known else add_report(before, recorded, plan.moved_links)),
    )
    query = make_query_for(recorded, snapshots[0])
    query = replace(query, outcomes=list_default_outcomes(snapshots, query))
    earlier, later = (compute_totals_in(each, query, time_budget) for each in snapshots)
    return Preview(recorded, plan.known is not None, plan.new_entities, earlier, later)


def imagine_recorded(state: RecordState, plan: SubmissionPlan, now: datetime) -> RecordedReport:
    """Return the report as it would be recorded after ``state``, or the known one."""
    if plan.known is not None:
        return plan.known
    report = move_report_links(plan.report, plan.moved_links)
    kinds = [event.kind for event in plan.events]
    return RecordedReport(
        report,
        seq=state.seq + 1 + kinds.index("reported"),
        recorded_at=format_timestamp(now),
        state="live" if report.relays is None else "relay",
        origin=None
        if report.relays is None
        else state.reports[report.relays].origin or report.relays,
        warnings=plan.warnings,
    )


def make_query_for(recorded: RecordedReport, snapshot: Snapshot) -> TotalsQuery:
    """Return the query for the scope of the report.

    That is the places and groups of all its figures, from the first to the last of their days.
    """
    report = recorded.report
    figures = report.figures
    if figures:
        places = _join_ids(snapshot, "place", [figure.places for figure in figures]) or ()
        groups = _join_ids(snapshot, "group", [figure.groups for figure in figures]) or (
            ROOT_GROUP,
        )
        periods = [figure.period for figure in figures]
    else:
        places, groups = report.places, report.groups or (ROOT_GROUP,)
        periods = [report.period] if report.period else []
    return TotalsQuery(places=places, groups=groups, period=_enclosing_period(periods))


def _join_ids(
    snapshot: Snapshot, kind: str, id_tuples: Iterable[tuple[str, ...]]
) -> tuple[str, ...] | None:
    """Return all ids, if together they select everybody whom one of the tuples selects.

    None if they do not, since ids of different facets must all hold.
    """
    tree = snapshot.places if kind == "place" else snapshot.groups
    id_tuples = [snapshot.state.resolve_merged(kind, ids) for ids in id_tuples]
    joined = tuple(dict.fromkeys(each for ids in id_tuples for each in ids))
    whole = tree.select(joined)
    return joined if all(tree.select(ids).is_within(whole) for ids in id_tuples) else None


def _enclosing_period(periods: Sequence[Period]) -> Period:
    """Return the shortest period that contains all of them; its beginning is open if one's is."""
    first_days = [each.first for each in periods]
    known_first_days = [first for first in first_days if first is not None]
    first = (
        min(known_first_days)
        if known_first_days and len(known_first_days) == len(first_days)
        else None
    )
    return Period(first, max((each.last for each in periods if each.last), default=date.max))


def add_entities(state: RecordState, new_entities: Sequence[Entity]) -> RecordState:
    """Return the state with the new places, groups and reporters."""
    return replace(
        state,
        places=_add_sorted(state.places, _select(new_entities, Place)),
        groups=_add_sorted(state.groups, _select(new_entities, Group)),
        reporters=_add_sorted(state.reporters, _select(new_entities, Reporter)),
    )


def add_report(
    state: RecordState, recorded: RecordedReport, moved_links: Sequence[MovedLink] = ()
) -> RecordState:
    """Return the state with the report, whose entities it has already; its ``seq`` stays.

    ``moved_links`` are the links of reclassifying figures that the report moves.
    """
    reports = dict(state.reports)
    superseded_id = recorded.report.supersedes
    if superseded_id is not None and reports[superseded_id].state != "retracted":
        reports[superseded_id] = replace(reports[superseded_id], state="superseded")
    reports[recorded.report.id] = _make_report_state(state, recorded)
    links = [
        replace(
            link,
            places=state.resolve_merged("place", link.places),
            groups=state.resolve_merged("group", link.groups),
        )
        for link in moved_links
    ]
    figures = (*state.figures, *_make_figures(state, recorded))
    return replace(state, reports=reports, figures=move_links(figures, links))


def _make_report_state(state: RecordState, recorded: RecordedReport) -> ReportState:
    report = recorded.report
    is_silent = report.stance != "asserts"
    return state.resolve_report(
        ReportState(
            id=report.id,
            seq=recorded.seq,
            reporter=report.reporter,
            state=recorded.state,
            stance=report.stance,
            places=report.places if is_silent else (),
            period=report.period if is_silent else None,
            groups=(report.groups or (ROOT_GROUP,)) if is_silent else (),
            caveats=report.caveats,
            relays=report.relays,
            origin=recorded.origin,
            supersedes=report.supersedes,
        )
    )


def _make_figures(state: RecordState, recorded: RecordedReport) -> list[Figure]:
    figures = []
    for figure in counted_figures(recorded.report):
        # The store loads the ids of a scope in order.
        scope = replace(
            figure.scope,
            places=tuple(sorted(figure.scope.places)),
            groups=tuple(sorted(figure.scope.groups)),
        )
        figures.append(state.resolve_figure(replace(figure, scope=scope)))
    return figures


Kind = TypeVar("Kind", Place, Group, Reporter)


def _select(entities: Iterable[Entity], entity_class: type[Kind]) -> list[Kind]:
    return [each for each in entities if isinstance(each, entity_class)]


def _add_sorted(known: Mapping[str, Kind], new: Sequence[Kind]) -> dict[str, Kind]:
    """Return both by id, in the order in which the store loads them."""
    return dict(sorted({**known, **{each.id: each for each in new}}.items()))

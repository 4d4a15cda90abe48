"""Previews: what the submission of a report would do to the totals, without recording anything.

The plan of the submission is made by reads only, so that a preview neither waits for a writer nor
makes one wait. All rules and conflicts of a submission apply.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from service.columns.record_columns import (
    FigureEntry,
    MovedEntry,
    RecordColumns,
    ReportEntry,
)
from service.columns.record_state import RecordState
from service.domain.access import Principal
from service.domain.entities import Entity
from service.domain.figure import Figure
from service.domain.periods import Period
from service.domain.report import RecordedReport, counted_figures
from service.domain.report_state import move_report_links
from service.domain.submission import Submission
from service.domain.timestamps import format_timestamp
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.domain.vocabulary import ROOT_GROUP
from service.store import event_log
from service.store.interface import Reader
from service.usecases.reports import check_and_normalize
from service.usecases.state_cache import Snapshot, StateCache
from service.usecases.submission_lookups import SubmissionLookups
from service.usecases.submission_plans import SubmissionPlan, plan_submission
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
    before, after = imagine_states(state, plan, recorded)
    snapshots = Snapshot(before), Snapshot(after)
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
        else state.find_reports([report.relays])[report.relays].origin or report.relays,
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


def imagine_states(
    state: RecordState, plan: SubmissionPlan, recorded: RecordedReport
) -> tuple[RecordState, RecordState]:
    """Return the state with the new entities of the plan, and that with the report too.

    A new place would be unknown before: both states have it. The ``seq`` stays.
    """
    before = state.replace_entities(state.entities.add(plan.new_entities))
    if plan.known is not None:
        return before, before
    columns, seq = state.copy_columns(), state.seq + 1
    if recorded.report.supersedes is not None:
        superseded = columns.find_report_ids([recorded.report.supersedes])
        for row in superseded.values():
            columns.end_report(int(columns.reports["seq"][row]), "superseded", seq)
    columns.append_reports([_make_report_entry(columns, recorded, seq)])
    columns.append_figures(_make_figure_entries(columns, recorded, seq))
    for link in plan.moved_links:
        columns.append_move(
            MovedEntry(
                columns.find_figure_key(link.figure),
                seq,
                columns.find_figure_key(link.reclassifies),
                tuple(sorted(link.places)),
                link.period.start,
                link.period.stop,
                tuple(sorted(link.groups)),
            )
        )
    return before, RecordState(columns, state.seq, state.recorded_at, before.entities, seq)


def _make_report_entry(columns: RecordColumns, recorded: RecordedReport, seq: int) -> ReportEntry:
    report = recorded.report
    is_silent = report.stance != "asserts"
    period = report.period if is_silent else None
    rows = columns.find_report_ids(
        each for each in (report.relays, recorded.origin, report.supersedes) if each is not None
    )

    def find_seq(report_id: str | None) -> int | None:
        return None if report_id is None else int(columns.reports["seq"][rows[report_id]])

    return ReportEntry(
        report.id,
        seq,
        report.reporter,
        report.stance,
        report.places if is_silent else (),
        None if period is None or period.first is None else period.start,
        None if period is None else period.stop,
        (report.groups or (ROOT_GROUP,)) if is_silent else (),
        report.caveats,
        find_seq(report.relays),
        find_seq(recorded.origin),
        find_seq(report.supersedes),
        None,
        None,
    )


def _make_figure_entries(
    columns: RecordColumns, recorded: RecordedReport, seq: int
) -> list[FigureEntry]:
    """Return the entries of the report's figures."""
    figures = [_sort_ids(figure) for figure in counted_figures(recorded.report)]
    own_keys = {figure.id: (seq, position) for position, figure in enumerate(figures)}

    def find_key(figure_id: str | None) -> tuple[int, int] | None:
        if figure_id is None:
            return None
        return own_keys.get(figure_id) or columns.find_figure_key(figure_id)

    return [
        FigureEntry.from_figure(figure, seq, find_key(figure.reclassifies)) for figure in figures
    ]


def _sort_ids(figure: Figure) -> Figure:
    """Return the figure with the ids of its scope in the order in which the store has them."""
    places, groups = (tuple(sorted(ids)) for ids in (figure.scope.places, figure.scope.groups))
    return replace(figure, scope=replace(figure.scope, places=places, groups=groups))

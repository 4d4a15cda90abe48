"""Previews: what the submission of a report would do to the totals, without recording anything.

The plan of the submission is made by reads only, so that a preview neither waits for a writer nor
makes one wait. All rules and conflicts of a submission apply.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from service.domain.access import Principal
from service.domain.entities import Entity
from service.domain.periods import Period
from service.domain.report import RecordedReport
from service.domain.submission import Submission
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.domain.vocabulary import ROOT_GROUP
from service.store import event_log
from service.store.interface import Reader
from service.usecases.imagined_record import ImaginedRecord
from service.usecases.reports import check_and_normalize
from service.usecases.state_cache import Snapshot, StateCache
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
    item = check_and_normalize(submission, PLACEHOLDER_ID, principal)
    with reader.read_transaction() as db:
        state = state_cache.load(db, event_log.last_seq(db)).state
        imagined = ImaginedRecord(db, state, now)
        imagined.prefetch([item])
        recorded, is_new = imagined.submit(item, supersede_known=supersede_known)
    before, after = imagined.make_states()
    snapshots = state_cache.imagine(before), state_cache.imagine(after)
    query = make_query_for(recorded, snapshots[0])
    query = replace(query, outcomes=list_default_outcomes(snapshots, query))
    earlier, later = (compute_totals_in(each, query, time_budget) for each in snapshots)
    return Preview(recorded, not is_new, tuple(imagined.new_entities), earlier, later)


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

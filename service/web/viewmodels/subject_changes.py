"""What changed the totals of subjects: their numbers in an earlier state of the record, and now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.domain.errors import InvalidInputError, TimeBudgetExceededError
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import ROOT_GROUP
from service.domain.wording.range_text import outcomes_text
from service.http.context import get_services
from service.http.measured_totals import compute_measured_totals
from service.usecases import totals
from service.usecases.recent_changes import ReportChanges, find_touched_subjects
from service.usecases.state_cache import Snapshot
from service.usecases.subjects import RecordSubject
from service.usecases.time_budget import TimeBudget
from service.web import labels
from service.web.messages import plain_text
from service.web.query.page_query import SUBJECT_PAGE, find_root, link_to_page
from service.web.sentences import OutcomeCount, write_range
from service.web.viewmodels.base import MAX_OUTCOME_SETS
from service.web.viewmodels.subject import make_subject

MAX_SUBJECTS: Final = 5
"""Of how many subjects the totals are compared."""

SUBJECT_SECONDS: Final = 1.0
"""How long the totals of one subject may be solved for: the page is about the reports."""

MAX_FIGURES_AT_ONCE: Final = 1_000
AT_ONCE_SECONDS: Final = 0.1
"""What a page that only mentions changes may compare: totals in records of so many counted figures,
all of them together for so long."""

VERDICT_BYTES: Final = 1_000
"""What the cache counts for the names of the totals that are newly disputed."""


@dataclass(frozen=True, slots=True)
class NumberChange:
    """The range of one set of outcomes in words, then and now; empty where nothing is stated.

    ``is_newly_disputed`` says that reports contradict each other now, and did not then.
    """

    outcomes: str
    then: str
    now: str
    is_newly_disputed: bool

    @property
    def is_same(self) -> bool:
        """Whether the range has not changed."""
        return self.then == self.now


@dataclass(frozen=True, slots=True)
class SubjectChange:
    """A subject with its numbers then and now; without numbers if there was no time for them.

    If not ``is_final``, the time ran out: the ranges are true, but may be wider than necessary, so
    that a difference between them need not be a change.
    """

    where: str
    whose: str
    href: str
    compare_link: str
    numbers: Sequence[NumberChange]
    is_final: bool


def list_subject_changes(
    now: Snapshot, then: Snapshot, changes: ReportChanges
) -> list[SubjectChange]:
    """Return what happened to the totals that the changes touch most, each within its time."""
    return [
        _compare(now, then, subject, start_budget(SUBJECT_SECONDS))
        for subject in find_touched_subjects(now, then, changes, MAX_SUBJECTS)
    ]


def start_budget(seconds: float) -> TimeBudget:
    """Return the time for comparing totals: so long for all of them, or less by the settings."""
    settings = get_services().settings
    return TimeBudget(settings.solver_seconds, min(settings.answer_seconds, seconds))


def find_newly_disputed(
    now: Snapshot, then: Snapshot, subject: RecordSubject, budget: TimeBudget
) -> Sequence[str] | None:
    """Return the outcomes, in words, on which reports contradict each other now and did not then.

    None if that is not known: it is in large records once the totals were compared, as the page
    about what is new does, and in small ones at once.
    """
    key = _make_verdict_key(then, subject)
    # A total of few figures, too, needs the earlier state of all, which takes long to prepare.
    is_small = np.count_nonzero(now.state.is_live) <= MAX_FIGURES_AT_ONCE
    if now.results.get(key) is None and is_small:
        _compare(now, then, subject, budget)
    known: Sequence[str] | None = now.results.get(key)
    return known


def _make_verdict_key(then: Snapshot, subject: RecordSubject) -> tuple[object, ...]:
    return "newly disputed", then.state.seq, subject.places, subject.groups


def _compare(
    now: Snapshot, then: Snapshot, subject: RecordSubject, budget: TimeBudget
) -> SubjectChange:
    groups = tuple(each for each in subject.groups if each != ROOT_GROUP)
    query = TotalsQuery(places=subject.places, groups=groups or (ROOT_GROUP,))
    parameters = {"place": ",".join(subject.places), "group": ",".join(groups)}
    root = find_root()
    try:
        counts_now = _count(now, query, budget)
        counts_then = _count(then, query, budget)
    except TimeBudgetExceededError:
        counts_now = counts_then = _Counts({}, is_final=False)
    is_final = counts_now.is_final and counts_then.is_final
    numbers = _pair(counts_then, counts_now, is_final)
    if is_final:
        disputed = tuple(each.outcomes for each in numbers if each.is_newly_disputed)
        now.results.put(_make_verdict_key(then, subject), disputed, VERDICT_BYTES)
    return SubjectChange(
        labels.join_place_names(now.state, subject.places) or plain_text("trail.everywhere"),
        labels.join_group_names(now.state, groups) or plain_text("chip.everyone"),
        link_to_page(SUBJECT_PAGE, parameters, root),
        link_to_page("compare", {**parameters, "compare": str(then.state.seq)}, root),
        numbers,
        is_final,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """What a sentence states of a subject, by outcomes, and whether there was time for all."""

    by_outcomes: Mapping[frozenset[str], OutcomeCount]
    is_final: bool = True


def _count(snapshot: Snapshot, query: TotalsQuery, budget: TimeBudget) -> _Counts:
    """Return what a sentence states of the query in one state of the record."""
    try:
        query = totals.resolve_merged_ids(snapshot, query)
    except InvalidInputError:  # Nothing was reported of a place that was not known.
        return _Counts({})
    spoken = totals.list_spoken_outcomes(snapshot, query)[:MAX_OUTCOME_SETS]
    if not spoken:
        return _Counts({})
    query = TotalsQuery(places=query.places, groups=query.groups, outcomes=spoken)
    result = compute_measured_totals(query, snapshot.state.seq, budget)
    counts = make_subject(snapshot.state, query, result).counts
    return _Counts({each.outcomes: each for each in counts}, result.is_final)


def _pair(then: _Counts, now: _Counts, is_final: bool) -> list[NumberChange]:
    numbers = []
    for outcomes in {**now.by_outcomes, **then.by_outcomes}:
        before, after = then.by_outcomes.get(outcomes), now.by_outcomes.get(outcomes)
        is_newly_disputed = bool(
            is_final and after and after.contradiction is not None
            and (before is None or before.contradiction is None)
        )  # fmt: skip
        numbers.append(
            NumberChange(outcomes_text(outcomes), _write(before), _write(after), is_newly_disputed)
        )
    return numbers


def _write(count: OutcomeCount | None) -> str:
    return "" if count is None else write_range(count.low, count.high)

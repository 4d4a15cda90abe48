"""The numbers of one row of a list: a range in words for each set of outcomes that is reported."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal
from service.domain.vocabulary import OUTCOMES
from service.domain.wording.range_text import outcomes_text
from service.http.measured_totals import compute_measured_totals
from service.usecases import totals
from service.usecases.state_cache import Snapshot
from service.usecases.time_budget import TimeBudget
from service.web.sentences import write_range
from service.web.viewmodels.base import MAX_OUTCOME_SETS, UNCOMPUTABLE
from service.web.viewmodels.drawn_range import choose_drawn_range
from service.web.viewmodels.subject import is_stated


@dataclass(frozen=True, slots=True)
class OutcomeNumber:
    """The range of one set of outcomes in words."""

    outcomes: str
    text: str
    is_disputed: bool
    is_exact: bool


def compute_spoken_totals(
    snapshot: Snapshot, query: TotalsQuery, budget: TimeBudget
) -> Sequence[OutcomeTotal] | None:
    """Return the totals of the sets of outcomes of the query, or of those that somebody counts.

    None if there was no time to compute them, or no memory.
    """
    spoken = query.outcomes or totals.list_spoken_outcomes(snapshot, query)[:MAX_OUTCOME_SETS]
    if not spoken:
        return []
    query = replace(query, outcomes=spoken)
    try:
        return compute_measured_totals(query, snapshot.state.seq, budget).totals
    except UNCOMPUTABLE:
        return None


def compute_lead_total(
    snapshot: Snapshot, query: TotalsQuery, budget: TimeBudget
) -> OutcomeTotal | None:
    """Return the total of killed, or of the first outcomes that somebody counts.

    None if nobody counts any, or if there was no time.
    """
    spoken = totals.list_spoken_outcomes(snapshot, query)
    if not spoken:
        return None
    lead = next((each for each in spoken if each == frozenset({OUTCOMES[0]})), spoken[0])
    try:
        result = compute_measured_totals(
            replace(query, outcomes=(lead,)), snapshot.state.seq, budget
        )
    except UNCOMPUTABLE:
        return None
    return result.totals[0]


def compute_numbers(
    snapshot: Snapshot, query: TotalsQuery, budget: TimeBudget
) -> list[OutcomeNumber]:
    """Return the stated ranges; empty if there was no time to compute them."""
    return list_numbers(compute_spoken_totals(snapshot, query, budget) or ())


def list_numbers(outcome_totals: Iterable[OutcomeTotal]) -> list[OutcomeNumber]:
    """Return the ranges of those totals that say anything."""
    return [each for each in map(_make_number, outcome_totals) if each is not None]


def find_stated_range(outcome_total: OutcomeTotal) -> tuple[int, int | None] | None:
    """Return the range that pages state; None if the total says nothing of the scope itself."""
    drawn = choose_drawn_range(outcome_total)
    if not is_stated(outcome_total.outcomes, drawn):
        return None
    low, high = drawn.nearest or (drawn.low or 0, drawn.high)
    return low, high if drawn.is_placed else None


def _make_number(outcome_total: OutcomeTotal) -> OutcomeNumber | None:
    stated = find_stated_range(outcome_total)
    if stated is None:
        return None
    drawn, (low, high) = choose_drawn_range(outcome_total), stated
    return OutcomeNumber(
        outcomes_text(outcome_total.outcomes), write_range(low, high), drawn.is_disputed,
        drawn.exact,
    )  # fmt: skip

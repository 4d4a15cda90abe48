"""What the sentence of a page says, made from the totals of its query."""

from collections.abc import Iterable, Sequence
from typing import Final

from service.columns.record_state import RecordState
from service.domain.figure_set import FigureSet
from service.domain.periods import Period
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal, TotalsResult
from service.domain.vocabulary import ROOT_GROUP
from service.web.sentences import OutcomeCount, Sayer, Subject
from service.web.viewmodels.drawn_range import DrawnRange, choose_drawn_range

MAX_COUNTS: Final = 3
"""How many outcomes one sentence counts."""


def make_subject(state: RecordState, query: TotalsQuery, result: TotalsResult) -> Subject:
    """Return what the sentence of the query says.

    It counts the outcomes that somebody speaks of: the first one, then the joint set that proves
    most people beyond the outcomes in it, then the others that are not in that set. The reporters
    and the days are those of the figures that the stated ranges are made from.
    """
    stated = _choose_stated(result.totals)
    figure_sets = [drawn.figures for _, drawn in stated]
    reporters: dict[str, int] = {}
    for figures in figure_sets:
        for reporter, count in figures.count_by_reporter().items():
            reporters[reporter] = reporters.get(reporter, 0) + count
    ordered = sorted(reporters, key=lambda each: (-reporters[each], each))
    return Subject(
        [_make_count(each, drawn) for each, drawn in stated],
        frozenset().union(*(each.outcomes for each in result.totals)),
        [state.places[each].name for each in query.places],
        [state.groups[each].name for each in query.groups if each != ROOT_GROUP],
        query.period,
        _enclose(figure_sets),
        [Sayer(state.reporters[each].name, state.reporters[each].party) for each in ordered],
        query.period.first is not None and _are_differences(result, stated),
    )


def _choose_stated(outcome_totals: Sequence[OutcomeTotal]) -> list[tuple[OutcomeTotal, DrawnRange]]:
    reported = [(each, choose_drawn_range(each)) for each in outcome_totals]
    reported = [(each, drawn) for each, drawn in reported if is_stated(each.outcomes, drawn)]

    def count_beyond(joint: frozenset[str], low: int) -> int:
        """Return how many people the joint set proves beyond the largest sets in it."""
        inside = [drawn.low or 0 for each, drawn in reported if each.outcomes < joint]
        singles = [
            drawn.low or 0
            for each, drawn in reported
            if each.outcomes < joint and len(each.outcomes) == 1
        ]
        return low - max(sum(singles), max(inside, default=0))

    joint = max(
        (pair for pair in reported if len(pair[0].outcomes) > 1),
        key=lambda pair: count_beyond(pair[0].outcomes, pair[1].low or 0),
        default=None,
    )
    if joint is None or (
        len(reported) > 1 and count_beyond(joint[0].outcomes, joint[1].low or 0) <= 0
    ):
        return [pair for pair in reported if len(pair[0].outcomes) == 1][:MAX_COUNTS]
    first = reported[:1] if reported[0][0].outcomes < joint[0].outcomes else []
    others = [
        pair
        for pair in reported
        if len(pair[0].outcomes) == 1 and not pair[0].outcomes <= joint[0].outcomes
    ]
    return [*first, joint, *others][:MAX_COUNTS]


def is_stated(outcomes: frozenset[str], drawn: DrawnRange) -> bool:
    """Whether some figure is about these outcomes alone, and says anything of the scope itself."""
    if not drawn.is_reported or not (drawn.is_placed or drawn.low):
        return False
    return any(each <= outcomes for each in drawn.figures.list_outcome_sets())


def _make_count(outcome_total: OutcomeTotal, drawn: DrawnRange) -> OutcomeCount:
    low, high = drawn.nearest or (drawn.low or 0, drawn.high)
    contradiction = (drawn.contradiction or 0) if drawn.is_disputed else None
    if not drawn.is_placed:  # Figures about more people prove a least number of these.
        high = None
    is_partial = low == high == 0 and drawn.reach.is_zero_elsewhere
    return OutcomeCount(outcome_total.outcomes, low, high, contradiction, is_partial)


def _enclose(figure_sets: Iterable[FigureSet]) -> Period:
    """Return the period from the first to the last day; open if the beginning of one is."""
    periods = [each.enclose_period() for each in figure_sets if each]
    first_days = [each.first for each in periods if each.first is not None]
    last_days = [each.last for each in periods if each.last is not None]
    is_open = len(first_days) < len(periods)
    return Period(None if is_open else min(first_days, default=None), max(last_days, default=None))


def _are_differences(
    result: TotalsResult, stated: Sequence[tuple[OutcomeTotal, DrawnRange]]
) -> bool:
    """Whether all stated ranges are differences of running totals."""
    steps = {each.outcomes for each in result.caveats if each.code == "running_total_step"}
    return all(each.outcomes in steps for each, _ in stated)

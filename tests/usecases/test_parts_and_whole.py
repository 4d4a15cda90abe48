"""Parts and whole agree, whatever was reported: each part is the query asked alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.entities import Group, Place, Reporter
from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import ALWAYS, Period
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import Part, TotalsResult
from service.domain.vocabulary import LOSSES
from service.usecases.state_cache import Snapshot
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals_in
from tests.support.record_states import make_record_state

PLACES: Final = {
    each.id: each
    for each in (
        Place("basin", "Basin", parent="land", division="rivers"),
        Place("east", "East", parent="land"),
        Place("far", "Far"),
        Place("land", "Land"),
        Place("village", "Village", parent="east"),
        Place("west", "West", parent="land"),
    )
}
GROUPS: Final = {
    each.id: each
    for each in (
        Group("civilians", "Civilians", parent="everyone", facet="status"),
        Group("everyone", "Everyone"),
        Group("men", "Men", parent="everyone", facet="sex"),
        Group("militia", "Militia", parent="civilians", facet="bearing"),
        Group("soldiers", "Soldiers", parent="everyone", facet="status"),
        Group("women", "Women", parent="everyone", facet="sex"),
    )
}
REPORTERS: Final = {each: Reporter(each, each.title()) for each in ("bbc", "sky")}
KILLED: Final = frozenset({"killed"})
DAYS: Final = [date(2024, 12, 30), date(2024, 12, 31), date(2025, 1, 1)]


@st.composite
def _draw_figures(draw: st.DrawFn) -> list[Figure]:
    figures = []
    for number in range(draw(st.integers(1, 5))):
        first, last = sorted(draw(st.lists(st.sampled_from(DAYS), min_size=2, max_size=2)))
        low = draw(st.integers(0, 5))
        high = draw(st.one_of(st.none(), st.integers(low, 6)))
        scope = Scope(
            (draw(st.sampled_from(sorted(PLACES))),),
            Period(draw(st.sampled_from([first, None])), last),
            draw(st.sampled_from([KILLED, KILLED | {"wounded"}, LOSSES])),
            (draw(st.sampled_from(sorted(GROUPS))),),
            draw(st.sampled_from([None, None, "x:1", "y:1"])),
        )
        reporter = draw(st.sampled_from(sorted(REPORTERS)))
        figures.append(Figure(f"f{number}", f"r{number}", reporter, scope, Quantity(low, high)))
    return figures


def _make_snapshot(figures: Sequence[Figure]) -> Snapshot:
    return Snapshot(make_record_state(figures, PLACES, GROUPS, REPORTERS))


def _compute(snapshot: Snapshot, query: TotalsQuery) -> TotalsResult:
    return compute_totals_in(snapshot, query, TimeBudget(60.0, 600.0))


def _make_query_alone(query: TotalsQuery, part: Part) -> TotalsQuery:
    """Return the query that a reader would ask for the part alone, by its keys and its days."""
    changes: dict[str, Any] = {"period": part.period, "by": None, "by2": None, "facet": None}
    for dimension, key in zip(query.breakdown, (part.key, part.key2), strict=False):
        if dimension == "outcome":
            changes["outcomes"] = (frozenset({key}),)
        elif dimension in ("place", "group", "reporter"):
            changes[f"{dimension}s"] = (key,)
    return replace(query, **changes)


QUERIES: Final = [
    TotalsQuery(by="place"),
    TotalsQuery(by="place", places=("land",)),
    TotalsQuery(by="place", places=("basin",)),
    TotalsQuery(by="place", places=("east", "west", "far"), straddling=False),
    TotalsQuery(by="month"),
    TotalsQuery(by="day", period=Period(DAYS[1], None)),
    TotalsQuery(by="day", period=Period(DAYS[0], DAYS[2]), places=("east",)),
    TotalsQuery(by="group", facet="status"),
    TotalsQuery(by="group", facet="sex"),
    TotalsQuery(by="outcome"),
    TotalsQuery(by="reporter"),
    TotalsQuery(by="place", by2="month", places=("land",)),
    TotalsQuery(by="month", by2="week"),
    TotalsQuery(by="outcome", by2="place"),
    TotalsQuery(by="group", by2="day", facet="sex", period=Period(DAYS[0], DAYS[2])),
    TotalsQuery(by="reporter", by2="place"),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: ",".join(query.breakdown))
@settings(max_examples=40)
@given(figures=_draw_figures())
def test_parts_and_whole_agree(query: TotalsQuery, figures: list[Figure]) -> None:
    snapshot = _make_snapshot(figures)
    query = replace(query, outcomes=(KILLED, KILLED | {"wounded"}))
    result = _compute(snapshot, query)
    for part in result.parts or ():
        alone = _compute(snapshot, _make_query_alone(query, part))
        assert part.totals == alone.totals
        assert part.caveats == alone.caveats
    assert (result.unplaced is None) == ("reporter" in query.breakdown)
    for whole, unplaced in zip(result.totals, result.unplaced or (), strict=False):
        lows = [
            each.total.low or 0
            for part in result.parts or ()
            for each in part.totals
            if each.outcomes == whole.outcomes
            or ("outcome" in query.breakdown and each.outcomes < whole.outcomes)
        ]
        rest = (whole.total.low or 0) - sum(lows)
        # A part without straddling figures knows less than the whole, and may differ from it: one
        # incident told at two places is two people there, and one in the whole.
        assert rest >= 0 or not query.straddling
        assert unplaced.low == max(rest, 0)


@pytest.mark.parametrize("by", ["day", "month"])
@settings(max_examples=40)
@given(figures=_draw_figures())
def test_the_default_period_leaves_out_nobody_with_a_stated_beginning(
    by: str, figures: list[Figure]
) -> None:
    dated = [
        replace(each, scope=replace(each.scope, period=Period(DAYS[0], each.scope.period.last)))
        for each in figures
    ]
    result = _compute(_make_snapshot(dated), TotalsQuery(outcomes=(LOSSES,), by=by))
    parts = result.parts or ()
    assert parts[0].period.first == DAYS[0]
    bounded = TotalsQuery(
        outcomes=(LOSSES,), period=Period(parts[0].period.first, parts[-1].period.last)
    )
    assert result.query.period == ALWAYS
    whole = _compute(_make_snapshot(dated), bounded).totals[0].total
    assert (result.totals[0].total.low, result.totals[0].total.high) == (whole.low, whole.high)

"""Cells of tables: whom a total or a figure is about, with the ids, the names and the place."""

from collections.abc import Iterable
from typing import Any, Final

from service.columns.record_state import RecordState
from service.domain.figure import Figure
from service.domain.periods import Period
from service.domain.totals_result import OutcomeTotal
from service.domain.vocabulary import sort_outcomes
from service.exports.table_cells import PLACE_COLUMNS, TOTAL_COLUMNS, locate_place, make_total_cells
from service.web.viewmodels.outcome_numbers import find_stated_range

SCOPE_COLUMNS: Final = ("places", "place_names", "groups", "group_names", "from", "to")

STATED_COLUMNS: Final = (*TOTAL_COLUMNS, "stated_low", "stated_high")

FIGURE_COLUMNS: Final = (
    "figure", "outcomes", "low", "high", "best", *SCOPE_COLUMNS, "incident", *PLACE_COLUMNS,
)  # fmt: skip


def make_scope_cells(
    state: RecordState, places: Iterable[str], groups: Iterable[str], period: Period
) -> dict[str, Any]:
    """Return the ids and names of places and groups, the days, and where one place is."""
    place_ids = state.resolve_merged("place", places)
    group_ids = state.resolve_merged("group", groups)
    return {
        "places": ",".join(place_ids),
        "place_names": ", ".join(state.places[each].name for each in place_ids),
        "groups": ",".join(group_ids),
        "group_names": ", ".join(state.groups[each].name for each in group_ids),
        "from": period.first,
        "to": period.last,
        **locate_place(state.places, place_ids),
    }


def make_figure_cells(state: RecordState, figure: Figure) -> dict[str, Any]:
    """Return what the figure says and of whom; words without a number have an open range."""
    scope, quantity = figure.scope, figure.quantity
    low, high = (quantity.low, quantity.high) if figure.disclosed else (0, None)
    return {
        "figure": figure.id,
        "outcomes": ",".join(sort_outcomes(scope.outcomes)),
        "low": low,
        "high": high,
        "best": figure.best,
        "incident": scope.incident,
        **make_scope_cells(state, scope.places, scope.groups, scope.period),
    }


def make_stated_cells(outcome_total: OutcomeTotal) -> dict[str, Any]:
    """Return the cells of a total with the range that pages state, which is empty without one."""
    low, high = find_stated_range(outcome_total) or (None, None)
    return {**make_total_cells(outcome_total), "stated_low": low, "stated_high": high}


def make_reporter_cells(state: RecordState, reporter_id: str) -> dict[str, Any]:
    """Return the id and the name of a reporter, and whether it is a party to the conflict."""
    (current_id,) = state.resolve_merged("reporter", [reporter_id])
    reporter = state.reporters[current_id]
    return {"reporter": reporter.id, "reporter_name": reporter.name, "party": reporter.party}

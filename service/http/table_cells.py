"""Cells that several CSV tables have: those of a total, and where a place is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.domain.entities import Place
from service.domain.totals_result import OutcomeTotal
from service.domain.vocabulary import sort_outcomes
from service.domain.wording.range_text import classify_range

TOTAL_COLUMNS: Final = (
    "outcomes",
    "reported",
    "shape",
    "low",
    "high",
    "placed_low",
    "placed_high",
    "best",
    "text",
    "disputed",
    "exact",
    "figures",
    "reporters",
)

PLACE_COLUMNS: Final = ("parent", "longitude", "latitude")
"""The columns of a row that is about one place; others leave them empty."""

_SHAPES: Final = {"nobody": "exactly", "between": "range"}
"""The shapes that have another name than the kind of range."""


def make_total_cells(outcome_total: OutcomeTotal) -> dict[str, Any]:
    """Return the cells of a total by their columns; an open upper bound is None."""
    total, placed = outcome_total.total, outcome_total.placed
    return {
        "outcomes": ",".join(sort_outcomes(outcome_total.outcomes)),
        "reported": total.is_reported,
        "shape": find_shape(total.low, total.high),
        "low": total.low,
        "high": total.high,
        "placed_low": placed.low,
        "placed_high": placed.high,
        "best": outcome_total.best,
        "text": outcome_total.text,
        "disputed": total.is_disputed,
        "exact": total.exact,
        "figures": len(outcome_total.figures),
        "reporters": len(outcome_total.figures.count_by_reporter()),
    }


def find_shape(low: int | None, high: int | None) -> str:
    """Return how a chart draws the range; ``low`` None means that nothing was reported."""
    if low is None:
        return "not_reported"
    kind = classify_range(low, high)
    return _SHAPES.get(kind, kind)


def locate_place(places: Mapping[str, Place], place_ids: Sequence[str | None]) -> dict[str, Any]:
    """Return the parent and the coordinates of the place, if it is one that is known."""
    place = places.get(place_ids[0] or "") if len(place_ids) == 1 else None
    return {} if place is None else {name: getattr(place, name) for name in PLACE_COLUMNS}

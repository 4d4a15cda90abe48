"""Cells that several tables have: those of a total, and where a place is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.domain.entities import Place
from service.domain.totals_result import OutcomeTotal
from service.domain.vocabulary import sort_outcomes
from service.domain.wording.range_text import classify_range
from service.exports.fields import Field

TOTAL_FIELDS: Final = (
    Field("outcomes", "one joint set, separated by commas"),
    Field("reported", "whether anything was reported; `false` is not a zero", "boolean"),
    Field("shape", "how a chart draws the range, see below"),
    Field("low", "the fewest people; empty if nothing was reported", "integer"),
    Field("high", "the most people; empty if no upper bound is known", "integer"),
    Field(
        "placed_low",
        "the fewest by those figures alone that are wholly inside; empty if there is none",
        "integer",
    ),
    Field(
        "placed_high",
        "the most by those figures alone that are wholly inside; empty if open or if there is none",
        "integer",
    ),
    Field(
        "best",
        "the sum of the reporters' own estimates; empty if they cannot be added",
        "integer",
    ),
    Field("text", "the total in English"),
    Field("disputed", "whether reports contradict each other", "boolean"),
    Field("exact", "`false` if the bounds may be wider than necessary", "boolean"),
    Field("figures", "how many counted figures cover people of the row", "integer"),
    Field("reporters", "how many reporters gave them", "integer"),
)

TOTAL_COLUMNS: Final = tuple(field.name for field in TOTAL_FIELDS)

PLACE_FIELDS: Final = (
    Field("parent", "the place that contains the place; empty if the row is not about one place"),
    Field("longitude", "longitude of the place in degrees; east is positive", "number"),
    Field("latitude", "latitude of the place in degrees; north is positive", "number"),
)
"""The columns of a row that is about one place; others leave them empty."""

PLACE_COLUMNS: Final = tuple(field.name for field in PLACE_FIELDS)

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

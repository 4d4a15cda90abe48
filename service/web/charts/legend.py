"""The signs that a chart uses, so that its legend explains these and no others."""

from collections.abc import Iterable, Iterator
from typing import Final

from service.web.charts.items import ChartItem, RangeBar

SIGNS: Final = (
    "low",
    "range",
    "open",
    "disputed",
    "merged",
    "loose",
    "zero",
    "none",
    "unplaced",
    "cut",
)
"""All signs, in the order in which a legend explains them."""


MAP_SIGNS: Final = {
    "low": "disc",
    "range": "ring",
    "open": "halo",
    "disputed": "scratched",
    "loose": "dashed",
    "zero": "zero",
    "none": "blank",
}
"""The sign of a map for each sign of the other charts that maps use."""


def find_used_signs(items: Iterable[ChartItem]) -> tuple[str, ...]:
    """Return the names of the signs that the items are drawn with, in the legend's order."""
    used_signs = {sign for item in items for sign in _signs_of(item)}
    return tuple(sign for sign in SIGNS if sign in used_signs)


def _signs_of(item: ChartItem) -> Iterator[str]:
    if isinstance(item, RangeBar) and item.is_unplaced:
        yield "unplaced"
        return
    if not item.is_drawn:
        if item.low is None and not isinstance(item, RangeBar):
            yield "none"
        return
    low, high = item.shown_range
    yield "low" if low else "zero"
    if high is None:
        yield "open"
    elif high > (low or 0):
        yield "range"
    if item.is_disputed:
        yield "disputed"
    if item.nearest and isinstance(item, RangeBar):
        yield "merged"
    if not item.is_exact:
        yield "loose"

"""The signs that a chart uses, so that its key explains those and no others."""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

SIGNS: Final = ("low", "range", "open", "disputed", "nearest", "loose", "zero", "none", "shared")
"""Every sign there is, in the order in which a key explains them."""


MAP_SIGNS: Final = {
    "low": "disc",
    "range": "ring",
    "open": "halo",
    "disputed": "scratched",
    "loose": "dashed",
    "zero": "zero",
    "none": "blank",
}
"""What stands for the same on a map."""


class ChartItem(Protocol):
    """What bars, spans and spots have in common."""

    @property
    def low(self) -> int | None: ...
    @property
    def high(self) -> int | None: ...
    @property
    def disputed(self) -> bool: ...
    @property
    def exact(self) -> bool: ...


def find_used_signs(items: Iterable[ChartItem]) -> tuple[str, ...]:
    """Return the names of the signs that stand for these, in the key's order."""
    used_signs = {sign for item in items for sign in _signs_of(item)}
    return tuple(sign for sign in SIGNS if sign in used_signs)


def _signs_of(item: ChartItem) -> Iterator[str]:
    if getattr(item, "shared", False):
        yield "shared"
        return
    if item.low is None:
        yield "none"
        return
    yield "zero" if item.low == 0 else "low"
    if item.high is None:
        yield "open"
    elif item.high > item.low:
        yield "range"
    if item.disputed:
        yield "disputed"
    if getattr(item, "nearest", None):
        yield "nearest"
    if not item.exact:
        yield "loose"

"""What charts and their tables draw: totals with a label, words and links."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from service.domain.wording.range_text import chart_range_text
from service.web.charts.text_layout import clean_text
from service.web.messages import markup


@dataclass(frozen=True, slots=True)
class ChartItem:
    """One total to draw.

    ``key`` identifies it in the chart, and ``text`` is the total in words. ``low`` None means that
    nothing is reported, which is not zero; ``high`` None beside a ``low`` means that no upper bound
    is known. ``nearest`` is the range of least violation of a disputed total. If not ``is_exact``,
    the true range may be narrower. ``proof_link`` leads to the proof, and ``detail_link`` to the
    dashboard of this item alone. ``caveats`` are sentences.

    ``low`` and ``high`` are the range of the figures wholly inside the item's scope if figures that
    reach beyond it change the total. Then ``beyond`` is the range of the total, and ``is_placed``
    is False if no figure is wholly inside.
    """

    key: str
    label: str
    text: str
    low: int | None
    high: int | None
    is_disputed: bool = False
    nearest: tuple[int, int | None] | None = None
    is_exact: bool = True
    proof_link: str | None = None
    detail_link: str | None = None
    caveats: tuple[str, ...] = ()
    beyond: tuple[int, int | None] | None = None
    is_placed: bool = True

    @property
    def total_range(self) -> tuple[int | None, int | None]:
        """The range of the total, with the figures that reach beyond the scope."""
        return self.beyond or (self.low, self.high)

    @property
    def dispute_text(self) -> str:
        """That the total is disputed, and the range that holds in any case; empty if it is not.

        The range is left out where ``text`` has it: unless the nearest range is a narrower one.
        """
        parts = [clean_text(markup("charts.disputed"))] if self.is_disputed else []
        low, high = (self.low, self.high) if self.is_placed else self.total_range
        if self.nearest is not None and low is not None:
            parts.append(clean_text(markup("charts.certain", range=chart_range_text(low, high))))
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class DisputeSide:
    """The range of one figure that contradicts others; ``high`` None: no upper bound.

    ``scope_text`` names the people that the figure covers. It is empty if the side before has the
    same scope.
    """

    reporter_name: str
    low: int
    high: int | None
    scope_text: str = ""

    @property
    def text(self) -> str:
        """The reporter's name and the range in words."""
        range_words = chart_range_text(self.low, self.high)
        return clean_text(markup("charts.side", label=self.reporter_name, range=range_words))


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeBar(ChartItem):
    """A bar of a range chart.

    ``is_unplaced`` marks people who are known to be in the whole but in no single part: only their
    low is drawn, apart from the other bars. They ``may_be_elsewhere`` if the parts do not cover the
    whole, so that they may be in none. ``omitted_side_count`` is how many figures contradict
    each other besides those in ``sides``.
    """

    is_unplaced: bool = False
    may_be_elsewhere: bool = False
    sides: tuple[DisputeSide, ...] = ()
    omitted_side_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodBar(ChartItem):
    """A bar of a time chart: the total of the days from ``first_day`` to ``last_day`` inclusive."""

    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPoint(ChartItem):
    """A place on the map, at its coordinates in degrees east and north."""

    longitude: float
    latitude: float


def find_beyond_note(items: Iterable[ChartItem]) -> str:
    """Return what figures that reach beyond the items may add, once for all; empty if nothing."""
    highs = [item.beyond[1] for item in items if item.beyond is not None]
    if not highs:
        return ""
    known = [high for high in highs if high is not None]
    if len(known) < len(highs):
        return clean_text(markup("charts.beyond.open"))
    return clean_text(markup("charts.beyond.up_to", high=max(known)))

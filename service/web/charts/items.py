"""What charts and their tables draw: totals with a label, words and links."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from service.domain.wording.range_text import chart_range_text, compact_range_text
from service.web.charts.text_layout import clean_text
from service.web.messages import markup


@dataclass(frozen=True, slots=True)
class ChartItem:
    """One total to draw.

    ``key`` identifies it in the chart, and ``text`` is the total in words. ``low`` None means that
    nothing is reported, which is not zero; ``high`` None beside a ``low`` means that no upper bound
    is known. ``nearest`` is the range of least violation of a disputed total, and ``contradiction``
    is by how many people its reports differ; None if that is not known. If not ``is_exact``, the
    true range may be narrower. ``proof_link`` leads to the proof, and ``detail_link`` to the page
    of this item alone. ``caveats`` are sentences.

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
    contradiction: int | None = None

    @property
    def total_range(self) -> tuple[int | None, int | None]:
        """The range of the total, with the figures that reach beyond the scope."""
        return self.beyond or (self.low, self.high)

    @property
    def shown_range(self) -> tuple[int | None, int | None]:
        """The range to draw: of a disputed total the nearest reading, where that is narrower."""
        return self.nearest or (self.low, self.high)

    @property
    def is_drawn(self) -> bool:
        """Whether there is a number to draw: something is reported of the scope itself."""
        return self.low is not None and (self.is_placed or self.low > 0)

    @property
    def number(self) -> str:
        """The range as a number beside the mark: "13,115–13,673", "70+"; words if there is none."""
        if not self.is_drawn:
            key = "charts.table.none" if self.low is None else "bars.not_placed"
            return clean_text(markup(key))
        low, high = self.shown_range
        return compact_range_text(low or 0, high if self.is_placed else None)

    @property
    def dispute_text(self) -> str:
        """By how many people reports differ, and what holds in any case; empty if undisputed.

        The range that holds in any case is left out where ``number`` has it.
        """
        if not self.is_disputed:
            return ""
        differ, certain = self.differ_text, self.merged_text
        if not certain:
            return differ
        return clean_text(markup("charts.differ.certain", differ=differ, certain=certain))

    @property
    def differ_text(self) -> str:
        """By how many people the reports of a disputed total differ."""
        count = self.contradiction
        return clean_text(
            markup("charts.differ", count=count) if count else markup("charts.contradict")
        )

    @property
    def merged_range(self) -> tuple[int | None, int | None]:
        """The range of a disputed total that holds whichever report is wrong."""
        return (self.low, self.high) if self.is_placed else self.total_range

    @property
    def merged_text(self) -> str:
        """The range that holds whichever report is wrong; empty if it is the one that is drawn."""
        if self.nearest is None or self.low is None:
            return ""
        low, high = self.merged_range
        return clean_text(markup("charts.certain", range=chart_range_text(low or 0, high)))


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
        """The reporter's name and the range: "Ministry of Defence 30+"."""
        number = compact_range_text(self.low, self.high)
        return clean_text(markup("charts.side", label=self.reporter_name, range=number))


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeBar(ChartItem):
    """A bar of a range chart.

    ``is_unplaced`` marks people who are known to be in the whole but in no single part: only their
    low is drawn, apart from the other bars. ``omitted_side_count`` is how many figures contradict
    each other besides those in ``sides``.
    """

    is_unplaced: bool = False
    sides: tuple[DisputeSide, ...] = ()
    omitted_side_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodBar(ChartItem):
    """A bar of a time chart: the total of the days from ``first_day`` to ``last_day`` inclusive."""

    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPoint(ChartItem):
    """A place on the map, at its coordinates in degrees east and north.

    They ``are_of_parts`` if they are the middle of the places inside it.
    """

    longitude: float
    latitude: float
    are_of_parts: bool = False


def find_beyond_note(items: Iterable[ChartItem]) -> str:
    """Return what figures that reach beyond the items may add, once for all; empty if nothing.

    It is the most that they may add to any one item.
    """
    added = [_count_beyond(item) for item in items if item.beyond is not None]
    if None in added:
        return clean_text(markup("charts.beyond.open"))
    most = max((each for each in added if each is not None), default=0)
    return clean_text(markup("charts.beyond.up_to", count=most)) if most else ""


def _count_beyond(item: ChartItem) -> int | None:
    """Return how many people wider figures may add to the item; None if that has no limit."""
    if item.high is None:
        return 0
    if item.beyond is None or item.beyond[1] is None:
        return None
    return max(item.beyond[1] - item.high, 0)

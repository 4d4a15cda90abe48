"""The range chart: a bar for every part, one axis for all, and the shared people apart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from zlib import crc32

from service.web.charts import legend, scale
from service.web.charts.bars import Bar, Side
from service.web.charts.scale import Stretch, Tick
from service.web.charts.svg_document import BOLD, MARGIN, ROOM, Line, Sheet, sheet_of
from service.web.charts.text_layout import plain, shortened, wrapped
from service.web.messages import text

_NAMES: Final = 320
_AXIS: Final = 40
_APART: Final = 34


@dataclass(frozen=True, slots=True)
class Row:
    """One bar as it is drawn; ``stretch`` is None where nothing is reported."""

    bar: Bar
    label: str
    text: str
    stretch: Stretch | None
    nearest: Stretch | None
    sides: tuple[tuple[Side, Stretch], ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A row in a picture of its own: its words, and the upper edge of it and of its sides."""

    row: Row
    y: int
    lines: tuple[Line, ...]
    sides: tuple[int, ...]
    end: int


@dataclass(frozen=True, slots=True)
class Ranges:
    """A range chart: its ``rows``, and ``apart`` those of people in no one part."""

    mark: str
    rows: tuple[Row, ...]
    apart: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    caption: str
    signs: tuple[str, ...]

    @property
    def placed(self) -> tuple[Placed, ...]:
        """The rows of the picture, one under another, those apart last."""
        return tuple(_placed(self.rows, self.apart))

    @property
    def tall(self) -> int:
        """How high the picture's drawing is, in pixels."""
        return max((each.end for each in self.placed), default=_AXIS)

    @property
    def rule(self) -> int | None:
        """Where the line is that sets the rows apart off; None without such rows."""
        first = next((each for each in self.placed if each.row.bar.shared), None)
        return first.y - _APART + 8 if first else None

    def sheet(self, title: str, caveats: Sequence[str], citation: str, scope: str) -> Sheet:
        """Return the picture with all its words, ready to be saved."""
        return sheet_of(title, caveats, citation, scope, self.signs, self.tall)


def ranges(bars: Sequence[Bar]) -> Ranges:
    """Return where everything of the chart stands; the bars keep their order."""
    known = [_known(bar) for bar in bars]
    axis = scale.fitting(number for bar in known for number in _numbers(bar))
    rows = tuple(_row(bar, axis) for bar in known)
    return Ranges(
        mark=f"r{crc32(repr(bars).encode('utf-8', 'replace')):08x}",
        rows=tuple(row for row in rows if not row.bar.shared),
        apart=tuple(row for row in rows if row.bar.shared),
        ticks=axis.ticks,
        caption=axis.caption,
        signs=legend.used(bars),
    )


def _known(bar: Bar) -> Bar:
    """Return what is drawn of the bar: of shared people the least alone."""
    if not bar.shared:
        return bar
    return replace(bar, high=bar.low, disputed=False, nearest=None, sides=())


def _numbers(bar: Bar) -> tuple[int | None, ...]:
    sides = (number for side in bar.sides for number in (side.low, side.high))
    return (bar.low, bar.high, *(bar.nearest or ()), *sides)


def _row(bar: Bar, axis: scale.Scale) -> Row:
    return Row(
        bar=bar,
        label=plain(bar.label),
        text=plain(bar.text),
        stretch=None if bar.low is None else axis.stretch(bar.low, bar.high),
        nearest=axis.stretch(*bar.nearest) if bar.nearest else None,
        sides=tuple((side, axis.stretch(side.low, side.high)) for side in bar.sides),
    )


def _placed(rows: Iterable[Row], apart: Iterable[Row]) -> Iterator[Placed]:
    y = _AXIS
    for row in rows:
        yield (found := _one(row, y))
        y = found.end
    y += _APART
    for row in apart:
        yield (found := _one(row, y))
        y = found.end


def _one(row: Row, top: int) -> Placed:
    """Return where the row stands: its words beside its bar, as high as the higher of the two."""
    lines: list[Line] = []
    y = top
    told = f"{row.text} ({row.bar.beyond})" if row.bar.beyond else row.text
    for words, size, role in ((row.label, 14, "strong"), (told, 13, "quiet")):
        for line in wrapped(words, size, _NAMES - 20, role in BOLD):
            y += size * 5 // 4
            lines.append(Line(MARGIN, y, size, role, line))
    y = max(y + 8, top + 30)
    sides = []
    for side, _ in row.sides:
        for line in wrapped(side.about, 12, ROOM - 16):
            lines.append(Line(MARGIN + 16, y + 13, 12, "quiet", line))
            y += 18
        sides.append(y)
        label = shortened(side.said, 12, _NAMES - 52)
        lines.append(Line(MARGIN + 32, y + 13, 12, "quiet", label))
        y += 20
    if row.bar.untold:
        more = plain(text("charts.sides.more", count=row.bar.untold))
        lines.append(Line(MARGIN + 16, y + 13, 12, "quiet", more))
        y += 18
    return Placed(row, top, tuple(lines), tuple(sides), y + 8)

"""The time chart: a range for every day, week or month, along the days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zlib import crc32

from service.web.charts import legend, range_text, scale
from service.web.charts.scale import FRAME, Stretch, Tick
from service.web.charts.svg_document import Sheet, sheet_of
from service.web.charts.text_layout import plain
from service.web.messages import text

TALL: Final = 300
"""How high the picture's drawing is, in pixels."""

_MANY: Final = 120
_CLOSE: Final = 850
_CLOSE_ON_PHONES: Final = 1_750
_AT_THE_END: Final = 9_500


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of days, ``last`` included, and its number of people.

    ``text`` is the total in words. ``low`` None means that nothing is reported, which is not zero;
    ``high`` None beside a ``low`` means open above. ``href`` leads to the proof and ``more`` to
    the days themselves; ``caveats`` qualify the number, in sentences.
    """

    key: str
    label: str
    text: str
    first: date
    last: date
    low: int | None
    high: int | None
    disputed: bool = False
    nearest: tuple[int, int | None] | None = None
    exact: bool = True
    href: str | None = None
    more: str | None = None
    caveats: tuple[str, ...] = ()

    @property
    def beyond(self) -> str:
        """What is said of a dispute, in words; empty where there is none."""
        return range_text.beyond(self.disputed, self.nearest)


@dataclass(frozen=True, slots=True)
class Column:
    """One span as it is drawn, from ``at`` and ``width`` wide, ``gap`` left free at each edge."""

    span: Span
    label: str
    text: str
    at: int
    width: int
    gap: int
    stretch: Stretch | None
    nearest: Stretch | None

    @property
    def middle(self) -> int:
        """Where the middle of the column is."""
        return self.at + self.width // 2


@dataclass(frozen=True, slots=True)
class Moment:
    """A mark on the axis of days; a ``minor`` one is left out where there is little room.

    ``year`` is written below it where it is not empty; ``again`` means only where little room has
    left out the mark that told it before.
    """

    at: int
    label: str
    year: str
    minor: bool
    again: bool = False


@dataclass(frozen=True, slots=True)
class Times:
    """A time chart: its columns by their days, its marks of people and of days."""

    mark: str
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    moments: tuple[Moment, ...]
    caption: str
    signs: tuple[str, ...]
    tall: int = TALL

    @property
    def arrow(self) -> int:
        """How wide half of an arrow's head is, in pixels: less where columns are narrow."""
        steps = ((16, 5), (31, 4), (60, 3))
        return next((wide for count, wide in steps if len(self.columns) <= count), 2)

    @property
    def dense(self) -> bool:
        """Whether columns are too narrow for lines in and around them."""
        return len(self.columns) > 60

    def sheet(self, title: str, caveats: Sequence[str], citation: str, scope: str) -> Sheet:
        """Return the picture with all its words, ready to be saved."""
        return sheet_of(title, caveats, citation, scope, self.signs, self.tall)


def times(spans: Sequence[Span]) -> Times:
    """Return where everything of the chart stands; the spans come by their first days."""
    known = sorted(spans, key=lambda span: (span.first, span.last))
    numbers = (number for span in known for number in _numbers(span))
    axis = scale.fitting(numbers, marks=4)
    begin = min((span.first for span in known), default=date(1, 1, 1))
    days = max(((span.last - begin).days + 1 for span in known), default=1)
    return Times(
        mark=f"t{crc32(repr(spans).encode('utf-8', 'replace')):08x}",
        columns=tuple(_column(span, axis, begin, days, len(known)) for span in known),
        ticks=axis.ticks,
        moments=_moments(begin, days) if known else (),
        caption=axis.caption,
        signs=legend.used(known),
    )


def _numbers(span: Span) -> tuple[int | None, ...]:
    return (span.low, span.high, *(span.nearest or ()))


def _column(span: Span, axis: scale.Scale, begin: date, days: int, count: int) -> Column:
    at = (span.first - begin).days * FRAME // days
    width = max(1, ((span.last - begin).days + 1) * FRAME // days - at)
    return Column(
        span=span,
        label=plain(span.label),
        text=plain(span.text),
        at=at,
        width=width,
        gap=0 if count > _MANY else min(width // 8, 60),
        stretch=None if span.low is None else axis.stretch(span.low, span.high),
        nearest=axis.stretch(*span.nearest) if span.nearest else None,
    )


def _moments(begin: date, days: int) -> tuple[Moment, ...]:
    """Return marks at the finest step that leaves room for their words."""
    end = begin + timedelta(days=days - 1)
    for step in _steps():
        found = [(each, _is_major(each, step)) for each in _dates(begin, end, step)]
        if len(found) <= 11 and sum(major for _, major in found) <= 6:
            break
    return tuple(_spaced(begin, days, step[0], found))


Step = tuple[str, int, int]
"""A unit of days, weeks (``w``), months or years: how many apart marks and major marks are."""


def _steps() -> Iterator[Step]:
    yield from (("d", 1, 2), ("d", 2, 4), ("w", 1, 2), ("w", 2, 4), ("m", 1, 2), ("m", 1, 3))
    yield from (("m", 3, 6), ("m", 6, 12))
    power = 1
    while True:
        yield from (("y", power, 2 * power), ("y", 2 * power, 4 * power))
        yield ("y", 5 * power, 10 * power)
        power *= 10


def _number(day: date, unit: str) -> int:
    """Return how many whole units lie before the day."""
    if unit == "d":
        return day.toordinal()
    if unit == "w":
        return (day.toordinal() - 1) // 7
    return day.year * 12 + day.month - 1 if unit == "m" else day.year


def _is_major(day: date, step: Step) -> bool:
    return _number(day, step[0]) % step[2] == 0


def _dates(begin: date, end: date, step: Step) -> Iterator[date]:
    """Return the first days of the steps from the first day to the last, and one too many."""
    unit, every, _ = step
    number = -(-_number(begin, unit) // every) * every
    for _ in range(13):
        day = _day(number, unit)
        if day is None or day > end:
            return
        if day >= begin:
            yield day
        number += every


def _day(number: int, unit: str) -> date | None:
    """Return the day with which the unit begins; None where no calendar reaches."""
    try:
        if unit == "d":
            return date.fromordinal(number)
        if unit == "w":
            return date.fromordinal(number * 7 + 1)
        return date(number // 12, number % 12 + 1, 1) if unit == "m" else date(number, 1, 1)
    except (ValueError, OverflowError):
        return None


def _spaced(
    begin: date, days: int, unit: str, dates: Sequence[tuple[date, bool]]
) -> Iterator[Moment]:
    """Return the marks without those whose words would run into each other."""
    last, last_major = -FRAME, -FRAME
    year, year_major = 0, 0
    for day, major in dates:
        at = (day - begin).days * FRAME // days
        major = major and at - last_major >= _CLOSE_ON_PHONES and at <= FRAME - _CLOSE_ON_PHONES
        if at - last < _CLOSE or at > _AT_THE_END:
            continue
        told = unit != "y" and (day.year != year or (major and day.year != year_major))
        written = f"{day.year:04}" if told else ""
        moment = Moment(at, _words(day, unit), written, not major, day.year == year)
        last, year = at, day.year
        if major:
            last_major, year_major = at, day.year
        yield moment


def _words(day: date, unit: str) -> str:
    if unit == "y":
        return f"{day.year}"
    month = text(f"charts.month.{day.month}")
    return plain(month if unit == "m" else text("charts.day", day=day.day, month=month))

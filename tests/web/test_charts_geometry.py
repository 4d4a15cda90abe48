"""Where things stand in charts, whatever the numbers: in the frame, in order, apart from zero."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from service.web.charts import scale, text_layout
from service.web.charts.bars import Bar, Side
from service.web.charts.basemap import MOST, Frame, within
from service.web.charts.map_chart import LARGEST, SMALLEST, TALL, WIDE, Spot, drawn
from service.web.charts.range_chart import Ranges, ranges
from service.web.charts.scale import FRAME, Stretch
from service.web.charts.time_chart import Span, Times, times

people = st.integers(0, 10**9)
closed = st.tuples(people, people).map(sorted).map(tuple)
bounds = st.one_of(closed, people.map(lambda low: (low, None)), st.just((None, None)))

PHONE = 320
WIDE_PAGE = 584
NUMBER = 12


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low, high = draw(bounds)
    disputed = low is not None and draw(st.booleans())
    return Bar(
        key=draw(st.text(max_size=3)),
        label=draw(st.text(max_size=60)),
        text=draw(st.text(max_size=60)),
        low=low,
        high=high,
        disputed=disputed,
        nearest=draw(closed) if disputed else None,
        exact=draw(st.booleans()),
        shared=draw(st.booleans()),
        sides=(Side("one", 3, None), Side("other", 5, 7)) if disputed else (),
    )


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    first = draw(st.dates(date(1900, 1, 1), date(2090, 1, 1)))
    found = []
    for number in range(draw(st.integers(1, 60))):
        last = first + timedelta(days=draw(st.sampled_from((0, 0, 6, 30, 364))))
        low, high = draw(bounds)
        found.append(Span(str(number), f"span {number}", "words", first, last, low, high))
        first = last + timedelta(days=1)
    return found


@st.composite
def spots(draw: st.DrawFn) -> Spot:
    low, high = draw(bounds)
    return Spot(
        key=draw(st.text(max_size=3)),
        label=draw(st.text(max_size=30)),
        text="words",
        longitude=draw(st.floats(-180, 180)),
        latitude=draw(st.floats(-90, 90)),
        low=low,
        high=high,
        disputed=draw(st.booleans()),
    )


def stretches(chart: Ranges) -> list[Stretch]:
    rows = (*chart.rows, *chart.apart)
    sides = [stretch for row in rows for _, stretch in row.sides]
    return [each for row in rows for each in (row.stretch, row.nearest) if each] + sides


@given(st.lists(bars(), max_size=30))
def test_every_bar_lies_within_the_frame(given_bars: list[Bar]) -> None:
    chart = ranges(given_bars)
    for stretch in stretches(chart):
        assert 0 <= stretch.low <= stretch.high <= FRAME
        assert stretch.open == (stretch.high == FRAME)
        assert not stretch.open or stretch.low < stretch.high
    assert len(chart.rows) + len(chart.apart) == len(given_bars)
    assert all(row.stretch is None or row.stretch.high == row.stretch.low for row in chart.apart)


@given(st.lists(people, min_size=2, max_size=20))
def test_more_people_never_take_less_room(numbers: list[int]) -> None:
    axis = scale.fitting(numbers)
    known = sorted(numbers)
    assert all(axis.at(one) <= axis.at(other) for one, other in pairwise(known))
    assert axis.at(0) == 0 and axis.at(1) > 0


@given(people)
def test_not_reported_and_zero_and_one_are_told_apart(top: int) -> None:
    low_bars = [Bar("a", "", "", low, low) for low in (0, 1, top)]
    zero, one, _ = ranges(low_bars).rows
    nothing = ranges([Bar("b", "", "", None, None)]).rows[0]
    assert nothing.stretch is None
    assert zero.stretch is not None and zero.stretch.low == 0
    assert one.stretch is not None and one.stretch.low > 0


@given(people)
def test_marks_of_people_are_round_and_do_not_touch(top: int) -> None:
    axis = scale.fitting([top, None])
    labels = [(tick.at / FRAME, text_layout.width(tick.label, NUMBER)) for tick in axis.ticks]
    for (at, wide), (after, wider) in pairwise(labels):
        assert (after - at) * PHONE > (wide + wider) / 2
    assert axis.ticks[0].value == 0 and axis.top >= top
    assert str(axis.step).strip("0") in {"1", "2", "5"}
    assert labels[-1][0] * PHONE + labels[-1][1] / 2 <= PHONE + 10


def test_large_numbers_are_written_in_millions_and_said_to_be() -> None:
    axis = scale.fitting([2_300_000])
    assert [tick.label for tick in axis.ticks] == ["0", "0.5", "1", "1.5", "2", "2.5"]
    assert axis.caption == "Number of people, in millions"
    assert [tick.label for tick in scale.fitting([999]).ticks][-1] == "1,000"


@given(spans())
def test_spans_lie_in_their_order_and_in_the_frame(given_spans: list[Span]) -> None:
    chart = times(list(reversed(given_spans)))
    assert [column.span for column in chart.columns] == given_spans
    for one, other in pairwise(chart.columns):
        assert one.at < other.at and one.at + one.width <= other.at + 1
    for column in chart.columns:
        assert 0 <= column.at and column.at + column.width <= FRAME
        assert column.width - 2 * column.gap >= 1
        assert (column.stretch is None) == (column.span.low is None)


@given(spans())
def test_marks_of_days_do_not_touch(given_spans: list[Span]) -> None:
    chart = times(given_spans)
    _apart(chart, [moment for moment in chart.moments if not moment.minor], PHONE - 56)
    _apart(chart, list(chart.moments), WIDE_PAGE)


def _apart(chart: Times, moments: list, room: int) -> None:
    for one, other in pairwise(moments):
        assert (other.at - one.at) / FRAME * room > text_layout.width(one.label, NUMBER)


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        (date(2024, 12, 30), date(2025, 1, 3), ["30 Dec 2024", "31 Dec", "1 Jan 2025"]),
        (date(2024, 11, 1), date(2025, 5, 31), ["Nov 2024", "Dec", "Jan 2025", "Feb"]),
        (date(2019, 1, 1), date(2025, 5, 31), ["2019", "2020"]),
        (date(1914, 1, 1), date(2025, 5, 31), ["1920", "1930"]),
        (date(2025, 1, 1), date(2025, 1, 1), ["1 Jan 2025"]),
    ],
)
def test_days_are_marked_by_what_suits_their_number(
    first: date, last: date, labels: list[str]
) -> None:
    moments = times([Span("a", "", "", first, last, 1, 2)]).moments
    assert [f"{each.label} {each.year}".strip() for each in moments][: len(labels)] == labels


def test_no_spans_and_no_bars_make_empty_charts() -> None:
    assert times([]).columns == () and times([]).moments == ()
    assert ranges([]).rows == ()


def test_there_is_no_map_without_points() -> None:
    assert drawn([]) is None


@settings_of_hypothesis(max_examples=40)
@given(st.lists(spots(), min_size=1, max_size=12))
def test_every_spot_lies_on_the_map(given_spots: list[Spot]) -> None:
    chart = drawn(given_spots)
    assert chart is not None
    assert len(chart.discs) == len(given_spots)
    for disc in chart.discs:
        assert 0 <= disc.x <= WIDE and 0 <= disc.y <= TALL
        assert disc.low is None or 0 <= disc.low <= LARGEST
        assert disc.high is None or (disc.low is not None and disc.low <= disc.high <= LARGEST)
    assert [disc.reach for disc in chart.discs] == sorted(
        (disc.reach for disc in chart.discs), reverse=True
    )
    assert len(chart.outline.coasts) + len(chart.outline.borders) <= MOST
    assert 0 < chart.bar <= WIDE / 2
    assert all(size.x + size.radius <= WIDE and size.radius <= LARGEST for size in chart.sizes)


def spot(key: str, longitude: float, latitude: float, low: int, high: int | None = None) -> Spot:
    return Spot(key, key, "words", longitude, latitude, low, high)


def test_areas_grow_as_numbers_do() -> None:
    chart = drawn([spot("a", 35, 51, 400, 400), spot("b", 37, 52, 100, 400)])
    assert chart is not None
    big, small = sorted(chart.discs, key=lambda disc: disc.spot.key)
    assert big.low and small.low and small.high
    assert big.low == 2 * small.low and small.high == big.high


def test_one_village_is_not_zoomed_into() -> None:
    chart = drawn([spot("a", 35.3, 51.1, 1)])
    assert chart is not None
    assert chart.frame.north - chart.frame.south == pytest.approx(1.5, abs=0.001)
    assert chart.discs[0].low and SMALLEST <= chart.discs[0].low < LARGEST / 2


def test_the_shortest_way_round_crosses_the_date_line() -> None:
    chart = drawn([spot("fiji", 179, -17, 3), spot("samoa", -172, -14, 3)])
    assert chart is not None
    fiji, samoa = sorted(chart.discs, key=lambda disc: disc.spot.key)
    assert fiji.x < samoa.x
    assert chart.frame.east - chart.frame.west < 20


def test_the_outline_keeps_to_its_frame_and_its_budget() -> None:
    world = within(Frame(-180, 180, -90, 90, WIDE, TALL))
    assert 5_000 < len(world.coasts) + len(world.borders) <= MOST
    ocean = within(Frame(-30, -27, -30, -28, WIDE, TALL))
    assert ocean.coasts == ocean.borders == ""
    for point in _points(within(Frame(30, 40, 48, 54, WIDE, TALL)).borders):
        assert -1 <= point[0] <= WIDE + 1 and -1 <= point[1] <= TALL + 1


def _points(path: str) -> list[tuple[int, int]]:
    """Follow the path, of whole relative steps, and return where it goes."""
    found = []
    for line in path.split("M")[1:]:
        begin, steps = line.split("l")
        x, y = map(int, begin.split(","))
        found.append((x, y))
        for step in steps.split(" "):
            across, down = step.replace("-", ",-").removeprefix(",").replace(",,", ",").split(",")
            x, y = x + int(across), y + int(down)
            found.append((x, y))
    return found


@given(st.text(max_size=300), st.integers(40, 400))
def test_wrapped_text_fits_and_is_whole(text: str, room: int) -> None:
    lines = text_layout.wrapped(text, 13, room)
    assert all(text_layout.width(line, 13) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(text_layout.plain(text).split())
    assert text_layout.width(text_layout.shortened(text, 13, room), 13) <= room

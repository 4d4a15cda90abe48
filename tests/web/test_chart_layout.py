"""Where things stand in charts, whatever the numbers: in the frame, in order, apart from zero."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from service.web.charts import scale, text_layout
from service.web.charts.basemap import MAX_PATH_LETTERS, Frame, clip_outline
from service.web.charts.items import DisputeSide, MapPoint, PeriodBar, RangeBar
from service.web.charts.map_chart import (
    MAP_HEIGHT,
    MAP_WIDTH,
    MAX_RADIUS,
    MIN_RADIUS,
    layout_map,
)
from service.web.charts.range_chart import RangeChart, layout_range_chart
from service.web.charts.scale import AXIS_LENGTH, RangePosition
from service.web.charts.time_chart import TimeChart, layout_time_chart

people = st.integers(0, 10**9)
closed_ranges = st.tuples(people, people).map(sorted).map(tuple)
ranges = st.one_of(closed_ranges, people.map(lambda low: (low, None)), st.just((None, None)))

PHONE_WIDTH = 320
PAGE_WIDTH = 584
FONT_SIZE = 12


@st.composite
def draw_bar(draw: st.DrawFn) -> RangeBar:
    low, high = draw(ranges)
    disputed = low is not None and draw(st.booleans())
    return RangeBar(
        key=draw(st.text(max_size=3)),
        label=draw(st.text(max_size=60)),
        text=draw(st.text(max_size=60)),
        low=low,
        high=high,
        is_disputed=disputed,
        nearest=draw(closed_ranges) if disputed else None,
        is_exact=draw(st.booleans()),
        is_unplaced=draw(st.booleans()),
        sides=(DisputeSide("one", 3, None), DisputeSide("other", 5, 7)) if disputed else (),
    )


@st.composite
def draw_bars(draw: st.DrawFn) -> list[PeriodBar]:
    first = draw(st.dates(date(1900, 1, 1), date(2090, 1, 1)))
    made_bars = []
    for number in range(draw(st.integers(1, 60))):
        last = first + timedelta(days=draw(st.sampled_from((0, 0, 6, 30, 364))))
        low, high = draw(ranges)
        made_bars.append(
            PeriodBar(
                str(number), f"period {number}", "words", low, high, first_day=first, last_day=last
            )
        )
        first = last + timedelta(days=1)
    return made_bars


@st.composite
def draw_point(draw: st.DrawFn) -> MapPoint:
    low, high = draw(ranges)
    return MapPoint(
        key=draw(st.text(max_size=3)),
        label=draw(st.text(max_size=30)),
        text="words",
        longitude=draw(st.floats(-180, 180)),
        latitude=draw(st.floats(-90, 90)),
        low=low,
        high=high,
        is_disputed=draw(st.booleans()),
    )


def list_main_positions(chart: RangeChart) -> list[RangePosition]:
    """Return the positions of what the axis is made for."""
    return [each for row in chart.rows for each in (row.position, row.nearest) if each]


def list_other_positions(chart: RangeChart) -> list[RangePosition]:
    """Return the positions of what may be cut at the end of the axis."""
    rows = (*chart.rows, *chart.unplaced_rows)
    unplaced = [row.position for row in chart.unplaced_rows if row.position]
    return [*unplaced, *(stretch for row in rows for _, stretch in row.sides)]


@given(st.lists(draw_bar(), max_size=30))
def test_every_bar_lies_within_the_frame(given_bars: list[RangeBar]) -> None:
    chart = layout_range_chart(given_bars)
    for stretch in (*list_main_positions(chart), *list_other_positions(chart)):
        assert 0 <= stretch.low <= stretch.high <= AXIS_LENGTH
        assert stretch.is_open == (stretch.high == AXIS_LENGTH)
    assert all(each.low < each.high for each in list_main_positions(chart) if each.is_open)
    assert len(chart.rows) + len(chart.unplaced_rows) == len(given_bars)
    assert all(
        row.position is None or row.position.high == row.position.low for row in chart.unplaced_rows
    )


def test_a_bar_of_unplaced_people_is_cut_where_it_would_hide_the_others() -> None:
    def draw(placed: int, unplaced: int) -> RangeChart:
        bars = [RangeBar("a", "", "", placed, placed)]
        return layout_range_chart([*bars, RangeBar("", "", "", unplaced, None, is_unplaced=True)])

    assert [tick.value for tick in draw(100, 39_850).ticks][-1] == 100
    assert draw(100, 39_850).unplaced_rows[0].is_cut
    assert "cut" in draw(100, 39_850).signs
    assert [tick.value for tick in draw(301, 205).ticks][-1] == 400
    assert not draw(301, 205).unplaced_rows[0].is_cut
    assert [tick.value for tick in draw(100, 200).ticks][-1] == 200
    assert [tick.value for tick in draw(0, 30).ticks][-1] == 30


def test_a_figure_about_more_people_does_not_stretch_the_axis() -> None:
    sides = (DisputeSide("Region", 40_000, 40_000), DisputeSide("Village", 5, None))
    chart = layout_range_chart([RangeBar("a", "", "", 3, 5, is_disputed=True, sides=sides)])
    assert chart.ticks[-1].value == 5
    (beyond, village) = (position for _, position in chart.rows[0].sides)
    assert beyond == RangePosition(AXIS_LENGTH, AXIS_LENGTH, is_open=True)
    assert village.is_open and village.low < AXIS_LENGTH


@given(st.lists(people, min_size=2, max_size=20))
def test_more_people_never_take_less_room(numbers: list[int]) -> None:
    axis = scale.fit_axis(numbers)
    known = sorted(numbers)
    assert all(axis.locate(one) <= axis.locate(other) for one, other in pairwise(known))
    assert axis.locate(0) == 0 and axis.locate(1) > 0


@given(people)
def test_not_reported_and_zero_and_one_are_drawn_differently(top: int) -> None:
    low_bars = [RangeBar("a", "", "", low, low) for low in (0, 1, top)]
    zero, one, _ = layout_range_chart(low_bars).rows
    nothing = layout_range_chart([RangeBar("b", "", "", None, None)]).rows[0]
    assert nothing.position is None
    assert zero.position is not None and zero.position.low == 0
    assert one.position is not None and one.position.low > 0


@given(people)
def test_marks_of_people_are_round_and_do_not_touch(top: int) -> None:
    axis = scale.fit_axis([top, None])
    labels = [
        (tick.position / AXIS_LENGTH, text_layout.measure_text(tick.label, FONT_SIZE))
        for tick in axis.ticks
    ]
    for (at, wide), (after, wider) in pairwise(labels):
        assert (after - at) * PHONE_WIDTH > (wide + wider) / 2
    assert axis.ticks[0].value == 0 and axis.top >= top
    assert str(axis.step).strip("0") in {"1", "2", "5"}
    assert labels[-1][0] * PHONE_WIDTH + labels[-1][1] / 2 <= PHONE_WIDTH + 10


def test_large_numbers_are_labelled_in_millions() -> None:
    axis = scale.fit_axis([2_300_000])
    assert [tick.label for tick in axis.ticks] == ["0", "0.5", "1", "1.5", "2", "2.5"]
    assert axis.caption == "Number of people, in millions"
    assert [tick.label for tick in scale.fit_axis([999]).ticks][-1] == "1,000"


@given(draw_bars())
def test_spans_are_in_order_and_within_the_frame(given_bars: list[PeriodBar]) -> None:
    chart = layout_time_chart(list(reversed(given_bars)))
    assert [column.bar for column in chart.columns] == given_bars
    for one, other in pairwise(chart.columns):
        assert one.left < other.left and one.left + one.width <= other.left + 1
    for column in chart.columns:
        assert 0 <= column.left and column.left + column.width <= AXIS_LENGTH
        assert column.width - 2 * column.gap >= 1
        assert (column.position is None) == (column.bar.low is None)


@given(draw_bars())
def test_marks_of_days_do_not_touch(given_bars: list[PeriodBar]) -> None:
    chart = layout_time_chart(given_bars)
    _assert_ticks_apart(
        chart,
        [date_tick for date_tick in chart.date_ticks if not date_tick.is_minor],
        PHONE_WIDTH - 56,
    )
    _assert_ticks_apart(chart, list(chart.date_ticks), PAGE_WIDTH)


def _assert_ticks_apart(chart: TimeChart, date_ticks: list, room: int) -> None:
    for one, other in pairwise(date_ticks):
        assert (other.position - one.position) / AXIS_LENGTH * room > text_layout.measure_text(
            one.label, FONT_SIZE
        )


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
    date_ticks = layout_time_chart(
        [PeriodBar("a", "", "", 1, 2, first_day=first, last_day=last)]
    ).date_ticks
    assert [f"{each.label} {each.year}".strip() for each in date_ticks][: len(labels)] == labels


def test_no_spans_and_no_bars_make_empty_charts() -> None:
    assert layout_time_chart([]).columns == () and layout_time_chart([]).date_ticks == ()
    assert layout_range_chart([]).rows == ()


def test_there_is_no_map_without_points() -> None:
    assert layout_map([]) is None


@settings_of_hypothesis(max_examples=40)
@given(st.lists(draw_point(), min_size=1, max_size=12))
def test_every_spot_lies_on_the_map(given_points: list[MapPoint]) -> None:
    chart = layout_map(given_points)
    assert chart is not None
    assert len(chart.discs) == len(given_points)
    for disc in chart.discs:
        assert 0 <= disc.x <= MAP_WIDTH and 0 <= disc.y <= MAP_HEIGHT
        assert disc.low_radius is None or 0 <= disc.low_radius <= MAX_RADIUS
        assert disc.high_radius is None or (
            disc.low_radius is not None and disc.low_radius <= disc.high_radius <= MAX_RADIUS
        )
    assert [disc.outer_radius for disc in chart.discs] == sorted(
        (disc.outer_radius for disc in chart.discs), reverse=True
    )
    assert len(chart.outline.coasts) + len(chart.outline.borders) <= MAX_PATH_LETTERS
    assert 0 < chart.scale_bar_width <= MAP_WIDTH / 2
    assert all(
        size.x + size.radius <= MAP_WIDTH and size.radius <= MAX_RADIUS
        for size in chart.legend_discs
    )


def make_point(
    key: str, longitude: float, latitude: float, low: int, high: int | None = None
) -> MapPoint:
    return MapPoint(key, key, "words", low, high, longitude=longitude, latitude=latitude)


def test_areas_grow_as_numbers_do() -> None:
    chart = layout_map([make_point("a", 35, 51, 400, 400), make_point("b", 37, 52, 100, 400)])
    assert chart is not None
    big, small = sorted(chart.discs, key=lambda disc: disc.point.key)
    assert big.low_radius and small.low_radius and small.high_radius
    assert big.low_radius == 2 * small.low_radius and small.high_radius == big.high_radius


def test_one_village_is_not_zoomed_into() -> None:
    chart = layout_map([make_point("a", 35.3, 51.1, 1)])
    assert chart is not None
    assert chart.frame.north - chart.frame.south == pytest.approx(1.5, abs=0.001)
    assert chart.discs[0].low_radius and MIN_RADIUS <= chart.discs[0].low_radius < MAX_RADIUS / 2


def test_the_shortest_way_round_crosses_the_date_line() -> None:
    chart = layout_map([make_point("fiji", 179, -17, 3), make_point("samoa", -172, -14, 3)])
    assert chart is not None
    fiji, samoa = sorted(chart.discs, key=lambda disc: disc.point.key)
    assert fiji.x < samoa.x
    assert chart.frame.east - chart.frame.west < 20


def test_the_basemap_stays_within_its_frame_and_its_size() -> None:
    world = clip_outline(Frame(-180, 180, -90, 90, MAP_WIDTH, MAP_HEIGHT))
    assert 5_000 < len(world.coasts) + len(world.borders) <= MAX_PATH_LETTERS
    ocean = clip_outline(Frame(-30, -27, -30, -28, MAP_WIDTH, MAP_HEIGHT))
    assert ocean.coasts == ocean.borders == ""
    for point in _follow_path(clip_outline(Frame(30, 40, 48, 54, MAP_WIDTH, MAP_HEIGHT)).borders):
        assert -1 <= point[0] <= MAP_WIDTH + 1 and -1 <= point[1] <= MAP_HEIGHT + 1


def _follow_path(path: str) -> list[tuple[int, int]]:
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
    lines = text_layout.wrap_text(text, 13, room)
    assert all(text_layout.measure_text(line, 13) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(text_layout.clean_text(text).split())
    assert text_layout.measure_text(text_layout.shorten_text(text, 13, room), 13) <= room

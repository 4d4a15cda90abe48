"""Where things stand in charts, whatever the numbers: in the frame, in order, apart from zero."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from service.web.charts import scale, text_layout
from service.web.charts.basemap import MAX_PATH_LETTERS, Frame, clip_outline
from service.web.charts.dispute_lines import MAX_DISPUTES
from service.web.charts.items import DisputeSide, MapPoint, PeriodBar, RangeBar
from service.web.charts.map_chart import MAX_RADIUS, layout_map
from service.web.charts.map_frame import MAP_HEIGHT, MAP_WIDTH
from service.web.charts.map_labels import MIN_RADIUS
from service.web.charts.range_chart import RangeChart, layout_range_chart
from service.web.charts.scale import AXIS_LENGTH, RangePosition
from service.web.charts.time_chart import (
    MAX_BARS,
    MAX_LABELLED_BARS,
    TimeChart,
    layout_time_chart,
)
from service.web.charts.time_labels import PLOT_WIDTHS, AxisLabel

people = st.integers(0, 10**9)
closed_ranges = st.tuples(people, people).map(sorted).map(tuple)
ranges = st.one_of(closed_ranges, people.map(lambda low: (low, None)), st.just((None, None)))

PHONE_WIDTH = 320
LABELLED_WIDTH = 416
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
        is_unplaced=low is not None and draw(st.booleans()),
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
        nearest=draw(st.none() | closed_ranges),
    )


def list_main_positions(chart: RangeChart) -> list[RangePosition]:
    """Return the positions of what the scale is made for."""
    return [row.position for row in chart.rows if row.position]


def list_other_positions(chart: RangeChart) -> list[RangePosition]:
    """Return the positions of unplaced people, and of what contradicts each other."""
    unplaced = [row.position for row in chart.unplaced_rows if row.position]
    return [*unplaced, *(line.position for each in chart.disputes for line in each.lines)]


@given(st.lists(draw_bar(), max_size=30))
def test_every_bar_lies_within_the_frame(given_bars: list[RangeBar]) -> None:
    chart = layout_range_chart(given_bars)
    for stretch in (*list_main_positions(chart), *list_other_positions(chart)):
        assert 0 <= stretch.low <= stretch.high <= AXIS_LENGTH
    assert len(chart.rows) + len(chart.unplaced_rows) == len(given_bars)
    for row in chart.rows:
        low, high = row.bar.shown_range
        assert (row.position is None) == (row.bar.low is None)
        if row.position:
            assert row.position.is_open == (high is None)
            assert row.position.high == row.position.low or (high or 0) > (low or 0)
    assert all(
        row.position is None or row.position.high == row.position.low or row.is_cut
        for row in chart.unplaced_rows
    )


@given(st.lists(draw_bar(), max_size=30))
def test_the_longest_bar_is_as_long_as_the_scale(given_bars: list[RangeBar]) -> None:
    chart = layout_range_chart(given_bars)
    numbers = [number for row in chart.rows for number in row.bar.shown_range if number]
    longest = max((each.high for each in list_main_positions(chart)), default=0)
    assert longest == (AXIS_LENGTH if numbers else 0)


def test_a_bar_of_unplaced_people_is_cut_where_it_would_hide_the_others() -> None:
    def draw(placed: int, unplaced: int) -> RangeChart:
        bars = [RangeBar("a", "", "", placed, placed)]
        return layout_range_chart([*bars, RangeBar("", "", "", unplaced, None, is_unplaced=True)])

    assert draw(100, 39_850).rows[0].position == RangePosition(AXIS_LENGTH, AXIS_LENGTH)
    assert draw(100, 39_850).unplaced_rows[0].is_cut
    assert "cut" in draw(100, 39_850).signs
    assert not draw(301, 205).unplaced_rows[0].is_cut and "cut" not in draw(301, 205).signs
    assert draw(0, 30).unplaced_rows[0].position == RangePosition(AXIS_LENGTH, AXIS_LENGTH)


def test_a_wider_figure_does_not_stretch_the_scale_and_is_told_once() -> None:
    chart = layout_range_chart([RangeBar("a", "a", "100", 100, 100, beyond=(100, 40_000))])
    assert chart.rows[0].position == RangePosition(AXIS_LENGTH, AXIS_LENGTH)
    assert "39,900" in chart.note
    assert layout_range_chart([RangeBar("a", "a", "100", 100, None, beyond=(100, None))]).note == ""


@pytest.mark.parametrize(
    ("low", "high", "number"),
    [
        (13_115, 13_673, "13,115–13,673"),
        (70, None, "70+"),
        (100, 100, "100"),
        (0, 0, "0"),
        (0, 9, "0–9"),
        (0, None, "not known"),
        (None, None, "not reported"),
    ],
)
def test_the_number_beside_a_bar_is_short(low: int | None, high: int | None, number: str) -> None:
    assert RangeBar("a", "", "", low, high).number == number


def test_a_contradiction_is_told_once_for_all_bars_that_it_disputes() -> None:
    sides = (DisputeSide("Region", 40, 40, "All"), DisputeSide("Village", 5, None))
    bars = [
        RangeBar(key, key, "", 3, 50, is_disputed=True, contradiction=35, sides=sides,
                 nearest=(5, 40) if key == "a" else None)
        for key in "abcdefghijkl"
    ]  # fmt: skip
    (dispute,) = layout_range_chart(bars).disputes
    assert dispute.text == "a, b, c, d, e, f, g, h and 4 more: reports differ by 35 people."
    assert [line.text for line in dispute.lines] == [
        "Region 40", "Village 5+", "a: 3 to 50 whichever is wrong",
    ]  # fmt: skip
    region, village, merged = (line.position for line in dispute.lines)
    assert merged.high == AXIS_LENGTH and region.low < merged.high
    assert village.is_open and dispute.lines[0].scope_text == "All"


@given(people, people, st.booleans())
def test_the_name_of_a_side_stays_beside_its_line(low: int, wide: int, is_open: bool) -> None:
    sides = (
        DisputeSide(
            "The Ministry of Defence of the Republic", low, None if is_open else low + wide
        ),
        DisputeSide("x", 10**9, 10**9),
    )
    bar = RangeBar("a", "a", "", 1, 2, is_disputed=True, sides=sides)
    line = layout_range_chart([bar]).disputes[0].lines[0]
    label = text_layout.measure_text(line.label, FONT_SIZE) / LABELLED_WIDTH * AXIS_LENGTH
    if line.place == "after":
        assert line.position.high + label <= AXIS_LENGTH
    elif line.place == "before":
        assert line.position.low - label >= 0
    assert line.height in {18, 32}


def test_many_contradictions_are_counted() -> None:
    bars = [
        RangeBar(f"{n}", f"{n}", "", n, n + 1, is_disputed=True, contradiction=n + 1)
        for n in range(MAX_DISPUTES + 3)
    ]
    chart = layout_range_chart(bars)
    assert len(chart.disputes) == MAX_DISPUTES and chart.omitted_dispute_count == 3


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
def test_labels_of_days_do_not_touch(given_bars: list[PeriodBar]) -> None:
    chart = layout_time_chart(given_bars)
    for width, pixels in PLOT_WIDTHS.items():
        for line in (0, 1):
            shown = [
                each
                for each in chart.day_labels
                if each.line == line and each.shown_on in (width, "both")
            ]
            ends = [_locate_label(each, pixels) for each in sorted(shown, key=_position_of)]
            assert all(one[1] <= other[0] for one, other in pairwise(ends))


def _position_of(label: AxisLabel) -> int:
    return label.position


def _locate_label(label: AxisLabel, pixels: int) -> tuple[float, float]:
    wide = text_layout.measure_text(label.text, FONT_SIZE)
    left = label.position * pixels / AXIS_LENGTH - (wide / 2 if label.anchor == "middle" else 0)
    return left, left + wide


@given(draw_bars())
def test_numbers_are_in_front_of_no_bar_and_no_number(given_bars: list[PeriodBar]) -> None:
    chart = layout_time_chart(given_bars)
    for width, pixels in PLOT_WIDTHS.items():
        shown = [each for each in chart.numbers if each.shown_on in (width, "both")]
        boxes = []
        for number in shown:
            half = text_layout.measure_text(number.text, FONT_SIZE) * 0.9 / 2
            middle = number.position * pixels / AXIS_LENGTH
            bottom = number.height * chart.plot_height / AXIS_LENGTH
            boxes.append((middle - half, middle + half, bottom))
            for column in chart.columns:
                left, right = (
                    at * pixels / AXIS_LENGTH for at in (column.left, column.left + column.width)
                )
                if left < middle + half and middle - half < right and column.position:
                    assert column.position.high <= number.height
        for one, other in combinations(boxes, 2):
            apart = one[1] <= other[0] or other[1] <= one[0]
            assert apart or abs(one[2] - other[2]) >= FONT_SIZE


def make_months(*numbers: tuple[int | None, int | None]) -> list[PeriodBar]:
    return [
        PeriodBar(
            f"2016-{n:02}", f"{n}", "", low, high,
            first_day=date(2016, n, 1), last_day=date(2016, n, monthrange(2016, n)[1]),
        )
        for n, (low, high) in enumerate(numbers, 1)
    ]  # fmt: skip


def test_every_bar_of_a_year_has_its_number_and_its_month() -> None:
    chart = layout_time_chart(make_months(*[(2_829 + n, 2_900 + n) for n in range(12)]), "month")
    on_page = [each for each in chart.numbers if each.shown_on in ("wide", "both")]
    assert [each.text for each in on_page] == [f"{2_829 + n:,}" for n in range(12)]
    assert chart.numbers_are_lows and chart.numbers_note
    assert chart.axis_on == "narrow"
    months = [each.text for each in chart.day_labels if not each.line and each.shown_on != "narrow"]
    assert months == "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    assert {each.text for each in chart.day_labels if each.line} == {"2016"}


def test_few_bars_have_both_ends_and_no_axis() -> None:
    chart = layout_time_chart(make_months((30, None), (None, None), (2, 8)), "month")
    assert [each.text for each in chart.numbers] == ["30+", "2–8"]
    assert chart.axis_on is None and not chart.numbers_note
    assert chart.columns[1].position is None and "none" in chart.signs
    assert chart.top > layout_time_chart(make_months((30, 30)), "month").top


def test_many_bars_have_no_numbers_and_very_many_are_an_area() -> None:
    def draw(count: int) -> TimeChart:
        days = [date(2016, 1, 1) + timedelta(days=n) for n in range(count)]
        bars = [
            PeriodBar(f"{n}", "", "", None if n == 7 else n % 5, None if n == 9 else n % 5 + 1,
                      is_disputed=n == 11, first_day=day, last_day=day)
            for n, day in enumerate(days)
        ]  # fmt: skip
        return layout_time_chart(bars, "day")

    assert draw(MAX_LABELLED_BARS).numbers and not draw(MAX_LABELLED_BARS).is_dense
    thin = draw(MAX_LABELLED_BARS + 1)
    assert not thin.numbers and thin.axis_on == "both" and not thin.is_area
    area = draw(MAX_BARS + 1)
    assert area.is_area and area.low_path.startswith("M") and "open" not in area.signs
    assert area.numbers_note.startswith("2 of these")
    gap = area.columns[7]
    assert f"M{gap.left}," not in area.low_path + area.high_path


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        (date(2024, 12, 30), date(2025, 1, 3), ["30", "31", "1", "2", "3", "Dec 2024", "Jan 2025"]),
        (date(2024, 12, 1), date(2024, 12, 5), ["1", "2", "3", "4", "5", "Dec 2024"]),
    ],
)
def test_days_are_labelled_with_their_month_below(
    first: date, last: date, labels: list[str]
) -> None:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    bars = [PeriodBar(f"{day}", "", "", 1, 2, first_day=day, last_day=day) for day in days]
    shown = [each for each in layout_time_chart(bars).day_labels if each.shown_on != "narrow"]
    assert [each.text for each in shown] == labels


@pytest.mark.parametrize(
    ("first_year", "last_year", "labels"),
    [(2019, 2025, ["2019", "2020", "2021"]), (1914, 1999, ["1920", "1930", "1940"])],
)
def test_years_are_labelled_where_there_is_room(
    first_year: int, last_year: int, labels: list[str]
) -> None:
    bars = [
        PeriodBar(f"{y}", "", "", 1, 2, first_day=date(y, 1, 1), last_day=date(y, 12, 31))
        for y in range(first_year, last_year + 1)
    ]
    shown = layout_time_chart(bars, "year").day_labels
    assert [each.text for each in shown if each.shown_on != "narrow"][:3] == labels


def test_many_days_are_labelled_by_month_or_year() -> None:
    def list_labels(day_count: int) -> list[str]:
        days = [date(2019, 6, 15) + timedelta(days=n) for n in range(day_count)]
        bars = [PeriodBar(f"{day}", "", "", 1, 2, first_day=day, last_day=day) for day in days]
        shown = [each for each in layout_time_chart(bars).day_labels if each.shown_on != "narrow"]
        return [each.text for each in shown][:2]

    assert list_labels(90)[0].endswith("Jun")
    assert list_labels(365) == ["Jul", "Aug"]
    assert list_labels(990) == ["Jul", "Sep"]
    assert list_labels(3_000) == ["Jul", "Jan"]
    assert list_labels(9_000) == ["2020", "2025"]


def test_no_spans_and_no_bars_make_empty_charts() -> None:
    assert layout_time_chart([]).columns == () and layout_time_chart([]).day_labels == ()
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


def test_a_disputed_place_is_drawn_with_its_nearest_reading() -> None:
    point = replace(make_point("a", 35, 51, 0, 90), is_disputed=True, nearest=(40, 60))
    chart = layout_map([point])
    assert chart is not None
    assert chart.signs == ("disc", "ring", "scratched")
    (disc,) = chart.discs
    assert (disc.high_radius, disc.point.number) == (MAX_RADIUS, "40–60")


@settings_of_hypothesis(max_examples=40)
@given(st.lists(draw_point(), min_size=1, max_size=30))
def test_names_on_the_map_do_not_overlap(given_points: list[MapPoint]) -> None:
    points = [replace(each, key=f"{n}", label=f"Place {n}") for n, each in enumerate(given_points)]
    chart = layout_map(points)
    assert chart is not None
    for width, picture_width in (("wide", 880), ("narrow", 320)):
        scale_of_text = MAP_WIDTH / picture_width
        boxes = []
        for label in chart.labels:
            if label.shown_on not in (width, "both"):
                continue
            wide = text_layout.measure_text(label.text, FONT_SIZE) * scale_of_text
            left = label.x + label.dx * scale_of_text
            left -= {"start": 0, "middle": wide / 2, "end": wide}[label.anchor]
            bottom = label.y + label.dy * scale_of_text
            boxes.append((left, left + wide, bottom - 11 * scale_of_text, bottom))
        for one, other in combinations(boxes, 2):
            assert (
                one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]
            )


def test_a_name_on_the_map_has_its_number_beside_it() -> None:
    chart = layout_map([make_point("Alfa", 35, 51, 40, 55), make_point("قرية", 37, 52, 7, 19)])
    assert chart is not None
    assert {each.text for each in chart.labels} == {"Alfa 40–55", "\u2068قرية\u2069 7–19"}


def test_a_ring_is_drawn_only_where_the_high_differs() -> None:
    chart = layout_map([make_point("a", 35, 51, 40, 40)])
    assert chart is not None
    assert chart.discs[0].low_radius == chart.discs[0].high_radius
    assert chart.signs == ("disc",)


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

"""The map: at the coordinates of each place a disc for the low and a ring for the high."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import dist, sqrt
from typing import Final

from service.web.charts import legend
from service.web.charts.basemap import Frame, Outline, clip_outline
from service.web.charts.items import MapPoint, find_beyond_note
from service.web.charts.map_frame import (
    MAP_HEIGHT,
    MAP_WIDTH,
    fit_frame,
    measure_width_km,
    project_point,
)
from service.web.charts.map_labels import MIN_RADIUS, Disc, PlaceLabel, layout_labels
from service.web.charts.svg_document import (
    CONTENT_WIDTH,
    DocumentLayout,
    DocumentText,
    layout_document,
)
from service.web.charts.text_layout import clean_text
from service.web.messages import markup

MAX_RADIUS: Final = 80
HALO_WIDTH: Final = 24
"""The largest radius, and the width of the fade of a range without upper bound."""

LEGEND_HEIGHT: Final = 180
"""The height of the strip below the map, for scale and sizes."""

_MAX_RADIUS_WHERE_CROWDED: Final = 36
_MIN_PEOPLE_AT_MAX_RADIUS: Final = 10

_MAX_MEASURED_POINTS: Final = 300


@dataclass(frozen=True, slots=True)
class LegendDisc:
    """One disc of the legend of sizes, and its number of people."""

    x: int
    radius: int
    people: int


@dataclass(frozen=True, slots=True)
class MapChart:
    """The layout of a map. The largest discs come first, so that they hide no smaller ones."""

    frame: Frame
    outline: Outline
    discs: tuple[Disc, ...]
    labels: tuple[PlaceLabel, ...]
    legend_discs: tuple[LegendDisc, ...]
    scale_bar_width: int
    scale_bar_km: int
    signs: tuple[str, ...]
    width: int = MAP_WIDTH
    height: int = MAP_HEIGHT + LEGEND_HEIGHT
    map_height: int = MAP_HEIGHT
    id_prefix: str = "map-chart"

    @property
    def note(self) -> str:
        """What figures that reach beyond the places may add to them; empty if there are none."""
        return find_beyond_note(disc.point for disc in self.discs)

    @property
    def has_middles(self) -> bool:
        """Whether the point of any place is the middle of the places inside it."""
        return any(disc.point.are_of_parts for disc in self.discs)

    def layout_document(self, text: DocumentText) -> DocumentLayout:
        """Return the layout of the file with this chart."""
        notes = [self.note, *([_write("charts.middles")] if self.has_middles else [])]
        notes.append(_write("charts.outline"))
        drawing_height = round(CONTENT_WIDTH * self.height / self.width)
        note = " ".join(each for each in notes if each)
        return layout_document(text, note, self.signs, drawing_height)


def _write(key: str) -> str:
    return clean_text(markup(key))


@dataclass(frozen=True, slots=True)
class _RadiusScale:
    """The greatest number of people on the map, and the radius of its disc."""

    max_people: int
    max_radius: int

    def radius_of(self, people: int) -> int:
        """Return the radius for a disc whose area is proportional to the number."""
        return (
            max(MIN_RADIUS, round(self.max_radius * sqrt(people / self.max_people)))
            if people
            else 0
        )


def layout_map(map_points: Sequence[MapPoint]) -> MapChart | None:
    """Return the layout of the map; None if there is no point."""
    if not map_points:
        return None
    frame = fit_frame(map_points)
    numbers = (number for point in map_points for number in point.shown_range if number)
    # A small number does not get the largest disc, even if it is the greatest on the map.
    radius_scale = _RadiusScale(
        max([_MIN_PEOPLE_AT_MAX_RADIUS, *numbers]),
        _choose_max_radius(map_points, frame),
    )
    discs = sorted(
        (_layout_disc(point, frame, radius_scale) for point in map_points),
        key=lambda disc: -disc.outer_radius,
    )
    bar_km = _round_down(measure_width_km(frame) / 4)
    return MapChart(
        frame=frame,
        outline=clip_outline(frame),
        discs=tuple(discs),
        labels=tuple(layout_labels(discs)),
        legend_discs=tuple(_layout_legend_discs(radius_scale)),
        scale_bar_width=round(MAP_WIDTH * bar_km / measure_width_km(frame)),
        scale_bar_km=bar_km,
        signs=tuple(legend.MAP_SIGNS[sign] for sign in legend.find_used_signs(map_points)),
    )


def _choose_max_radius(map_points: Sequence[MapPoint], frame: Frame) -> int:
    """Return the radius of the greatest number; it is smaller if places are close together."""
    points = list({project_point(point, frame) for point in map_points[:_MAX_MEASURED_POINTS]})
    if len(points) < 2:
        return MAX_RADIUS
    nearest_distances = sorted(
        min(dist(one, each) for each in points if each != one) for one in points
    )
    return max(
        _MAX_RADIUS_WHERE_CROWDED,
        min(MAX_RADIUS, round(nearest_distances[len(nearest_distances) // 2])),
    )


def _layout_disc(point: MapPoint, frame: Frame, radius_scale: _RadiusScale) -> Disc:
    x, y = project_point(point, frame)
    low, high = point.shown_range
    low_radius = None if low is None else radius_scale.radius_of(low)
    high_radius = (
        None
        if high is None or low_radius is None
        else max(low_radius, radius_scale.radius_of(high))
    )
    outer_radius = (
        MIN_RADIUS
        if low_radius is None
        else max(MIN_RADIUS, low_radius + HALO_WIDTH if high_radius is None else high_radius)
    )
    return Disc(
        point,
        clean_text(point.label),
        clean_text(point.text),
        round(x),
        round(y),
        low_radius,
        high_radius,
        outer_radius,
    )


def _round_down(number: float) -> int:
    """Return the greatest 1, 2 or 5 times a power of ten up to the number, at least 1."""
    power = 1
    while power * 10 <= number:
        power *= 10
    return max((power * digit for digit in (1, 2, 5) if power * digit <= number), default=1)


def _layout_legend_discs(radius_scale: _RadiusScale) -> Iterator[LegendDisc]:
    """Yield up to three discs of round numbers, side by side from the right edge."""
    greatest = _round_down(radius_scale.max_people / 2)
    numbers = [greatest, _round_down(greatest / 4), _round_down(greatest / 16)]
    x = MAP_WIDTH
    for people in dict.fromkeys(numbers):
        radius = radius_scale.radius_of(people)
        x -= max(2 * radius, 130)
        yield LegendDisc(x + max(radius, 65), radius, people)
        x -= 20

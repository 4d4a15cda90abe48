"""The map: at the coordinates of each place a disc for the low and a ring for the high."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, dist, radians, sqrt
from typing import Final

from service.domain.wording.bidi import isolate_bidi
from service.web.charts import legend
from service.web.charts.basemap import Frame, Outline, clip_outline
from service.web.charts.items import MapPoint, find_beyond_note
from service.web.charts.svg_document import (
    CONTENT_WIDTH,
    DocumentLayout,
    DocumentText,
    layout_document,
)
from service.web.charts.text_layout import clean_text, measure_text, shorten_text
from service.web.messages import markup

MAP_WIDTH: Final = 1200
MAP_HEIGHT: Final = 800
LEGEND_HEIGHT: Final = 180
"""The size of the drawing in units: the map, and below it the strip for scale and sizes."""

MAX_RADIUS: Final = 80
MIN_RADIUS: Final = 5
HALO_WIDTH: Final = 24
"""The largest and smallest radius, and the width of the fade of a range without upper bound."""

_MAX_RADIUS_WHERE_CROWDED: Final = 36
_MIN_PEOPLE_AT_MAX_RADIUS: Final = 10

_MIN_DEGREES: Final = 1.5
_MARGIN_SHARE: Final = 0.13
_KM_PER_DEGREE: Final = 111.195
_PICTURE_WIDTHS: Final = (880, 320)
_FONT_SIZE: Final = 12
_MAX_LABELS: Final = 60
_MAX_MEASURED_POINTS: Final = 300


@dataclass(frozen=True, slots=True)
class Disc:
    """The layout of one point: its centre, and the radii of its low and its high.

    ``low_radius`` is 0 if the low is zero. ``high_radius`` is None if no upper bound is known. Both
    are None if nothing is reported. ``outer_radius`` is the radius of the whole mark.
    """

    point: MapPoint
    label: str
    text: str
    x: int
    y: int
    low_radius: int | None
    high_radius: int | None
    outer_radius: int


@dataclass(frozen=True, slots=True)
class PlaceLabel:
    """A place's name on the map; ``anchor`` is SVG's text-anchor.

    ``shown_on`` is the widths of the map that show it: "wide", "narrow" or "both".
    """

    x: int
    y: int
    dx: int
    dy: int
    anchor: str
    shown_on: str
    text: str


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
    frame = _fit_frame(map_points)
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
    bar_km = _round_down(_measure_width_km(frame) / 4)
    return MapChart(
        frame=frame,
        outline=clip_outline(frame),
        discs=tuple(discs),
        labels=tuple(_layout_labels(discs)),
        legend_discs=tuple(_layout_legend_discs(radius_scale)),
        scale_bar_width=round(MAP_WIDTH * bar_km / _measure_width_km(frame)),
        scale_bar_km=bar_km,
        signs=tuple(legend.MAP_SIGNS[sign] for sign in legend.find_used_signs(map_points)),
    )


def _fit_frame(map_points: Sequence[MapPoint]) -> Frame:
    """Return a frame with all points, a margin, and enough of the surroundings to recognise."""
    west, longitude_range = _find_longitude_range([point.longitude for point in map_points])
    latitudes = [point.latitude for point in map_points]
    south, north = min(latitudes), max(latitudes)
    middle_latitude = (south + north) / 2
    # The length of a degree of longitude in degrees of latitude, in the middle of the map.
    longitude_ratio = max(0.05, cos(radians(middle_latitude)))
    inner_share = 1 - 2 * _MARGIN_SHARE
    latitudes_shown = max(
        (north - south) / inner_share,
        longitude_range * longitude_ratio / inner_share * MAP_HEIGHT / MAP_WIDTH,
        _MIN_DEGREES,
    )
    longitudes_shown = latitudes_shown * MAP_WIDTH / MAP_HEIGHT / longitude_ratio
    # The frame is moved so that it does not extend beyond a pole, if it is not too high for that.
    south_edge = (
        max(-90.0, min(middle_latitude - latitudes_shown / 2, 90.0 - latitudes_shown))
        if latitudes_shown < 180
        else middle_latitude - latitudes_shown / 2
    )
    south_edge = min(
        max(south_edge, north + _MARGIN_SHARE * latitudes_shown / 2 - latitudes_shown),
        south - _MARGIN_SHARE * latitudes_shown / 2,
    )
    west_edge = west + longitude_range / 2 - longitudes_shown / 2
    whole_turns = 360 * ((west_edge + longitudes_shown / 2 + 180) // 360)
    return Frame(
        round(west_edge - whole_turns, 4),
        round(west_edge - whole_turns + longitudes_shown, 4),
        round(south_edge, 4),
        round(south_edge + latitudes_shown, 4),
        MAP_WIDTH,
        MAP_HEIGHT,
    )


def _find_longitude_range(longitudes: Sequence[float]) -> tuple[float, float]:
    """Return the first longitude, and the degrees eastwards to the last, on the shorter way."""
    ordered = sorted({longitude % 360 for longitude in longitudes})
    gaps = [(ordered[(i + 1) % len(ordered)] - ordered[i]) % 360 for i in range(len(ordered))]
    if len(ordered) == 1:
        return ordered[0], 0.0
    widest = max(range(len(gaps)), key=gaps.__getitem__)
    return ordered[(widest + 1) % len(ordered)], 360 - gaps[widest]


def _project(point: MapPoint, frame: Frame) -> tuple[float, float]:
    longitude = frame.west + (point.longitude - frame.west) % 360
    return frame.project(longitude, point.latitude)


def _choose_max_radius(map_points: Sequence[MapPoint], frame: Frame) -> int:
    """Return the radius of the greatest number; it is smaller if places are close together."""
    points = list({_project(point, frame) for point in map_points[:_MAX_MEASURED_POINTS]})
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
    x, y = _project(point, frame)
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


def _measure_width_km(frame: Frame) -> float:
    """Return the width of the map in kilometres, derived from its height in degrees."""
    return (frame.north - frame.south) * _KM_PER_DEGREE * MAP_WIDTH / MAP_HEIGHT


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


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "_Box") -> bool:
        """Whether the two boxes overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def _layout_labels(discs: Sequence[Disc]) -> Iterator[PlaceLabel]:
    """Yield the names that have room on a wide map and on the map of a phone.

    A name has its number beside it, or if that has no room stands alone.
    """
    wide, narrow = (dict(_place_labels(discs, width)) for width in _PICTURE_WIDTHS)
    for disc in discs:
        key = disc.point.key
        if key in wide and wide.get(key) == narrow.get(key):
            yield _layout_label(disc, *wide[key], "both")
            continue
        if key in wide:
            yield _layout_label(disc, *wide[key], "wide")
        if key in narrow:
            yield _layout_label(disc, *narrow[key], "narrow")


_SIDES: Final = ("right", "left", "above", "below")


def _place_labels(
    discs: Sequence[Disc], picture_width: int
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the key of each disc whose name has room, with the side on which it is and its text.

    The largest discs come first. A label is in front of no other label and no other disc.
    """
    scale = MAP_WIDTH / picture_width
    occupied = [_box_of_disc(disc) for disc in discs]
    for disc in discs[:_MAX_LABELS]:
        own_box = _box_of_disc(disc)
        others = [box for box in occupied if box != own_box]
        free = (
            (side, text, box)
            for text in _list_texts(disc)
            for side in _SIDES
            if _is_inside(box := _box_of_label(disc, side, text, scale))
            and not any(box.overlaps(other) for other in others)
        )
        first = next(free, None)
        if first is not None:
            side, text, box = first
            occupied.append(box)
            yield disc.point.key, (side, text)


def _list_texts(disc: Disc) -> tuple[str, ...]:
    """Return what a label may say: the name with its number, or else the name alone."""
    name = shorten_text(disc.label, _FONT_SIZE, 170)
    return (f"{isolate_bidi(name)} {disc.point.number}", name) if disc.point.is_drawn else (name,)


def _is_inside(box: _Box) -> bool:
    return box.left >= 0 and box.right <= MAP_WIDTH and box.top >= 0 and box.bottom <= MAP_HEIGHT


def _box_of_disc(disc: Disc) -> _Box:
    radius = _drawn_radius_of(disc)
    return _Box(disc.x - radius, disc.y - radius, disc.x + radius, disc.y + radius)


def _box_of_label(disc: Disc, side: str, text: str, scale: float) -> _Box:
    """Return the box of the name beside its disc, in units of the drawing."""
    width = measure_text(text, _FONT_SIZE) * scale
    height = (_FONT_SIZE + 2) * scale
    gap = 4 * scale + _drawn_radius_of(disc)
    if side == "right":
        left, top = disc.x + gap, disc.y - height / 2
    elif side == "left":
        left, top = disc.x - gap - width, disc.y - height / 2
    elif side == "above":
        left, top = disc.x - width / 2, disc.y - gap - height
    else:
        left, top = disc.x - width / 2, disc.y + gap
    return _Box(left, top, left + width, top + height)


def _drawn_radius_of(disc: Disc) -> int:
    return max(disc.low_radius or 0, disc.high_radius or 0, MIN_RADIUS)


def _layout_label(disc: Disc, side: str, text: str, shown_on: str) -> PlaceLabel:
    x, y, dx, dy, anchor = disc.x, disc.y, 0, 4, "middle"
    if side == "right":
        x, dx, anchor = x + _drawn_radius_of(disc), 4, "start"
    elif side == "left":
        x, dx, anchor = x - _drawn_radius_of(disc), -4, "end"
    elif side == "above":
        y, dy = y - _drawn_radius_of(disc), -6
    else:
        y, dy = y + _drawn_radius_of(disc), 6 + _FONT_SIZE - 2
    return PlaceLabel(x, y, dx, dy, anchor, shown_on, text)

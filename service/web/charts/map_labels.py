"""The discs of a map, and the names beside them where they have room."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from service.domain.wording.bidi import isolate_bidi
from service.web.charts.items import MapPoint
from service.web.charts.map_frame import MAP_HEIGHT, MAP_WIDTH
from service.web.charts.text_layout import measure_text, shorten_text

MIN_RADIUS: Final = 5
"""The smallest radius of a disc, in units of the drawing."""

_PICTURE_WIDTHS: Final = (880, 320)
_FONT_SIZE: Final = 12
_MAX_LABELS: Final = 60


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


def layout_labels(discs: Sequence[Disc]) -> Iterator[PlaceLabel]:
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

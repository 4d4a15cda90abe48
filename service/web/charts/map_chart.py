"""The map: a disc at every place's own point, its area by the low, and a ring by the high."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, dist, radians, sqrt
from typing import Final
from zlib import crc32

from service.web.charts import legend, range_text
from service.web.charts.basemap import Frame, Outline, within
from service.web.charts.svg_document import ROOM, Sheet, sheet_of
from service.web.charts.text_layout import plain, shortened, width
from service.web.messages import text

WIDE: Final = 1200
TALL: Final = 800
LEGEND: Final = 180
"""The picture's size in whole parts: the map, and below it the strip for the sizes."""

LARGEST: Final = 80
SMALLEST: Final = 5
HALO: Final = 24
"""The radius of the greatest number at most, of anyone at least, and how far open ones fade."""

_CROWDED: Final = 36
_FEW: Final = 10

_LEAST_DEGREES: Final = 1.5
_MARGIN: Final = 0.13
_KM: Final = 111.195
_PIXELS: Final = (880, 320)
_LETTERS: Final = 12
_NAMED: Final = 60
_MEASURED: Final = 300


@dataclass(frozen=True, slots=True)
class Spot:
    """One place's own point, in degrees east and north, and its number of people.

    ``text`` is the total in words. ``low`` None means that nothing is reported; ``high`` None
    beside a ``low`` means open above. ``href`` leads to the proof and ``more`` to the place.
    """

    key: str
    label: str
    text: str
    longitude: float
    latitude: float
    low: int | None
    high: int | None
    disputed: bool = False
    exact: bool = True
    href: str | None = None
    more: str | None = None

    @property
    def beyond(self) -> str:
        """What is said of a dispute, in words; empty where there is none."""
        return range_text.beyond(self.disputed, None)


@dataclass(frozen=True, slots=True)
class Disc:
    """One spot as it is drawn: its middle, and the radius of its low and of its high.

    ``low`` is 0 for nobody, ``high`` None where it is open above; both are None where nothing is
    reported. ``reach`` is the radius of all that is drawn.
    """

    spot: Spot
    label: str
    text: str
    x: int
    y: int
    low: int | None
    high: int | None
    reach: int


@dataclass(frozen=True, slots=True)
class Name:
    """A place's name on the map: where it begins (or its middle, or its end, by ``anchor``).

    ``on`` says on which pictures: "wide", "narrow" or "both".
    """

    x: int
    y: int
    dx: int
    dy: int
    anchor: str
    on: str
    text: str


@dataclass(frozen=True, slots=True)
class Size:
    """One disc of the legend, and the number of people that it stands for."""

    x: int
    radius: int
    people: int


@dataclass(frozen=True, slots=True)
class Map:
    """A map: its discs, the largest first so that none is hidden, and what lies below them."""

    mark: str
    frame: Frame
    outline: Outline
    discs: tuple[Disc, ...]
    names: tuple[Name, ...]
    sizes: tuple[Size, ...]
    bar: int
    bar_km: int
    signs: tuple[str, ...]
    wide: int = WIDE
    tall: int = TALL + LEGEND
    base: int = TALL
    halo: int = HALO

    def sheet(self, title: str, caveats: Sequence[str], citation: str, scope: str) -> Sheet:
        """Return the picture with all its words, ready to be saved."""
        told = (*caveats, str(text("charts.outline")))
        tall = round(ROOM * self.tall / self.wide)
        return sheet_of(title, told, citation, scope, self.signs, tall)


@dataclass(frozen=True, slots=True)
class _Sizing:
    """The greatest number of people on the map, and its radius."""

    most: int
    largest: int

    def radius(self, people: int) -> int:
        """Return the radius with which a disc's area grows as the number does."""
        return max(SMALLEST, round(self.largest * sqrt(people / self.most))) if people else 0


def drawn(spots: Sequence[Spot]) -> Map | None:
    """Return where everything of the map stands; None where there is no spot."""
    if not spots:
        return None
    frame = _frame(spots)
    numbers = (number for spot in spots for number in (spot.low, spot.high) if number)
    # Where nobody counts more than a few people, the greatest of them does not fill the map.
    sizing = _Sizing(max(_FEW, *numbers, _FEW), _largest(spots, frame))
    discs = sorted((_disc(spot, frame, sizing) for spot in spots), key=lambda disc: -disc.reach)
    bar_km = _round_below(_km_wide(frame) / 4)
    return Map(
        mark=f"m{crc32(repr(spots).encode('utf-8', 'replace')):08x}",
        frame=frame,
        outline=within(frame),
        discs=tuple(discs),
        names=tuple(_names(discs)),
        sizes=tuple(_sizes(sizing)),
        bar=round(WIDE * bar_km / _km_wide(frame)),
        bar_km=bar_km,
        signs=tuple(legend.ON_MAPS[sign] for sign in legend.used(spots)),
    )


def _frame(spots: Sequence[Spot]) -> Frame:
    """Return the degrees shown: all spots, a margin, and enough around them to know where."""
    west, across = _span([spot.longitude for spot in spots])
    latitudes = [spot.latitude for spot in spots]
    south, north = min(latitudes), max(latitudes)
    middle = (south + north) / 2
    # A degree of longitude is as long as this many degrees of latitude, in the map's middle.
    narrow = max(0.05, cos(radians(middle)))
    room = 1 - 2 * _MARGIN
    tall = max((north - south) / room, across * narrow / room * TALL / WIDE, _LEAST_DEGREES)
    wide = tall * WIDE / TALL / narrow
    # The frame moves, where it can, so that it does not reach past a pole.
    low = max(-90.0, min(middle - tall / 2, 90.0 - tall)) if tall < 180 else middle - tall / 2
    low = min(max(low, north + _MARGIN * tall / 2 - tall), south - _MARGIN * tall / 2)
    left = west + across / 2 - wide / 2
    turn = 360 * ((left + wide / 2 + 180) // 360)
    return Frame(
        round(left - turn, 4),
        round(left - turn + wide, 4),
        round(low, 4),
        round(low + tall, 4),
        WIDE,
        TALL,
    )


def _span(longitudes: Sequence[float]) -> tuple[float, float]:
    """Return the first longitude and the degrees to the last, the shortest way round."""
    known = sorted({longitude % 360 for longitude in longitudes})
    gaps = [(known[(i + 1) % len(known)] - known[i]) % 360 for i in range(len(known))]
    if len(known) == 1:
        return known[0], 0.0
    widest = max(range(len(gaps)), key=gaps.__getitem__)
    return known[(widest + 1) % len(known)], 360 - gaps[widest]


def _at(spot: Spot, frame: Frame) -> tuple[float, float]:
    turned = frame.west + (spot.longitude - frame.west) % 360
    return frame.at(turned, spot.latitude)


def _largest(spots: Sequence[Spot], frame: Frame) -> int:
    """Return the radius of the greatest number: less where places lie close together."""
    points = list({_at(spot, frame) for spot in spots[:_MEASURED]})
    if len(points) < 2:
        return LARGEST
    apart = sorted(min(dist(one, each) for each in points if each != one) for one in points)
    return max(_CROWDED, min(LARGEST, round(apart[len(apart) // 2])))


def _disc(spot: Spot, frame: Frame, sizing: _Sizing) -> Disc:
    x, y = _at(spot, frame)
    low = None if spot.low is None else sizing.radius(spot.low)
    high = None if spot.high is None or low is None else max(low, sizing.radius(spot.high))
    reach = SMALLEST if low is None else max(SMALLEST, low + HALO if high is None else high)
    return Disc(spot, plain(spot.label), plain(spot.text), round(x), round(y), low, high, reach)


def _km_wide(frame: Frame) -> float:
    """Return how many kilometres the map is wide: as it is high, where degrees never differ."""
    return (frame.north - frame.south) * _KM * WIDE / TALL


def _round_below(number: float) -> int:
    """Return the greatest 1, 2 or 5 with noughts that is not above the number, at least 1."""
    power = 1
    while power * 10 <= number:
        power *= 10
    return max((power * digit for digit in (1, 2, 5) if power * digit <= number), default=1)


def _sizes(sizing: _Sizing) -> Iterator[Size]:
    """Return up to three discs to compare with, side by side from the right."""
    greatest = _round_below(sizing.most / 2)
    wanted = [greatest, _round_below(greatest / 4), _round_below(greatest / 16)]
    x = WIDE
    for people in dict.fromkeys(wanted):
        radius = sizing.radius(people)
        x -= max(2 * radius, 130)
        yield Size(x + max(radius, 65), radius, people)
        x -= 20


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "_Box") -> bool:
        """Whether the two boxes share any room."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def _names(discs: Sequence[Disc]) -> Iterator[Name]:
    """Return the names for which there is room, on a wide picture and on a phone's."""
    wide, narrow = (dict(_placed(discs, pixels)) for pixels in _PIXELS)
    for disc in discs:
        key = disc.spot.key
        if key in wide and wide.get(key) == narrow.get(key):
            yield _name(disc, wide[key], "both", _PIXELS[1])
            continue
        if key in wide:
            yield _name(disc, wide[key], "wide", _PIXELS[0])
        if key in narrow:
            yield _name(disc, narrow[key], "narrow", _PIXELS[1])


_SIDES: Final = ("right", "left", "above", "below")


def _placed(discs: Sequence[Disc], pixels: int) -> Iterator[tuple[str, str]]:
    """Return the side of its disc on which each name that has room stands."""
    scale = WIDE / pixels
    taken = [_around(disc) for disc in discs]
    for disc in discs[:_NAMED]:
        own = _around(disc)
        for side in _SIDES:
            box = _box(disc, side, scale)
            inside = box.left >= 0 and box.right <= WIDE and box.top >= 0 and box.bottom <= TALL
            if inside and not any(box.meets(other) for other in taken if other != own):
                taken.append(box)
                yield disc.spot.key, side
                break


def _around(disc: Disc) -> _Box:
    radius = max(disc.low or 0, SMALLEST)
    return _Box(disc.x - radius, disc.y - radius, disc.x + radius, disc.y + radius)


def _short(disc: Disc) -> str:
    return shortened(disc.label, _LETTERS, 170)


def _box(disc: Disc, side: str, scale: float) -> _Box:
    """Return the room that the name takes beside its disc, in parts of the picture."""
    long, high = width(_short(disc), _LETTERS) * scale, (_LETTERS + 2) * scale
    gap = 4 * scale + _edge(disc)
    if side == "right":
        return _Box(disc.x + gap, disc.y - high / 2, disc.x + gap + long, disc.y + high / 2)
    if side == "left":
        return _Box(disc.x - gap - long, disc.y - high / 2, disc.x - gap, disc.y + high / 2)
    if side == "above":
        return _Box(disc.x - long / 2, disc.y - gap - high, disc.x + long / 2, disc.y - gap)
    return _Box(disc.x - long / 2, disc.y + gap, disc.x + long / 2, disc.y + gap + high)


def _edge(disc: Disc) -> int:
    return max(disc.low or 0, disc.high or 0, SMALLEST)


def _name(disc: Disc, side: str, on: str, pixels: int) -> Name:
    x, y, dx, dy, anchor = disc.x, disc.y, 0, 4, "middle"
    if side == "right":
        x, dx, anchor = x + _edge(disc), 4, "start"
    elif side == "left":
        x, dx, anchor = x - _edge(disc), -4, "end"
    elif side == "above":
        y, dy = y - _edge(disc), -6
    else:
        y, dy = y + _edge(disc), 6 + _LETTERS - 2
    return Name(x, y, dx, dy, anchor, on, _short(disc))

"""The coasts and borders that lie within a map's frame, drawn no finer than the picture shows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("countries.json")
MOST: Final = 15_000
"""The most letters that the outlines of one map take."""

_GRAIN: Final = 1000
_FINEST: Final = 0.7
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """What a map shows: degrees west and east (which may pass 180), south and north.

    The picture is ``wide`` times ``tall`` whole parts.
    """

    west: float
    east: float
    south: float
    north: float
    wide: int
    tall: int

    def at(self, longitude: float, latitude: float) -> Point:
        """Return where the point lies in the picture, from its upper left corner."""
        across = (longitude - self.west) / (self.east - self.west)
        down = (self.north - latitude) / (self.north - self.south)
        return across * self.wide, down * self.tall


@dataclass(frozen=True, slots=True)
class Outline:
    """The lines within a frame, as path data of SVG; empty where none are."""

    coasts: str
    borders: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the world, and the degrees it lies within."""

    points: tuple[Point, ...]
    west: float
    east: float
    south: float
    north: float


@lru_cache(maxsize=64)
def within(frame: Frame) -> Outline:
    """Return the lines that the frame holds; coarser ones where they would take too much."""
    inside = {kind: list(_inside_of(frame, lines)) for kind, lines in _world().items()}
    tolerance = _FINEST
    while True:
        coasts, borders = (
            "".join(_drawn(_simplified(piece, tolerance)) for piece in inside[kind])
            for kind in ("coasts", "borders")
        )
        if len(coasts) + len(borders) <= MOST:
            return Outline(coasts, borders)
        tolerance *= 1.5


@lru_cache(maxsize=1)
def _world() -> dict[str, tuple[_Line, ...]]:
    kept: dict[str, list[str]] = json.loads(SOURCE.read_text(encoding="utf-8"))
    return {kind: tuple(map(_line, lines)) for kind, lines in kept.items()}


def _line(letters: str) -> _Line:
    points = tuple(_decoded(letters))
    xs, ys = zip(*points, strict=True)
    return _Line(points, min(xs), max(xs), min(ys), max(ys))


def _decoded(letters: str) -> Iterator[Point]:
    """Read an encoded polyline: see scripts/make_basemap.py, which writes it."""
    here = [0, 0]
    value, shift, axis = 0, 0, 0
    for letter in letters:
        bits = ord(letter) - 63
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits >= 0x20:
            continue
        here[axis] += ~(value >> 1) if value & 1 else value >> 1
        value, shift = 0, 0
        if axis:
            yield here[1] / _GRAIN, here[0] / _GRAIN
        axis = 1 - axis


def _inside_of(frame: Frame, lines: Sequence[_Line]) -> Iterator[list[Point]]:
    """Return the pieces of the lines inside the frame, in the picture's own measure."""
    for line in lines:
        if line.north < frame.south or line.south > frame.north:
            continue
        for turn in (-720, -360, 0, 360, 720):
            if line.east + turn >= frame.west and line.west + turn <= frame.east:
                yield from _clipped(_projected(line, turn, frame), frame)


def _projected(line: _Line, turn: int, frame: Frame) -> list[Point]:
    """Return the line in the picture's measure, without points too close to the one before.

    Most points go by this, and it is quick; the frame's own arithmetic is written out for speed.
    """
    wide = frame.wide / (frame.east - frame.west)
    tall = frame.tall / (frame.north - frame.south)
    left, top = frame.west - turn, frame.north
    points = []
    last_x = last_y = float("inf")
    for longitude, latitude in line.points:
        x, y = (longitude - left) * wide, (top - latitude) * tall
        if abs(x - last_x) >= _FINEST or abs(y - last_y) >= _FINEST:
            points.append((x, y))
            last_x, last_y = x, y
    if points[-1] != (x, y):
        points.append((x, y))
    return points


def _clipped(points: Sequence[Point], frame: Frame) -> Iterator[list[Point]]:
    piece: list[Point] = []
    for one, other in pairwise(points):
        inside = _inside(one, other, frame)
        if inside is None:
            continue
        begin, end = inside
        if piece and piece[-1] != begin:
            yield piece
            piece = []
        piece = piece or [begin]
        piece.append(end)
    if piece:
        yield piece


def _inside(one: Point, other: Point, frame: Frame) -> tuple[Point, Point] | None:
    """Return the part of the straight line that lies in the picture (Liang and Barsky's way)."""
    across, down = other[0] - one[0], other[1] - one[1]
    first, last = 0.0, 1.0
    for step, room in (
        (-across, one[0]),
        (across, frame.wide - one[0]),
        (-down, one[1]),
        (down, frame.tall - one[1]),
    ):
        if step == 0:
            if room < 0:
                return None
        elif step < 0:
            first = max(first, room / step)
        else:
            last = min(last, room / step)
    if first >= last:
        return None
    begin = one if first == 0 else (one[0] + first * across, one[1] + first * down)
    end = other if last == 1 else (one[0] + last * across, one[1] + last * down)
    return begin, end


def _simplified(line: list[Point], tolerance: float) -> list[Point]:
    """Leave out points within the tolerance of the line without them (Douglas and Peucker's)."""
    kept = {0, len(line) - 1}
    left = [(0, len(line) - 1)]
    while left:
        first, last = left.pop()
        far, where = 0.0, first
        for i in range(first + 1, last):
            away = _away(line[i], line[first], line[last])
            if away > far:
                far, where = away, i
        if far > tolerance:
            kept.add(where)
            left += [(first, where), (where, last)]
    return [line[i] for i in sorted(kept)]


def _away(point: Point, one: Point, other: Point) -> float:
    """Return how far the point is from the straight line between the two."""
    across, down = other[0] - one[0], other[1] - one[1]
    square = across * across + down * down
    along = 0.0
    if square:
        along = ((point[0] - one[0]) * across + (point[1] - one[1]) * down) / square
        along = min(1.0, max(0.0, along))
    x, y = point[0] - one[0] - along * across, point[1] - one[1] - along * down
    return float((x * x + y * y) ** 0.5)


def _drawn(line: list[Point]) -> str:
    """Write the line as path data in whole parts; nothing where it shrinks to one point."""
    whole = [(round(x), round(y)) for x, y in line]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(whole)]
    moves = [f"{x},{y}" if y >= 0 else f"{x}{y}" for x, y in steps if (x, y) != (0, 0)]
    if not moves:
        return ""
    return f"M{whole[0][0]},{whole[0][1]}l" + " ".join(moves)

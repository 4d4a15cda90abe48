"""The coasts and borders inside the frame of a map, simplified to the resolution of the drawing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from service.web.charts.basemap.simplify import Point, simplify_line

COUNTRIES_FILE: Final = Path(__file__).with_name("countries.json")
MAX_PATH_LETTERS: Final = 15_000
"""The most letters of path data in one map."""

_UNITS_PER_DEGREE: Final = 1000
_MIN_TOLERANCE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Frame:
    """The edges of a map in degrees (``east`` may exceed 180), and the size of its drawing."""

    west: float
    east: float
    south: float
    north: float
    width: int
    height: int

    def project(self, longitude: float, latitude: float) -> Point:
        """Return the position of the point in the drawing, from its upper left corner."""
        across = (longitude - self.west) / (self.east - self.west)
        down = (self.north - latitude) / (self.north - self.south)
        return across * self.width, down * self.height


@dataclass(frozen=True, slots=True)
class Outline:
    """The lines inside a frame as path data of SVG; empty if there are none."""

    coasts: str
    borders: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the world, and its bounding box in degrees."""

    points: tuple[Point, ...]
    west: float
    east: float
    south: float
    north: float


@lru_cache(maxsize=64)
def clip_outline(frame: Frame) -> Outline:
    """Return the lines inside the frame, simplified until they fit ``MAX_PATH_LETTERS``."""
    pieces = {kind: list(_clip_lines(frame, lines)) for kind, lines in _load_lines().items()}
    tolerance = _MIN_TOLERANCE
    while True:
        coasts, borders = (
            "".join(_to_path_data(simplify_line(piece, tolerance)) for piece in pieces[kind])
            for kind in ("coasts", "borders")
        )
        if len(coasts) + len(borders) <= MAX_PATH_LETTERS:
            return Outline(coasts, borders)
        tolerance *= 1.5


@lru_cache(maxsize=1)
def _load_lines() -> dict[str, tuple[_Line, ...]]:
    encoded_lines: dict[str, list[str]] = json.loads(COUNTRIES_FILE.read_text(encoding="utf-8"))
    return {kind: tuple(map(_decode_line, lines)) for kind, lines in encoded_lines.items()}


def _decode_line(encoded: str) -> _Line:
    points = tuple(_decode_polyline(encoded))
    xs, ys = zip(*points, strict=True)
    return _Line(points, min(xs), max(xs), min(ys), max(ys))


def _decode_polyline(encoded: str) -> Iterator[Point]:
    """Yield the points of an encoded polyline, which scripts/make_basemap.py writes."""
    point = [0, 0]
    value, shift, axis = 0, 0, 0
    for letter in encoded:
        bits = ord(letter) - 63
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits >= 0x20:
            continue
        point[axis] += ~(value >> 1) if value & 1 else value >> 1
        value, shift = 0, 0
        if axis:
            yield point[1] / _UNITS_PER_DEGREE, point[0] / _UNITS_PER_DEGREE
        axis = 1 - axis


def _clip_lines(frame: Frame, lines: Sequence[_Line]) -> Iterator[list[Point]]:
    """Yield the pieces of the lines inside the frame, in units of the drawing."""
    for line in lines:
        if line.north < frame.south or line.south > frame.north:
            continue
        for turn in (-720, -360, 0, 360, 720):
            if line.east + turn >= frame.west and line.west + turn <= frame.east:
                yield from _clip_polyline(_project_line(line, turn, frame), frame)


def _project_line(line: _Line, turn: int, frame: Frame) -> list[Point]:
    """Return the line in units of the drawing, without points too close to the one before.

    This removes most points before the slower steps. The arithmetic of ``Frame.project`` is
    repeated here for speed.
    """
    x_scale = frame.width / (frame.east - frame.west)
    y_scale = frame.height / (frame.north - frame.south)
    left, top = frame.west - turn, frame.north
    points = []
    last_x = last_y = float("inf")
    for longitude, latitude in line.points:
        x, y = (longitude - left) * x_scale, (top - latitude) * y_scale
        if abs(x - last_x) >= _MIN_TOLERANCE or abs(y - last_y) >= _MIN_TOLERANCE:
            points.append((x, y))
            last_x, last_y = x, y
    if points[-1] != (x, y):
        points.append((x, y))
    return points


def _clip_polyline(points: Sequence[Point], frame: Frame) -> Iterator[list[Point]]:
    piece: list[Point] = []
    for one, other in pairwise(points):
        segment = _clip_segment(one, other, frame)
        if segment is None:
            continue
        start, end = segment
        if piece and piece[-1] != start:
            yield piece
            piece = []
        piece = piece or [start]
        piece.append(end)
    if piece:
        yield piece


def _clip_segment(one: Point, other: Point, frame: Frame) -> tuple[Point, Point] | None:
    """Return the part of the segment inside the drawing (Liang-Barsky algorithm); None if none."""
    across, down = other[0] - one[0], other[1] - one[1]
    first, last = 0.0, 1.0
    for step, room in (
        (-across, one[0]),
        (across, frame.width - one[0]),
        (-down, one[1]),
        (down, frame.height - one[1]),
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
    start = one if first == 0 else (one[0] + first * across, one[1] + first * down)
    end = other if last == 1 else (one[0] + last * across, one[1] + last * down)
    return start, end


def _to_path_data(line: list[Point]) -> str:
    """Return the line as path data in whole units; empty if it shrinks to one point."""
    rounded = [(round(x), round(y)) for x, y in line]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(rounded)]
    moves = [f"{x},{y}" if y >= 0 else f"{x}{y}" for x, y in steps if (x, y) != (0, 0)]
    if not moves:
        return ""
    return f"M{rounded[0][0]},{rounded[0][1]}l" + " ".join(moves)

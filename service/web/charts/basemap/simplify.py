"""Simplification of lines (Douglas and Peucker, 1973)."""

from collections.abc import Sequence

Point = tuple[float, float]


def simplify_line(line: Sequence[Point], tolerance: float) -> list[Point]:
    """Return the line without the points that are within the tolerance of the simpler line.

    The first and last point stay. The tolerance has the unit of the points.
    """
    kept_indices = {0, len(line) - 1}
    stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        greatest_distance, farthest = 0.0, first
        for i in range(first + 1, last):
            distance = _distance_to_segment(line[i], line[first], line[last])
            if distance >= greatest_distance:
                greatest_distance, farthest = distance, i
        if greatest_distance > tolerance:
            kept_indices.add(farthest)
            stack += [(first, farthest), (farthest, last)]
    return [line[i] for i in sorted(kept_indices)]


def _distance_to_segment(point: Point, start: Point, end: Point) -> float:
    """Return the distance from the point to the nearest point between ``start`` and ``end``."""
    across, down = end[0] - start[0], end[1] - start[1]
    square = across * across + down * down
    along = 0.0
    if square:
        along = ((point[0] - start[0]) * across + (point[1] - start[1]) * down) / square
        along = min(1.0, max(0.0, along))
    x, y = point[0] - start[0] - along * across, point[1] - start[1] - along * down
    return float((x * x + y * y) ** 0.5)

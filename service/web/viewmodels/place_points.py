"""Where places are drawn on a map: at their point, or in the middle of the places inside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin
from typing import Final

from service.usecases.state_cache import Snapshot

MAX_VISITED: Final = 20_000
"""The most places that are looked at for one map."""


@dataclass(frozen=True, slots=True)
class PlacePoint:
    """Degrees east and north; ``is_middle`` if they are the middle of the places inside."""

    longitude: float
    latitude: float
    is_middle: bool = False


class PointFinder:
    """The points of places in one state of the record."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Look at no more than ``MAX_VISITED`` places altogether."""
        self._snapshot, self._left = snapshot, MAX_VISITED

    def find_point(self, place_id: str) -> PlacePoint | None:
        """Return the point of the place, or the middle of those inside it; None without any.

        A place inside that has a point stands for all that is inside of it.
        """
        own = self._get_own(place_id)
        if own is not None:
            return PlacePoint(*own)
        points: list[tuple[float, float]] = []
        level: Sequence[str] = self._snapshot.places.children(place_id)
        while level and self._left > 0:
            visited = level[: self._left]
            level_below: list[str] = []
            self._left -= len(visited)
            for child in visited:
                point = self._get_own(child)
                if point is not None:
                    points.append(point)
                else:
                    level_below.extend(self._snapshot.places.children(child))
            level = level_below
        return _find_middle(points)

    def _get_own(self, place_id: str) -> tuple[float, float] | None:
        return self._snapshot.find_points((place_id,)).get(place_id)


def _find_middle(points: Sequence[tuple[float, float]]) -> PlacePoint | None:
    """Return the mean direction of the points, so that it is right on both sides of the date line.

    It is None if there are no points, or if they have no middle, as on opposite sides of the earth.
    """
    x = sum(cos(radians(north)) * cos(radians(east)) for east, north in points)
    y = sum(cos(radians(north)) * sin(radians(east)) for east, north in points)
    z = sum(sin(radians(north)) for _, north in points)
    if hypot(x, y, z) < 1e-6 * max(len(points), 1):
        return None
    return PlacePoint(degrees(atan2(y, x)), degrees(atan2(z, hypot(x, y))), is_middle=True)

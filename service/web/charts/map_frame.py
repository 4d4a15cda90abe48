"""The part of the earth that a map shows: all its points, with some of their surroundings."""

from collections.abc import Sequence
from math import cos, radians
from typing import Final

from service.web.charts.basemap import Frame
from service.web.charts.items import MapPoint

MAP_WIDTH: Final = 1200
MAP_HEIGHT: Final = 800
"""The size of the map in units of the drawing."""

_MIN_DEGREES: Final = 1.5
_MARGIN_SHARE: Final = 0.13
_KM_PER_DEGREE: Final = 111.195


def fit_frame(map_points: Sequence[MapPoint]) -> Frame:
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


def project_point(point: MapPoint, frame: Frame) -> tuple[float, float]:
    longitude = frame.west + (point.longitude - frame.west) % 360
    return frame.project(longitude, point.latitude)


def measure_width_km(frame: Frame) -> float:
    """Return the width of the map in kilometres, derived from its height in degrees."""
    return (frame.north - frame.south) * _KM_PER_DEGREE * MAP_WIDTH / MAP_HEIGHT

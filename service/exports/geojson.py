"""Figures and totals as GeoJSON (RFC 7946), longitude before latitude."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from service.domain.report import RecordedReport
from service.exports.fields import Row
from service.exports.figure_rows import iterate_rows

PointsByPlace = Mapping[str, tuple[float, float]]
"""Longitude and latitude by the id of the place."""


def make_report_collection(
    reports: Iterable[RecordedReport], points: PointsByPlace
) -> dict[str, Any]:
    """Return the features of the reports in one collection."""
    return _make_collection(list(make_report_features(reports, points)))


def make_report_features(
    reports: Iterable[RecordedReport], points: PointsByPlace
) -> Iterator[dict[str, Any]]:
    """Yield one feature for each row of the table of figures; its properties are the columns.

    A figure is one feature however many places it has, since it gives no number for each of them.
    Its geometry has the points of all places with coordinates; it is null if none has any.
    """
    for recorded_report in reports:
        report = recorded_report.report
        place_lists = [figure.places for figure in report.figures] or [report.places]
        for places, row in zip(place_lists, iterate_rows(recorded_report), strict=True):
            feature_id = row["figure"] or row["report"]
            found = [points[place] for place in places if place in points]
            yield _make_feature(feature_id, found, row)


def make_place_feature(row: Row) -> dict[str, Any]:
    """Return the feature of a row of the table of places, at its point."""
    has_point = row["longitude"] is not None and row["latitude"] is not None
    points = [(row["longitude"], row["latitude"])] if has_point else []
    return _make_feature(row["id"], points, row)


def make_part_features(
    totals: Mapping[str, Any], points: PointsByPlace, place_name: str = "key"
) -> dict[str, Any]:
    """Return one feature for each part of totals by place; its properties are the part's JSON.

    ``place_name`` is the field of a part with the id of its place. Everything else of the answer is
    a member of the collection: the totals of the whole and the people in no one part too.
    """
    common_members = {name: value for name, value in totals.items() if name != "parts"}
    features = [
        _make_feature(
            f"{part['key']} {part['key2']}" if "key2" in part else part["key"],
            [points[part[place_name]]] if part[place_name] in points else [],
            part,
        )
        for part in totals["parts"]
    ]
    return {**_make_collection(features), **common_members}


def _make_collection(features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _make_feature(
    feature_id: str, points: Iterable[tuple[float, float]], properties: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": feature_id,
        "geometry": _make_geometry(points),
        "properties": properties,
    }


def _make_geometry(points: Iterable[tuple[float, float]]) -> dict[str, Any] | None:
    distinct_points = list(dict.fromkeys(points))
    if not distinct_points:
        return None
    if len(distinct_points) == 1:
        return {"type": "Point", "coordinates": distinct_points[0]}
    return {"type": "MultiPoint", "coordinates": distinct_points}

"""Figures and totals as GeoJSON (RFC 7946): what lies where, longitude before latitude."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.api.report_rows import rows
from service.domain.report import RecordedReport

Points = Mapping[str, tuple[float, float]]
"""Longitude and latitude by the id of the place."""


def of_reports(recorded: Iterable[RecordedReport], points: Points) -> dict[str, Any]:
    """Return one feature for each row of the table of these reports, with its columns.

    A figure is one feature however many places it names, for it says nothing of each of them: it
    has the points of all that have coordinates, and no geometry where none has.
    """
    found = []
    for each in recorded:
        report = each.report
        named = [figure.places for figure in report.figures] or [report.places]
        for places, row in zip(named, rows(each), strict=True):
            id = row["figure"] or row["report"]
            found.append(_feature(id, [points[place] for place in places if place in points], row))
    return _collection(found)


def of_parts(told: Mapping[str, Any], points: Points) -> dict[str, Any]:
    """Return one feature for each part of an answer cut by place, as it is told in JSON.

    What the whole answer is about stands beside the features.
    """
    about = {name: told[name] for name in ("query", "as_of", "compared") if name in told}
    found = [
        _feature(part["key"], [points[part["key"]]] if part["key"] in points else [], part)
        for part in told["parts"]
    ]
    return {**_collection(found), **about}


def _collection(features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _feature(
    id: str, points: Iterable[tuple[float, float]], properties: Mapping[str, Any]
) -> dict[str, Any]:
    return {"type": "Feature", "id": id, "geometry": _geometry(points), "properties": properties}


def _geometry(points: Iterable[tuple[float, float]]) -> dict[str, Any] | None:
    distinct = list(dict.fromkeys(points))
    if not distinct:
        return None
    if len(distinct) == 1:
        return {"type": "Point", "coordinates": distinct[0]}
    return {"type": "MultiPoint", "coordinates": distinct}

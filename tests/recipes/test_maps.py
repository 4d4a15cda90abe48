"""GeoJSON of totals and of figures is as RFC 7946 says, and GDAL reads it for QGIS."""

import re
from typing import Any

import pytest

from tests.recipes.recipes import Kitchen
from tests.support.capabilities import require_recipe_tools

FEBRUARY = "/v1/totals?place=example-country&outcomes=killed&from=2024-02-01&to=2024-02-29&by=place"


@pytest.mark.parametrize(
    ("path", "count"),
    [(f"{FEBRUARY}&format=geojson", 3), ("/v1/exports/figures.geojson", 10)],
)
def test_geojson_is_as_the_rfc_says(kitchen: Kitchen, path: str, count: int) -> None:
    collection = kitchen.fetch_json(path)
    assert collection["type"] == "FeatureCollection"
    assert len(collection["features"]) >= count
    assert "crs" not in collection
    for feature in collection["features"]:
        assert feature.keys() == {"type", "id", "geometry", "properties"}
        assert feature["type"] == "Feature" and isinstance(feature["properties"], dict)
        _assert_geometry(feature["geometry"])
    assert any(each["geometry"] for each in collection["features"])


def _assert_geometry(geometry: dict[str, Any] | None) -> None:
    if geometry is None:
        return
    assert geometry.keys() == {"type", "coordinates"}
    points = geometry["coordinates"] if geometry["type"] == "MultiPoint" else None
    if points is None:
        assert geometry["type"] == "Point"
        points = [geometry["coordinates"]]
    for longitude, latitude in points:
        assert -32 < longitude < -28 and 0 < latitude < 3  # Where the imaginary country lies.


def test_gdal_reads_a_layer_with_the_numbers_of_the_api(kitchen: Kitchen) -> None:
    require_recipe_tools("ogrinfo", "curl", "jq")
    *_, description = kitchen.run_section("QGIS and other maps")
    assert "Geometry: Point" in description and "Feature Count: 3" in description
    assert "Extent: (-31.500000, 0.500000) - (-28.500000, 2.000000)" in description
    types = dict(re.findall(r"^(\w+): (\w+) \(0\.0\)$", description, re.MULTILINE))
    assert types == dict.fromkeys(("key", "name", "text"), "String") | dict.fromkeys(
        ("low", "high", "placed_low", "placed_high"), "Integer"
    ) | {"id": "String"}
    shown = [
        dict(re.findall(r"^  (\w+) \(\w+\) = (.*)$", each, re.MULTILINE))
        for each in description.split("OGRFeature")[1:]
    ]
    parts = kitchen.fetch_json(FEBRUARY)["parts"]
    assert shown == [_flatten(part) for part in parts]
    assert shown[0]["high"] == "(null)"


def _flatten(part: dict[str, Any]) -> dict[str, str]:
    """Return the columns of the part as GDAL prints them."""
    (total,) = part["totals"]
    columns = {
        "id": part["key"],
        "key": part["key"],
        "name": part["name"],
        "low": total["low"],
        "high": total["high"],
        "placed_low": total["placed"]["low"],
        "placed_high": total["placed"]["high"],
        "text": total["text"],
    }
    return {name: "(null)" if value is None else str(value) for name, value in columns.items()}

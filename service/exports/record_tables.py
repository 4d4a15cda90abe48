"""The tables of the record: figures, reports, places, groups and reporters."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from schemas.entities import GroupOut, PlaceOut, ReporterOut
from schemas.report_out import ReportOut
from service.exports import entity_rows, figure_rows
from service.exports.fields import ExportTable, Field, Row
from service.exports.geojson import make_place_feature, make_report_features
from service.exports.record_reader import RecordReader

ENTITY_TABLES: Final = {"places": "place", "groups": "group", "reporters": "reporter"}
"""The tables of entities, with the kind of each."""

FIGURES: Final = "figures"

REPORTS: Final = "reports"

_REPORT_SCHEMA: Final = ReportOut()

_ENTITY_SCHEMAS: Final = {"places": PlaceOut(), "groups": GroupOut(), "reporters": ReporterOut()}

_TITLES: Final = {
    FIGURES: "Figures: one row for each number that a report states",
    "places": "Places, with the place that contains each",
    "groups": "Groups of people, with the group that contains each",
    "reporters": "Reporters: who states figures",
}


def list_fields(name: str) -> tuple[Field, ...]:
    """Return the columns of the table."""
    return figure_rows.FIELDS if name == FIGURES else entity_rows.FIELDS[ENTITY_TABLES[name]]


def make_table(record: RecordReader, name: str, about: tuple[str, ...] = ()) -> ExportTable:
    """Return the table; its rows are read while they are written."""
    if name == FIGURES:
        rows: Iterator[Row] = figure_rows.iterate_figure_rows(record.iterate_reports())
    else:
        kind = ENTITY_TABLES[name]
        rows = entity_rows.iterate_rows(kind, record.iterate_entities(kind))
    return ExportTable(name, _TITLES[name], list_fields(name), rows, about)


def iterate_json(record: RecordReader, name: str) -> Iterator[dict[str, Any]]:
    """Yield each figure as its row, or each other item as the API answers it."""
    if name == FIGURES:
        yield from figure_rows.iterate_figure_rows(record.iterate_reports())
    elif name == REPORTS:
        for page in record.iterate_report_pages():
            yield from _REPORT_SCHEMA.dump(page, many=True)
    else:
        schema = _ENTITY_SCHEMAS[name]
        yield from map(schema.dump, record.iterate_entities(ENTITY_TABLES[name]))


def iterate_figure_features(record: RecordReader) -> Iterator[dict[str, Any]]:
    """Yield a GeoJSON feature for each row of the figures."""
    for page in record.iterate_report_pages():
        yield from make_report_features(page, record.load_points(page))


def iterate_place_features(record: RecordReader) -> Iterator[dict[str, Any]]:
    """Yield a GeoJSON feature for each place."""
    for row in make_table(record, "places").rows:
        yield make_place_feature(row)


FEATURES: Final[dict[str, Callable[[RecordReader], Iterator[dict[str, Any]]]]] = {
    FIGURES: iterate_figure_features,
    "places": iterate_place_features,
}
"""The tables that can be put on a map."""

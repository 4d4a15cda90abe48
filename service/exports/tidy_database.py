"""A tidy SQLite database of the record, and its description for Datasette."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlite_utils import Database

from service.exports.fields import ExportTable, Field, Row
from service.exports.record_reader import RecordReader
from service.exports.record_stamp import READING_RULES, RecordStamp
from service.exports.record_tables import ENTITY_TABLES, FIGURES, make_table

DATABASE_FILE: Final = "casualties.db"

_TYPES: Final = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": int,
    "date": str,
    "datetime": str,
}

_BATCH: Final = 1_000

_LINKS: Final = {
    "figure_places": (
        "places",
        "place",
        "The places of each figure; a figure with several is about all of them together",
    ),
    "figure_groups": (
        "groups",
        "group_id",
        "The groups of each figure; a figure with several is about all of them together",
    ),
    "figure_outcomes": (
        "outcomes",
        "outcome",
        "The outcomes of each figure; one with several counts people with any of them",
    ),
}
"""The tables with a row for each id in a column of the figures: the column, and that of the id."""

_FIGURE_ID: Final = Field("figure", "the figure's id")

_BY_PLACE: Final = "figures_by_place"

_CREATE_BY_PLACE: Final = """
SELECT figure_places.place, places.name AS place_name, figure_outcomes.outcome, figures.*,
    (SELECT count(*) FROM figure_places AS own WHERE own.figure = figures.figure) AS place_count,
    (SELECT count(*) FROM figure_outcomes AS own WHERE own.figure = figures.figure)
        AS outcome_count
FROM figures
JOIN figure_places ON figure_places.figure = figures.figure
JOIN figure_outcomes ON figure_outcomes.figure = figures.figure
LEFT JOIN places ON places.id = figure_places.place
"""

_BY_PLACE_TITLE: Final = (
    "One row for each figure, place and outcome. Where place_count or outcome_count is above 1,"
    " the number is about all of them together: do not add rows up"
)


def write_database(
    record: RecordReader, totals: ExportTable, stamp: RecordStamp, path: Path
) -> dict[str, Any]:
    """Write the database to a new file, and return its metadata for Datasette.

    Days are ISO dates. There are no keys and nothing that the service needs for itself.
    """
    database = Database(path)
    try:
        described = list(_write_tables(database, record, totals))
        _write_about(database, described, stamp)
        database.vacuum()
    finally:
        database.close()
    return make_metadata(path.stem, described, stamp)


def _write_tables(
    database: Database, record: RecordReader, totals: ExportTable
) -> Iterator[ExportTable]:
    for name in ENTITY_TABLES:
        table = make_table(record, name)
        _create(database, table, key="id")
        _insert(database, table, table.rows)
        yield table
    figures = make_table(record, FIGURES)
    _create(database, figures, key=None)
    links = [
        ExportTable(
            name, title, (Field("figure", "the figure's id"), Field(id_column, "the id")), ()
        )
        for name, (_, id_column, title) in _LINKS.items()
    ]
    for link in links:
        _create(database, link, key=None)
    rows = iter(figures.rows)
    while batch := list(islice(rows, _BATCH)):
        _insert(database, figures, batch)
        for link in links:
            column, id_column, _ = _LINKS[link.name]
            _insert(database, link, _iterate_links(batch, column, id_column))
    for name, columns in {
        FIGURES: ("figure", "report", "reporter", "incident", "from"),
        "figure_places": ("figure", "place"),
        "figure_groups": ("figure", "group_id"),
        "figure_outcomes": ("figure", "outcome"),
        "places": ("parent",),
    }.items():
        for column in columns:
            database[name].create_index([column])
    database.create_view(_BY_PLACE, _CREATE_BY_PLACE)
    yield figures
    yield from links
    _create(database, totals, key=None)
    _insert(database, totals, totals.rows)
    yield totals


def _create(database: Database, table: ExportTable, key: str | None) -> None:
    columns = {field.name: _TYPES[field.type] for field in table.fields}
    database[table.name].create(columns, pk=key)


def _insert(database: Database, table: ExportTable, rows: Iterable[Row]) -> None:
    names = table.columns
    values = ({name: _to_value(row.get(name)) for name in names} for row in rows)
    database[table.name].insert_all(values, batch_size=_BATCH)


def _to_value(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    return value.isoformat()


def _iterate_links(rows: Iterable[Row], column: str, id_column: str) -> Iterator[dict[str, Any]]:
    for row in rows:
        if row["figure"] is not None:
            for each in filter(None, (row[column] or "").split(",")):
                yield {"figure": row["figure"], id_column: each}


def _write_about(database: Database, described: Iterable[ExportTable], stamp: RecordStamp) -> None:
    lines = [
        ("state", stamp.state_text),
        ("exported_at", stamp.exported_at.isoformat(timespec="seconds")),
        ("citation", stamp.citation),
        *(("rule", rule) for rule in READING_RULES),
    ]
    database["about"].insert_all({"name": name, "text": text} for name, text in lines)
    database["columns"].insert_all(
        {"table": table.name, "column": field.name, "content": field.description}
        for table in described
        for field in table.fields
    )


def make_metadata(
    name: str, described: Iterable[ExportTable], stamp: RecordStamp
) -> dict[str, Any]:
    """Return the metadata for Datasette: what the database of the name and its columns are."""
    tables: dict[str, Any] = {
        table.name: {
            "description": table.title,
            "columns": {field.name: field.description for field in table.fields},
        }
        for table in described
    }
    tables[FIGURES] |= {"facets": ["reporter", "state"], "sort_desc": "to"}
    tables["places"]["label_column"] = tables["groups"]["label_column"] = "name"
    tables["reporters"]["label_column"] = "name"
    tables[_BY_PLACE] = {"description": _BY_PLACE_TITLE, "facets": ["place", "outcome"]}
    metadata: dict[str, Any] = {
        "title": "Casualty figures",
        "description": " ".join((*READING_RULES, f"{stamp.state_text}.", stamp.citation)),
        "databases": {name: {"tables": tables}},
    }
    if stamp.address:
        metadata |= {"source": "Casualty figures", "source_url": stamp.address}
    return metadata

"""Parquet files of tables. They need pyarrow, which requirements-parquet.txt installs."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import IO, Any, Final

from service.domain.errors import InvalidInputError
from service.exports.fields import ExportTable, Field, Row

ROW_GROUP_SIZE: Final = 20_000
"""So many rows are in memory at once."""


def write_parquet(table: ExportTable, file: IO[bytes]) -> None:
    """Write the table, with the description of each column in its metadata.

    Days and times have their own types. Raises InvalidInputError if pyarrow is not installed.
    """
    arrow, parquet = _import_pyarrow()
    schema = arrow.schema(
        [
            arrow.field(
                field.name,
                _find_type(arrow, field),
                metadata={"description": field.description},
            )
            for field in table.fields
        ],
        metadata={"title": table.title, "about": "\n".join(table.about)},
    )
    rows = iter(table.rows)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(rows, ROW_GROUP_SIZE)):
            columns = [list(_iterate_values(field, batch)) for field in table.fields]
            arrays = [
                arrow.array(column, type=each.type)
                for column, each in zip(columns, schema, strict=True)
            ]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def _import_pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow  # It is optional.
        from pyarrow import parquet
    except ImportError:
        raise InvalidInputError(
            "Parquet needs pyarrow, which is not installed here: pip install -r"
            " requirements-parquet.txt. Or export CSV, NDJSON or XLSX."
        ) from None
    return pyarrow, parquet


def _find_type(arrow: Any, field: Field) -> Any:
    types = {
        "string": arrow.string(),
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "boolean": arrow.bool_(),
        "date": arrow.date32(),
        "datetime": arrow.timestamp("us", tz="UTC"),
    }
    return types[field.type]


def _iterate_values(field: Field, rows: Sequence[Row]) -> Iterator[Any]:
    for row in rows:
        value = row.get(field.name)
        if field.type == "date" and isinstance(value, str):
            yield date.fromisoformat(value)
        elif field.type == "datetime" and isinstance(value, str):
            yield datetime.fromisoformat(value)
        else:
            yield value

"""Places, groups and reporters as flat rows, for CSV."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from service.domain.entities import ENTITY_CLASSES, Entity
from service.http.csv_writer import write_csv


def to_csv(
    kind: str, entities: Iterable[Entity], bom: bool = False, about: Iterable[str] = ()
) -> str:
    """Return the CSV table: a header, and one row for each entity.

    The columns are the fields of the JSON answer. Aliases are separated by "; ".
    """
    columns = [field.name for field in fields(ENTITY_CLASSES[kind])]
    return write_csv(columns, _iterate_rows(entities, columns), bom=bom, about=about)


def _iterate_rows(entities: Iterable[Entity], columns: Iterable[str]) -> Iterator[dict[str, Any]]:
    for entity in entities:
        row = {column: getattr(entity, column) for column in columns}
        yield {**row, "aliases": "; ".join(entity.aliases) or None}

"""The columns of exported tables: their names, their types, and what they contain."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

FieldType = Literal["string", "integer", "number", "boolean", "date", "datetime"]
"""The types of the Frictionless Table Schema that occur."""

Row = Mapping[str, Any]
"""The cells of a row by column; a missing one is empty, like None."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column. ``description`` is the one text about it, in docs and data packages alike."""

    name: str
    description: str
    type: FieldType = "string"


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table to be written; its rows can be read once.

    ``about`` are sentences that belong to it: the question, the state of the record, and what to
    know of the numbers.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    rows: Iterable[Row]
    about: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(field.name for field in self.fields)

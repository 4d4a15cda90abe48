"""Rows and changes of one transaction that are written together: one statement a table."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

from service.store.interface import Connection
from service.store.tables import TABLES, table_of

MAX_ROWS: Final = 20_000
"""With more rows, a caller that streams should flush."""


class RowBuffer:
    """Holds the rows that events insert, until they are written.

    Rows are inserted in the order of TABLES, in which every table follows those that it refers to;
    then the changes are made in their order. So a change may concern a row that waits, and no row
    may depend on a change.
    """

    def __init__(self, db: Connection) -> None:
        """Write to the connection, which is in a write transaction."""
        self.db = db
        self._rows: dict[type[tuple[Any, ...]], list[tuple[Any, ...]]] = {}
        self._changes: dict[str, list[dict[str, Any]]] = {}
        self._row_count = 0

    def insert(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows, each of a row class."""
        for row in rows:
            waiting = self._rows.get(type(row))
            if waiting is None:
                waiting = self._rows[type(row)] = []
            waiting.append(row)
            self._row_count += 1

    def insert_all(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows that are all of one row class."""
        if rows:
            self._rows.setdefault(type(rows[0]), []).extend(rows)
            self._row_count += len(rows)

    def change(self, name: str, /, **binds: Any) -> None:
        """Add a change: a statement of queries.sql."""
        self._changes.setdefault(name, []).append(binds)

    @property
    def is_full(self) -> bool:
        """Whether so many rows wait that they should be written."""
        return self._row_count >= MAX_ROWS

    def flush(self) -> None:
        """Write everything that waits."""
        rows, changes = self._rows, self._changes
        self._rows, self._changes, self._row_count = {}, {}, 0
        for row_class in sorted(rows, key=_position_of):
            self.db.insert_many(rows[row_class])
        for name, bind_sets in changes.items():
            self.db.change_many(name, bind_sets)


@cache
def _position_of(row_class: type[tuple[Any, ...]]) -> int:
    """Return the position of the table whose rows are of the class."""
    return TABLES.index(table_of(row_class))

"""Reads that are noted, to find out in a later transaction whether they still give the same."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from service.store.event_log import last_seq
from service.store.interface import Connection, Row

Result = TypeVar("Result")


class ReadLog(Connection):
    """A connection that only runs statements by name that read the record, and notes their results.

    What was computed from these reads alone is computed alike in any transaction in which
    ``is_unchanged`` holds.
    """

    def __init__(self, db: Connection) -> None:
        """Read by the connection, as long as its transaction is open."""
        self._db = db
        self._seq = last_seq(db)
        self._reads: list[tuple[Callable[[Connection], Any], Any]] = []

    def is_unchanged(self, db: Connection) -> bool:
        """Whether all statements return the same in this transaction.

        They do if there are no further events: nothing else changes what a record contains.
        """
        return last_seq(db) == self._seq or all(read(db) == result for read, result in self._reads)

    def fetch_all(self, name: str, /, *, clauses: Sequence[str] = (), **binds: Any) -> list[Row]:
        """Return the rows of the statement."""
        return self._note(lambda db: db.fetch_all(name, clauses=clauses, **binds))

    def fetch_each(self, name: str, bind_sets: Sequence[Mapping[str, Any]]) -> list[list[Row]]:
        """Return the rows of the statement for each set of binds."""
        return self._note(lambda db: db.fetch_each(name, bind_sets))

    def fetch_one(self, name: str, /, **binds: Any) -> Row | None:
        """Return the first row of the statement; None where there is none."""
        return self._note(lambda db: db.fetch_one(name, **binds))

    def fetch_value(self, name: str, /, **binds: Any) -> Any:
        """Return the one value of a statement that always has exactly one row."""
        return self._note(lambda db: db.fetch_value(name, **binds))

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._db.in_transaction

    def execute(self, sql: str, binds: Mapping[str, Any] | None = None) -> NoReturn:
        """Refuse SQL whose result would not be noted."""
        raise NotImplementedError

    def execute_many(self, sql: str, bind_sets: Iterable[Mapping[str, Any]]) -> NoReturn:
        """Refuse to write."""
        raise NotImplementedError

    def iterate(self, sql: str, binds: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Refuse SQL whose result would not be noted."""
        raise NotImplementedError

    def insert_many(self, rows: Sequence[tuple[Any, ...]]) -> NoReturn:
        """Refuse to write."""
        raise NotImplementedError

    def _note(self, read: Callable[[Connection], Result]) -> Result:
        result = read(self._db)
        self._reads.append((read, result))
        return result

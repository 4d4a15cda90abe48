"""Growing columns: numbers, texts, and numbers that stand for distinct values."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from service.columns.arrays import IntArray

FIRST_CAPACITY: Final = 64


class ColumnTable:
    """Columns of one length that grow at the end.

    A view of a column stays valid while the table grows, and does not show the new rows.
    """

    def __init__(self, types: Mapping[str, DTypeLike]) -> None:
        self._buffers = {name: np.zeros(FIRST_CAPACITY, dtype) for name, dtype in types.items()}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column with as many elements as there are rows."""
        return self._buffers[name][: self._count]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self._buffers)

    def equals(self, other: "ColumnTable") -> bool:
        """Whether both have the same columns with the same elements."""
        return self.names == other.names and all(
            np.array_equal(self[name], other[name]) for name in self.names
        )

    def copy(self, count: int) -> "ColumnTable":
        """Return the first rows in columns of their own."""
        copied = ColumnTable({})
        copied._buffers = {name: buffer[:count].copy() for name, buffer in self._buffers.items()}
        copied._count = count
        return copied

    def append(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows; each has one value for each column, in the order of the columns."""
        columns = list(zip(*rows, strict=True))
        if not columns:
            return
        start, stop = self._count, self._count + len(columns[0])
        for (name, buffer), values in zip(self._buffers.items(), columns, strict=True):
            self._buffers[name] = buffer = _enlarge(buffer, stop)
            buffer[start:stop] = values
        self._count = stop

    def update(self, name: str, row: int, value: Any) -> None:
        """Change one element."""
        self._buffers[name][row] = value


def _enlarge(buffer: NDArray[Any], count: int) -> NDArray[Any]:
    """Return the buffer, or a longer copy if it is too short for so many elements."""
    if count <= len(buffer):
        return buffer
    longer = np.zeros(max(count, len(buffer) * 3 // 2), buffer.dtype)
    longer[: len(buffer)] = buffer
    return longer


class TextColumn:
    """Texts that are added at the end, without an object for each of them."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._table = ColumnTable({"stop": np.int64})

    def __len__(self) -> int:
        return len(self._table)

    def append(self, texts: Sequence[str]) -> None:
        """Add texts."""
        encoded = [text.encode() for text in texts]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        stops: IntArray = len(self._bytes) + np.cumsum(lengths)
        self._bytes += b"".join(encoded)
        self._table.append(zip(stops.tolist(), strict=True))

    def equals(self, other: "TextColumn") -> bool:
        """Whether both have the same texts."""
        return self._bytes == other._bytes and self._table.equals(other._table)

    def copy(self, count: int) -> "TextColumn":
        """Return the first texts in a column of their own."""
        copied = TextColumn()
        copied._table = self._table.copy(count)
        copied._bytes = self._bytes[: int(copied._table["stop"][-1])] if count else bytearray()
        return copied

    def find(self, text: str) -> int | None:
        """Return the first row with this text; None if there is none."""
        encoded, stops = text.encode(), self._table["stop"]
        position = self._bytes.find(encoded)
        while position >= 0:
            row = int(np.searchsorted(stops, position, "right"))
            start = int(stops[row - 1]) if row else 0
            if start == position and stops[row] == position + len(encoded):
                return row
            position = self._bytes.find(encoded, position + 1)
        return None

    def __getitem__(self, row: int) -> str:
        stops = self._table["stop"]
        start = int(stops[row - 1]) if row else 0
        return self._bytes[start : int(stops[row])].decode()


Value = TypeVar("Value", bound=Hashable)


class Interner(Generic[Value]):
    """Distinct values, numbered in the order in which they came."""

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {}
        self.values: list[Value] = []

    def __len__(self) -> int:
        return len(self.values)

    def add(self, value: Value) -> int:
        """Return the number of the value, a new one if it is new."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(value)
        return number

    def copy(self) -> "Interner[Value]":
        """Return the same values with the same numbers, to which others can be added."""
        copied: Interner[Value] = Interner()
        copied._numbers, copied.values = dict(self._numbers), list(self.values)
        return copied

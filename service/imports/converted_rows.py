"""The rows of a file with the reports that they became."""

import pickle
from dataclasses import dataclass
from typing import Any

_Source = tuple[dict[str, str], dict[str, Any]]
"""The cells of a row, and its report."""


class ConvertedRow:
    """A row and its report, as the body of ``POST /v1/reports``.

    ``prepared`` is what the receiver has made of the report in advance, None if nothing. Another
    process sends it alone: the cells and the report are unpickled only if they are asked for.
    """

    __slots__ = ("_pickled", "_source", "line", "prepared")

    def __init__(
        self, line: int, cells: dict[str, str], report: dict[str, Any], prepared: Any = None
    ) -> None:
        """Take the row, whose line in the file is ``line``."""
        self.line, self.prepared = line, prepared
        self._source: _Source | None = (cells, report)
        self._pickled = b""

    @property
    def cells(self) -> dict[str, str]:
        """The cells of the row by their columns."""
        return self._get_source()[0]

    @property
    def report(self) -> dict[str, Any]:
        """The report, as the body of ``POST /v1/reports``."""
        return self._get_source()[1]

    def _get_source(self) -> _Source:
        if self._source is None:
            self._source = pickle.loads(self._pickled)  # noqa: S301 - of the process that we started
        return self._source

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make the row of its line, its pickled source and what was prepared."""
        return _make_row, (self.line, pickle.dumps(self._get_source()), self.prepared)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConvertedRow):
            return NotImplemented
        return (self.line, self.cells, self.report) == (other.line, other.cells, other.report)

    __hash__ = None  # type: ignore[assignment]


def _make_row(line: int, pickled: bytes, prepared: Any) -> ConvertedRow:
    row = ConvertedRow.__new__(ConvertedRow)
    row.line, row.prepared = line, prepared
    row._source, row._pickled = None, pickled
    return row


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that gives no report and is no mistake; the reason is for the summary."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that gives no report, and why; ``column`` is "" if no single column is at fault."""

    line: int
    cells: dict[str, str]
    column: str
    reason: str

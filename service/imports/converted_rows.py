"""The rows of a file with the reports that they became."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ConvertedRow:
    """A row and its report, as the body of ``POST /v1/reports``.

    ``prepared`` is what the receiver has made of the report in advance, None if nothing.
    """

    line: int
    cells: dict[str, str]
    report: dict[str, Any]
    prepared: Any = field(default=None, compare=False)


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

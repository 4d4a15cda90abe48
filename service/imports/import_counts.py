"""What became of the rows of a file, in numbers."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

MAX_PROBLEMS: Final = 1_000
"""How many kinds of problems are counted apart; the rows of all others are counted together."""

_CELL: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[0-9][0-9,.-]*")


@dataclass(slots=True)
class Problem:
    """Rows that were refused for one kind of reason; ``line`` and ``reason`` are of the first."""

    column: str
    reason: str
    line: int
    count: int = 0


@dataclass(slots=True)
class ImportCounts:
    """How many rows had each end, and how many warnings of each code the reports have.

    Every row is one of recorded, replaced, known, skipped and refused. ``retracted`` are reports of
    earlier rows.
    """

    rows: int = 0
    recorded: int = 0
    replaced: int = 0
    known: int = 0
    refused: int = 0
    retracted: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    _problems: dict[tuple[str, str], Problem] = field(default_factory=dict)

    @property
    def ends(self) -> dict[str, int]:
        """How many rows had each end, by the names of the API."""
        return {
            "added": self.recorded, "revised": self.replaced, "known": self.known,
            "skipped": self.skipped.total(), "refused": self.refused, "retracted": self.retracted,
        }  # fmt: skip

    def count_end(self, end: str, warnings: Iterable[str]) -> None:
        """Count a row whose report is in the record: it was added, revised or known."""
        if end == "known":
            self.known += 1
        elif end == "revised":
            self.replaced += 1
        else:
            self.recorded += 1
        self.warnings.update(warnings)

    @property
    def problems(self) -> list[Problem]:
        """The kinds of problems, those of most rows first."""
        return sorted(self._problems.values(), key=lambda each: -each.count)

    def count_refused(self, line: int, column: str, reason: str) -> None:
        """Count a refused row; reasons that differ only in cells and numbers are of one kind."""
        self.refused += 1
        kind = (column, _CELL.sub("…", reason))
        if kind not in self._problems and len(self._problems) >= MAX_PROBLEMS:
            kind, column, reason = ("", ""), "", "other reasons"
        problem = self._problems.setdefault(kind, Problem(column, reason, line))
        problem.count += 1

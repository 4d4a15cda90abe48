"""The rows that were refused, as a CSV beside the file, to be corrected and imported again."""

import csv
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from service.imports.converted_rows import RefusedRow

COLUMNS = ("line", "column", "reason")


class RefusedRowFile:
    """Writes ``FILE.refused.csv`` when the first row is refused; until then there is no file.

    A file that an earlier import left is removed, so that the file is always that of the last one.
    """

    def __init__(self, path: Path, *, continues: bool = False) -> None:
        """Write beside the imported file ``path``.

        ``continues``: an interrupted import is continued, whose file is kept.
        """
        self._continues = continues
        self.path = path.with_name(f"{path.name}.refused.csv")
        self._file: IO[str] | None = None
        self._writer: Any = None
        self._columns: list[str] = []
        self.known_lines: set[int] = set()
        """The lines that were refused before the import was interrupted."""

    def __enter__(self) -> Self:
        if not self._continues:
            with suppress(FileNotFoundError):
                self.path.unlink()
        elif self.path.is_file():
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                self.known_lines = {int(row["line"]) for row in csv.DictReader(file)}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, row: RefusedRow) -> None:
        """Add the row: its line, the column at fault, the reason, and its cells."""
        if row.line in self.known_lines:
            return
        if self._file is None:
            # With a mark for Excel, which otherwise reads UTF-8 as another encoding.
            mode, encoding = ("a", "utf-8") if self.known_lines else ("w", "utf-8-sig")
            self._file = self.path.open(mode, encoding=encoding, newline="")
            self._writer = csv.writer(self._file)
            self._columns = list(row.cells)
            if not self.known_lines:
                self._writer.writerow([*COLUMNS, *self._columns])
        cells = [row.cells.get(each, "") for each in self._columns]
        self._writer.writerow([row.line, row.column, row.reason, *cells])

"""The import of a file as it is recorded: which file, by which mapping, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from service.domain.errors import ConflictError

ROW_ENDS: Final = ("added", "revised", "known", "skipped", "refused")
"""What can become of a row of a file."""


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file and the mapping by which it is imported; hashes are SHA-256, in hexadecimal."""

    file: str
    file_sha256: str
    mapping: str
    mapping_sha256: str


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import has come with a batch: ``rows`` of the file have been read."""

    import_id: str
    rows: int


@dataclass(frozen=True, slots=True)
class ImportHead:
    """An import, without the numbers for which its reports must be read.

    ``state`` is "running", "finished" or "withdrawn". ``actor`` is the id of the API key, None for
    an operator on the machine. ``row_count`` rows have been read, and ``report_count`` reports were
    recorded.
    """

    id: str
    seq: int
    recorded_at: str
    actor: str | None
    imported: ImportedFile
    state: str
    row_count: int
    report_count: int
    finished_at: str | None
    withdrawn_at: str | None

    def check_running(self) -> None:
        """Raise ConflictError if the import has come to its end."""
        if self.state != "running":
            raise ConflictError(f"The import {self.id} is {self.state}: begin another one.")


@dataclass(frozen=True, slots=True)
class RecordedImport(ImportHead):
    """An import in the record.

    ``live_count`` of its reports count. ``counts`` say what became of the rows; None until the
    import is finished. ``retracted_now`` is how many reports this request has retracted.
    """

    live_count: int
    counts: Mapping[str, int] | None
    retracted_now: int = 0

"""What receives the reports of a file: a database, or a service over HTTP."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, Protocol

from service.domain.file_import import ImportedFile
from service.domain.wording.range_text import outcomes_text, range_text
from service.imports.import_counts import ImportCounts

Json = dict[str, Any]

Prepare = Callable[[Json], Any]
"""Returns what a receiver makes of a report before it is submitted; another process may do it."""


def leave_unprepared(report: Json) -> None:
    """Return None: nothing is made of the report in advance."""


BATCH_SIZE: Final = 500
"""How many reports are sent at once."""


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of one report: its ``id`` if the record has it, else why it was refused.

    ``replaced`` is the id of the earlier report that it supersedes. ``pointer`` names the field at
    fault, such as /figures/0/low.
    """

    id: str | None
    is_new: bool = False
    replaced: str | None = None
    warnings: tuple[str, ...] = ()
    pointer: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KnownFigure:
    """A figure of a report of the record; None: open."""

    outcomes: Sequence[str]
    low: int
    high: int | None
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class KnownReport:
    """A report of the record."""

    id: str
    ref: str | None
    figures: Sequence[KnownFigure]

    def is_within(self, first: date | None, last: date) -> bool:
        """Whether all its figures lie within these days; ``first`` None is an open beginning."""
        return all(
            (each.last is not None and each.last <= last)
            and (first is None or (each.first is not None and each.first >= first))
            for each in self.figures
        )

    @property
    def text(self) -> str:
        """Its figures in words."""
        return "; ".join(
            f"{range_text(each.low, each.high)} {outcomes_text(each.outcomes)}"
            for each in self.figures
        )


@dataclass(frozen=True, slots=True)
class KnownImport:
    """An import in the record; ``row_count`` rows of its file have been read for certain.

    ``report_count`` reports were recorded, and ``live_count`` of them count now.
    """

    id: str
    state: str
    started_at: str
    file: str
    mapping: str
    row_count: int
    report_count: int
    live_count: int


class PlaceEnd(StrEnum):
    """What became of a place."""

    ADDED = "added"
    COMPLETED = "completed"
    """It was known, and has other names, a point or a parent now that it did not have."""
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PlaceOutcome:
    """What became of one place, and why it was refused, if it was."""

    end: PlaceEnd
    reason: str = ""


class Receiver(Protocol):
    """Records reports."""

    def start_import(self, imported: ImportedFile) -> KnownImport:
        """Begin an import, or continue an interrupted one; reports belong to it from now on."""
        ...

    def finish_import(self, counts: ImportCounts) -> None:
        """Finish the import that was started."""
        ...

    def get_preparation(self) -> Prepare:
        """Return what can be done in advance with each report; it can be pickled."""
        ...

    def submit(self, reports: Sequence[Any], row_count: int = 0) -> list[ItemOutcome]:
        """Return the outcome of each report, in their order; sending them again changes nothing.

        A report is given as its JSON, or as the preparation has made it.

        ``row_count`` rows of the file have been read with them: 0 if that is not known.
        """
        ...

    def retract(self, report_id: str, reason: str) -> bool:
        """Retract the report; returns whether it was not retracted before."""
        ...

    def get_reports(self, ids: Sequence[str]) -> list[KnownReport]:
        """Return the reports with these ids, in their order."""
        ...

    def list_imports(self) -> Iterator[KnownImport]:
        """Yield the imports, the newest first."""
        ...

    def withdraw_import(self, import_id: str, reason: str) -> tuple[int, int]:
        """Retract reports of the import; returns how many now, and how many are left."""
        ...

    def add_entities(self, kind: str, entities: Sequence[tuple[str, Json]]) -> int:
        """Record the places, groups or reporters that are not known; returns how many were not."""
        ...

    def complete_places(self, places: Sequence[tuple[str, Json]]) -> list[PlaceOutcome]:
        """Record the places by their ids, and complete those that are known; their outcomes."""
        ...

    def list_reports(
        self, reporter: str, place: str, first: date | None, last: date
    ) -> Iterator[KnownReport]:
        """Yield the live reports of the reporter that touch the place and these days."""
        ...

"""The import of a gazetteer: its places are recorded from the outermost in."""

from collections import Counter
from pathlib import Path
from typing import Final

from service.imports.errors import RowError
from service.imports.file_import import ReportProgress, cut_batches, ignore_progress
from service.imports.gazetteer import Gazetteer, GazetteerReader
from service.imports.import_counts import ImportCounts
from service.imports.receivers import PlaceEnd, Receiver
from service.imports.row_converter import RefuseRow, ignore_refused_row
from service.imports.row_files import RowFile

BATCH_SIZE: Final = 500
"""How many places one transaction records."""


class GazetteerImport:
    """Sends the places of a gazetteer to a receiver; what could not be placed is listed."""

    def __init__(
        self, gazetteer: Gazetteer, receiver: Receiver, refuse: RefuseRow = ignore_refused_row
    ) -> None:
        """Send to the receiver; ``refuse`` takes each row whose place is not in the record."""
        self.ends: Counter[PlaceEnd] = Counter()
        self._gazetteer, self._receiver = gazetteer, receiver
        self._reader = GazetteerReader(gazetteer, refuse)

    @property
    def counts(self) -> ImportCounts:
        """What became of the rows."""
        return self._reader.counts

    def run(self, path: Path, report_progress: ReportProgress = ignore_progress) -> None:
        """Import the file; ``report_progress`` is called after each batch.

        Raises FileError before anything is sent if the file is not as the mapping says, and the
        receiver's errors. The same file can be imported again.
        """
        places = self._reader.read_places(RowFile(path, self._gazetteer))
        done = 0
        for batch in cut_batches(iter(places), BATCH_SIZE):
            outcomes = self._receiver.complete_places(
                [(each.id, each.describe()) for each in batch]
            )
            for place, outcome in zip(batch, outcomes, strict=True):
                self.ends[outcome.end] += 1
                if outcome.end == PlaceEnd.REFUSED:
                    self._reader.refuse(place.row, RowError("", outcome.reason))
            done += len(batch)
            report_progress(self.counts, done / len(places))

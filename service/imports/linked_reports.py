"""Sends reports that link to each other by ids which the receiver does not know."""

from collections.abc import Callable, Collection, Mapping

from service.imports.converted_rows import RefusedRow
from service.imports.import_counts import ImportCounts
from service.imports.receivers import BATCH_SIZE, Json, Receiver
from service.imports.row_converter import RefuseRow

Convert = Callable[[Mapping[str, str]], Json]
"""Returns the submission of a report, given the receiver's ids by the ids of the source."""


class LinkedReports:
    """Reports that wait to be sent in one batch, until one of them links to another of them."""

    def __init__(self, receiver: Receiver, counts: ImportCounts, refuse: RefuseRow) -> None:
        """Send to the receiver and count there; ``refuse`` takes what the receiver refuses."""
        self._receiver, self._counts, self._refuse = receiver, counts, refuse
        self._pending: dict[str, tuple[int, Json]] = {}
        self.ids: dict[str, str] = {}
        """The ids of the receiver by those of the source."""

    def add(self, line: int, report_id: str, links: Collection[str], convert: Convert) -> None:
        """Add a report with the ids of earlier reports to which it links."""
        if len(self._pending) == BATCH_SIZE or not self._pending.keys().isdisjoint(links):
            self.send()
        self._pending[report_id] = line, convert(self.ids)

    def has(self, report_id: str) -> bool:
        """Whether the report was added, and not refused if it was sent."""
        return report_id in self.ids or report_id in self._pending

    def send(self) -> None:
        """Send what waits."""
        if not self._pending:
            return
        lines = [line for line, _ in self._pending.values()]
        outcomes = self._receiver.submit([body for _, body in self._pending.values()], lines[-1])
        for (report_id, (line, _)), outcome in zip(self._pending.items(), outcomes, strict=True):
            if outcome.id is None:
                reason = f"{outcome.pointer}: {outcome.reason}".removeprefix(": ")
                self._counts.count_refused(line, "", reason)
                self._refuse(RefusedRow(line, {"id": report_id}, "", reason))
                continue
            self.ids[report_id] = outcome.id
            if outcome.is_new:
                self._counts.recorded += 1
            else:
                self._counts.known += 1
            self._counts.warnings.update(outcome.warnings)
        self._pending = {}

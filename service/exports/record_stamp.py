"""What every export states about itself: the state of the record, the day, and how to cite it."""

from dataclasses import dataclass
from datetime import datetime

from service.exports.csv_writer import describe_state

READING_RULES: tuple[str, ...] = (
    "A figure is what one report states. Do not add figures up: several reports may count the"
    " same people, and one figure may be about several places together.",
    "A total is the fewest and the most people for which all counted figures can be true. Do not"
    " add the highs of parts up.",
    "An empty high means that no upper limit is known. An empty low means that nothing was"
    " reported, which is not a zero.",
)
"""What readers must know of the numbers, in every export with more than one table."""


@dataclass(frozen=True, slots=True)
class RecordStamp:
    """The state of the record that an export has, and when it was made.

    ``address`` is where the service can be reached, None if that is not known.
    """

    seq: int
    recorded_at: str | None
    exported_at: datetime
    address: str | None = None

    @property
    def state_text(self) -> str:
        """Which state of the record it is."""
        return describe_state(self.seq, self.recorded_at)

    @property
    def citation(self) -> str:
        """How to cite the export."""
        where = f", {self.address}" if self.address else ""
        return (
            f"Casualty figures, record after event {self.seq}{where}, exported on"
            f" {self.exported_at.date().isoformat()}."
        )

"""The reporters among whom the form lets one choose."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from service.domain.record_state import RecordState

MAX_REPORTERS: Final = 40
"""So many are listed; of more, those who report most often."""


@dataclass(frozen=True, slots=True)
class ReporterChoices:
    """Who is listed (id, name, whether a party), by name, and how many more ever said anything."""

    shown: list[tuple[str, str, bool]]
    omitted_count: int

    @property
    def count(self) -> int:
        """How many there are in all."""
        return len(self.shown) + self.omitted_count


def list_reporters(state: RecordState, selected_ids: Iterable[str]) -> ReporterChoices:
    """Return the reporters for the form: those who are asked about are always among them."""
    report_counts = Counter(each.reporter for each in state.reports.values())
    shown_ids = {reporter_id for reporter_id, _ in report_counts.most_common(MAX_REPORTERS)}.union(
        selected_ids
    )
    reporters = sorted(
        (state.reporters[reporter_id] for reporter_id in shown_ids), key=lambda each: each.name
    )
    shown = [(each.id, each.name, each.party) for each in reporters]
    return ReporterChoices(shown, len(report_counts.keys() - shown_ids))

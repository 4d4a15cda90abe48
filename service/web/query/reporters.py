"""The reporters that the query form lists."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from service.columns.record_state import RecordState

MAX_REPORTERS: Final = 40
"""The most reporters that the form lists; those with the most reports are listed."""


@dataclass(frozen=True, slots=True)
class ReporterChoices:
    """The listed reporters (id, name, is a party) by name, and how many more have reports."""

    shown: list[tuple[str, str, bool]]
    omitted_count: int

    @property
    def count(self) -> int:
        """How many reporters there are, listed or not."""
        return len(self.shown) + self.omitted_count


def list_reporters(state: RecordState, selected_ids: Iterable[str]) -> ReporterChoices:
    """Return the reporters for the form, which always include the selected ones."""
    report_counts = Counter(state.count_reports_by_reporter())
    shown_ids = {reporter_id for reporter_id, _ in report_counts.most_common(MAX_REPORTERS)}.union(
        selected_ids
    )
    reporters = sorted(
        (state.reporters[reporter_id] for reporter_id in shown_ids), key=lambda each: each.name
    )
    shown = [(each.id, each.name, each.party) for each in reporters]
    return ReporterChoices(shown, len(report_counts.keys() - shown_ids))

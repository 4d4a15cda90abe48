"""What the reporters of a record have reported: how much, about which days, and when last."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from service.columns.record_state import RecordState
from service.domain.periods import OPEN_START

_NO_DAY: Final = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class ReporterActivity:
    """How many reports a reporter has, in whatever state, and how many live figures.

    ``first_day`` is None if no live figure states its first day, ``last_day`` if there is none.
    ``last_report`` is the id of the report that was recorded last; None without any.
    """

    id: str
    report_count: int = 0
    figure_count: int = 0
    first_day: date | None = None
    last_day: date | None = None
    last_report: str | None = None


def list_activities(state: RecordState) -> list[ReporterActivity]:
    """Return what each reporter has reported, those with most reports first, then by name."""
    active = {each.id: each for each in _list_active(state)}
    activities = [active.get(each) or ReporterActivity(each) for each in state.reporters]
    return sorted(
        activities, key=lambda each: (-each.report_count, state.reporters[each.id].name, each.id)
    )


def _list_active(state: RecordState) -> list[ReporterActivity]:
    """Return what those with reports have reported, in no order."""
    numbers, size = state.reporter_numbers, len(state.reporter_ids)
    if not len(numbers):
        return []
    report_counts = np.bincount(numbers, minlength=size)
    last_rows = np.zeros(size, dtype=np.int64)
    np.maximum.at(last_rows, numbers, np.arange(len(numbers)))
    rows = np.flatnonzero(state.is_live)
    reporters = numbers[state.column("report")[rows]]
    firsts, lasts = state.column("first")[rows], state.column("last")[rows]
    figure_counts = np.bincount(reporters, minlength=size)
    first_days = np.full(size, _NO_DAY, dtype=np.int32)
    np.minimum.at(first_days, reporters, np.where(firsts == OPEN_START, _NO_DAY, firsts))
    last_days = np.zeros(size, dtype=np.int32)
    np.maximum.at(last_days, reporters, lasts)
    return [
        ReporterActivity(
            state.reporter_ids[number],
            int(report_counts[number]),
            int(figure_counts[number]),
            _make_day(int(first_days[number])),
            _make_day(int(last_days[number])),
            state.get_report_id(int(last_rows[number])),
        )
        for number in np.flatnonzero(report_counts).tolist()
    ]


def _make_day(ordinal: int) -> date | None:
    return None if ordinal in (0, _NO_DAY) else date.fromordinal(ordinal)


def list_latest_reports(state: RecordState, reporter: str, limit: int) -> list[str]:
    """Return the ids of the reports of the reporter that were recorded last, the newest first."""
    numbers = [number for number, each in enumerate(state.reporter_ids) if each == reporter]
    rows = np.flatnonzero(np.isin(state.reporter_numbers, numbers))[-limit:]
    return [state.get_report_id(row) for row in reversed(rows.tolist())]

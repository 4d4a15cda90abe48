"""Relays: which reports repeat a report, directly or through other relays."""

from collections.abc import Collection

from service.columns.record_state import RecordState
from service.domain.report_state import ReportState


def find_relays(state: RecordState, report_ids: Collection[str]) -> dict[str, list[ReportState]]:
    """Return the relays of each of the reports that has any, direct and indirect ones.

    Withdrawn and replaced relays are left out; the relays of these are included.
    """
    rows_by_report = state.find_relay_rows()
    return {
        report_id: [state.make_report(row) for row in rows_by_report[report_row]]
        for report_id, report_row in state.columns.find_report_ids(report_ids).items()
        if report_row in rows_by_report
    }

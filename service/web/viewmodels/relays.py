"""Relays: which reports repeat a report, directly or through other relays."""

from collections.abc import Mapping

from service.domain.record_state import RecordState, ReportState


def find_relays(state: RecordState) -> Mapping[str, list[ReportState]]:
    """Return the relays of each report, direct and indirect, by the report's id.

    Withdrawn and replaced relays are left out; the relays of these are included.
    """
    relays_by_report: dict[str, list[ReportState]] = {}
    for each in state.reports.values():
        repeated_id = each.relays if each.state == "relay" else None
        while repeated_id is not None:
            relays_by_report.setdefault(repeated_id, []).append(each)
            repeated_id = state.reports[repeated_id].relays
    return relays_by_report

"""Who repeats what: the relays of every report, however long the chain from one to the next."""

from collections.abc import Mapping

from service.domain.record_state import RecordState, ReportState


def find_relays(state: RecordState) -> Mapping[str, list[ReportState]]:
    """Return by a report's id the reports that repeat it, directly or by way of others.

    Those that were withdrawn or replaced are left out, and not those that repeat them.
    """
    relays_by_report: dict[str, list[ReportState]] = {}
    for each in state.reports.values():
        repeated_id = each.relays if each.state == "relay" else None
        while repeated_id is not None:
            relays_by_report.setdefault(repeated_id, []).append(each)
            repeated_id = state.reports[repeated_id].relays
    return relays_by_report

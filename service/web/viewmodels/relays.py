"""Who repeats what: the relays of every report, however long the chain from one to the next."""

from collections.abc import Mapping

from service.domain.record_state import RecordState, ReportState


def relays(claims: RecordState) -> Mapping[str, list[ReportState]]:
    """Return by a report's id the reports that repeat it, directly or by way of others.

    Those that were withdrawn or replaced are left out, and not those that repeat them.
    """
    found: dict[str, list[ReportState]] = {}
    for each in claims.reports.values():
        repeated = each.relays if each.state == "relay" else None
        while repeated is not None:
            found.setdefault(repeated, []).append(each)
            repeated = claims.reports[repeated].relays
    return found

"""Who repeats what: the relays of every report, however long the chain from one to the next."""

from collections.abc import Mapping

from service.domain.record_state import Claims, Statement


def relays(claims: Claims) -> Mapping[str, list[Statement]]:
    """Return by a report's id the reports that repeat it, directly or by way of others.

    Those that were withdrawn or replaced are left out, and not those that repeat them.
    """
    found: dict[str, list[Statement]] = {}
    for each in claims.statements.values():
        repeated = each.relays if each.state == "relay" else None
        while repeated is not None:
            found.setdefault(repeated, []).append(each)
            repeated = claims.statements[repeated].relays
    return found

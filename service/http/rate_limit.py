"""How often one client may ask: counted for all workers together, and never a reason to fail."""

from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final

import structlog
from flask import Flask, Response, g, request

from service.domain.access import Principal
from service.domain.errors import RateLimitExceededError
from service.http.context import now, parts
from service.store.rate_counters import CounterUnavailableError

NETWORK: Final = 64
"""One client of IPv6 has so many bits of address to itself, and could change the others at will."""


def register(app: Flask) -> None:
    """Tell whoever is counted what is left; counting itself begins where keys are looked at."""
    app.after_request(_tell)


def check(held: Principal | None) -> None:
    """Count the request for its key, or for its address without one; raises RateLimitExceededError.

    Where it cannot be counted it goes on: an answer is worth more than a limit.
    """
    counters = parts().counters
    if counters is None:
        return
    try:
        standing = counters.count(_who(held), now().timestamp())
    except CounterUnavailableError as error:
        structlog.get_logger().warning("uncounted", cause=str(error))
        return
    g.standing = standing
    if standing is not None and standing.requests > counters.rate_limit.requests:
        raise RateLimitExceededError(
            f"At most {counters.rate_limit} are answered;"
            f" ask again in {standing.seconds_left} seconds.",
            retry_after_seconds=standing.seconds_left,
        )


def _who(held: Principal | None) -> str:
    if held is not None:
        return f"key {held.id}"
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv4Address):
        return f"from {address}"
    if address.ipv4_mapped is not None:
        return f"from {address.ipv4_mapped}"
    return f"from {ip_network((int(address), NETWORK), strict=False)}"


def _tell(response: Response) -> Response:
    """Add the fields of the IETF's draft on rate limits, where the request was counted."""
    counters, standing = parts().counters, g.get("standing")
    if counters is not None and standing is not None:
        rate = counters.rate_limit
        left = max(rate.requests - standing.requests, 0)
        response.headers["RateLimit-Policy"] = (
            f'"default";q={rate.requests};w={rate.window_seconds}'
        )
        response.headers["RateLimit"] = f'"default";r={left};t={standing.seconds_left}'
    return response

"""Rate limiting by client, counted for all processes together."""

from datetime import datetime
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final, TypeGuard

import structlog
from flask import Flask, Response, g, request

from service.domain.access import Principal
from service.domain.errors import RateLimitExceededError
from service.domain.rate_limit import RateLimitStatus
from service.http.context import get_services, request_time
from service.store.rate_counters import CounterUnavailableError, RateCounters

IPV6_CLIENT_PREFIX_BITS: Final = 64
"""An IPv6 client can choose the bits of its address after these at will."""

COUNTED_KEY: Final = "casualty.rate_limit_status"
"""The status in the WSGI environment of a request that was counted before Flask got it."""


def register(app: Flask) -> None:
    """Add the rate limit headers to responses. ``check_rate_limit`` does the counting."""
    app.after_request(_add_rate_limit_headers)


def check_rate_limit(principal: Principal | None) -> None:
    """Count the request for its API key, or for its address; raises RateLimitExceededError.

    A request that cannot be counted is let through: a response is worth more than the limit.
    """
    counters = get_services().rate_counters
    if counters is None:
        return
    if COUNTED_KEY in request.environ:
        status = request.environ[COUNTED_KEY]
    else:
        client = identify_client(principal)
        status = count_client(counters, client, request_time())
    g.rate_limit_status = status
    if is_exceeded(status, counters):
        raise RateLimitExceededError(
            f"At most {counters.rate_limit} are answered;"
            f" try again in {status.seconds_left} seconds.",
            retry_after_seconds=status.seconds_left,
        )


def count_client(counters: RateCounters, client: str, now: datetime) -> RateLimitStatus | None:
    """Count a request of the client, and return its status; None if it cannot be counted."""
    try:
        return counters.count(client, now.timestamp())
    except CounterUnavailableError as error:
        structlog.get_logger().warning("uncounted", cause=str(error))
        return None


def is_exceeded(
    status: RateLimitStatus | None, counters: RateCounters
) -> TypeGuard[RateLimitStatus]:
    """Whether the request that was counted last is one too many."""
    return status is not None and status.requests > counters.rate_limit.requests


def identify_client(principal: Principal | None) -> str:
    """Return who sent this request: the API key, or else the address (of IPv6, its network)."""
    return name_client(principal, request.remote_addr)


def name_client(principal: Principal | None, remote_address: str | None) -> str:
    """Return the name under which the requests of a key, or else of an address, are counted."""
    if principal is not None:
        return f"key {principal.id}"
    try:
        address = ip_address(remote_address or "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv4Address):
        return f"from {address}"
    if address.ipv4_mapped is not None:
        return f"from {address.ipv4_mapped}"
    return f"from {ip_network((int(address), IPV6_CLIENT_PREFIX_BITS), strict=False)}"


def _add_rate_limit_headers(response: Response) -> Response:
    """Add the headers of the IETF draft on rate limits, if the request was counted."""
    counters, status = get_services().rate_counters, g.get("rate_limit_status")
    if counters is not None and status is not None:
        response.headers.update(make_headers(counters, status))
    return response


def make_headers(counters: RateCounters, status: RateLimitStatus) -> dict[str, str]:
    """Return the headers of a response to a request that was counted."""
    rate_limit = counters.rate_limit
    remaining = max(rate_limit.requests - status.requests, 0)
    return {
        "RateLimit-Policy": f'"default";q={rate_limit.requests};w={rate_limit.window_seconds}',
        "RateLimit": f'"default";r={remaining};t={status.seconds_left}',
    }

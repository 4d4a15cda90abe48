"""Counters of the rate limit, shared by all processes.

Losing the counts does no harm. So they are stored apart from the record, wait only briefly for a
lock, and are not synced to disk.
"""

import time
from abc import ABC, abstractmethod
from math import ceil
from typing import Final

from service.domain.rate_limit import RateLimit, RateLimitStatus

MAX_WAIT_SECONDS: Final = 0.25
"""How long a request waits at most while others are counted."""

PAUSE_AFTER_FAILURE_SECONDS: Final = 10.0
"""How long nothing is counted after a failure, so that requests do not queue for the next."""


class CounterUnavailableError(Exception):
    """The request could not be counted: the counters cannot be reached or are damaged."""


class RateCounters(ABC):
    """Counts per client in windows that begin with its first request; thread-safe."""

    def __init__(self, rate_limit: RateLimit) -> None:
        """Set the limit; nothing is opened or created yet."""
        self.rate_limit = rate_limit
        self._paused_until = 0.0

    def count(self, client: str, now: float) -> RateLimitStatus | None:
        """Count one request of ``client`` and return its status; writes.

        Raises CounterUnavailableError on a failure. For PAUSE_AFTER_FAILURE_SECONDS after that it
        returns None at once.
        """
        if time.monotonic() < self._paused_until:
            return None
        try:
            window_start, requests = self._increment(client, now)
        except CounterUnavailableError:
            self._paused_until = time.monotonic() + PAUSE_AFTER_FAILURE_SECONDS
            raise
        return RateLimitStatus(
            requests, max(ceil(window_start + self.rate_limit.window_seconds - now), 1)
        )

    @abstractmethod
    def _increment(self, client: str, now: float) -> tuple[float, int]:
        """Count one request; return the start of the client's window and its count.

        Raises CounterUnavailableError. Ended windows are deleted, so that no client's address is
        stored for longer than needed. A window in the future is deleted too: it can only come from
        a clock that was set back.
        """

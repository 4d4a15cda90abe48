"""How often somebody asked lately, counted for all processes together.

Losing the counts loses nothing else. So they lie apart from the record, are waited for only
shortly, and are not forced to the disk.
"""

import time
from abc import ABC, abstractmethod
from math import ceil
from typing import Final

from service.domain.rate_limit import RateLimit, RateLimitStatus

MAX_WAIT_SECONDS: Final = 0.25
"""How many seconds a request waits at most for others that are being counted."""

PAUSE_AFTER_FAILURE_SECONDS: Final = 10.0
"""For how many seconds nothing is counted after a failure, so that no queue waits for the next."""


class CounterUnavailableError(Exception):
    """The request could not be counted: where counts are kept is out of reach, or damaged."""


class RateCounters(ABC):
    """Counts by name in windows that begin with the first request; safe to share by threads."""

    def __init__(self, rate_limit: RateLimit) -> None:
        """Remember what is allowed; nothing is opened or created yet."""
        self.rate_limit = rate_limit
        self._paused_until = 0.0

    def count(self, client: str, now: float) -> RateLimitStatus | None:
        """Return where ``client`` stands with one request more; writes.

        Raises CounterUnavailableError where that fails, and for a while after that returns None at
        once.
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
        """Return when the window of ``client`` began and its count; raises CounterUnavailableError.

        Windows that have ended are forgotten: no more is kept than is needed, and nobody's address.
        One far in the future is too, since only a clock that was put back can have begun it.
        """

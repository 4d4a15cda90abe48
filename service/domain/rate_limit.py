"""Rate limits: how many requests a client may send in a window of time."""

import re
from dataclasses import dataclass
from typing import Final

SECONDS_PER_UNIT: Final = {"second": 1, "minute": 60, "hour": 3_600}

MAX_REQUESTS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The most requests in a window of ``window_seconds``."""

    requests: int
    window_seconds: int

    def __str__(self) -> str:
        unit = next(
            name for name, seconds in SECONDS_PER_UNIT.items() if seconds == self.window_seconds
        )
        return f"{self.requests:,} {'request' if self.requests == 1 else 'requests'} per {unit}"


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """A client's requests in the present window, and the seconds until the window ends."""

    requests: int
    seconds_left: int


def parse_rate_limit(text: str) -> RateLimit:
    """Return the rate limit of a text such as 600/minute; raises ValueError for any other text."""
    match = re.fullmatch(r"([0-9]{1,7})/(second|minute|hour)", text)
    if match is None:
        raise ValueError("give a number per second, minute or hour, like 600/minute, or off")
    requests = int(match[1])
    if not 1 <= requests <= MAX_REQUESTS:
        raise ValueError(f"give between 1 and {MAX_REQUESTS:,} requests")
    return RateLimit(requests, SECONDS_PER_UNIT[match[2]])

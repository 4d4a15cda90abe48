"""How many requests somebody may send in how much time."""

import re
from dataclasses import dataclass
from typing import Final

SECONDS: Final = {"second": 1, "minute": 60, "hour": 3_600}

MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a window of so many seconds."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        unit = next(name for name, seconds in SECONDS.items() if seconds == self.seconds)
        return f"{self.requests:,} {'request' if self.requests == 1 else 'requests'} per {unit}"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands in the present window: the requests sent, and the seconds left."""

    requests: int
    seconds: int


def rate(text: str) -> Rate:
    """Return the rate that is written like 600/minute; raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,7})/(second|minute|hour)", text)
    if found is None:
        raise ValueError("give a number per second, minute or hour, like 600/minute, or off")
    requests = int(found[1])
    if not 1 <= requests <= MOST:
        raise ValueError(f"give between 1 and {MOST:,} requests")
    return Rate(requests, SECONDS[found[2]])

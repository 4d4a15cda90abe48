"""The time that one response may take. Its totals share it, in their order."""

from time import monotonic
from typing import Final

from service.domain.errors import TimeBudgetExceededError

GIVE_UP_FACTOR: Final = 2
"""A response is given up after this many times ``answer_seconds``, even if nothing is solved."""


class TimeBudget:
    """The time for one response, which begins to run at once."""

    def __init__(self, total_seconds: float, answer_seconds: float) -> None:
        """Allow ``total_seconds`` for solving one total and ``answer_seconds`` for all of them."""
        self._total_seconds, self._answer_seconds = total_seconds, answer_seconds
        self._started_at = monotonic()

    def postpone(self, seconds: float) -> None:
        """Do not count so many seconds, in which the request waited for its turn."""
        self._started_at += seconds

    def next_seconds(self) -> float:
        """Return how many seconds the next total may be solved for: 0 if the time is used up.

        A total without a solution has a wider range and is not exact. Raises
        TimeBudgetExceededError if even such totals together take too long.
        """
        elapsed = monotonic() - self._started_at
        if elapsed > GIVE_UP_FACTOR * self._answer_seconds:
            raise TimeBudgetExceededError(
                f"This takes longer than the {GIVE_UP_FACTOR * self._answer_seconds:g} seconds"
                " that one response may take."
                " Ask for less at once: a shorter period, one place, one set of outcomes, a coarser"
                " by (month instead of day), or neither by nor by_reporter."
            )
        return min(self._total_seconds, max(self._answer_seconds - elapsed, 0.0))

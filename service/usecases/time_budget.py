"""The time that one answer may take; its totals share it in the order of the answer."""

from time import monotonic
from typing import Final

from service.domain.errors import TimeBudgetExceededError

GIVE_UP_FACTOR: Final = 2
"""The answer is abandoned after this many times ``answer_seconds``, even without the solver."""


class TimeBudget:
    """The time for one answer, which begins to run at once."""

    def __init__(self, total_seconds: float, answer_seconds: float) -> None:
        """Allow ``total_seconds`` of solving for a total, ``answer_seconds`` for all of them."""
        self._total_seconds, self._answer_seconds = total_seconds, answer_seconds
        self._started_at = monotonic()

    def next_seconds(self) -> float:
        """Return how long the next total may be solved for: 0 when the time is used up.

        A total that is not solved is wider than it could be, and says so. Raises
        TimeBudgetExceededError when even such totals have taken too long together.
        """
        elapsed = monotonic() - self._started_at
        if elapsed > GIVE_UP_FACTOR * self._answer_seconds:
            raise TimeBudgetExceededError(
                f"This takes longer than the {GIVE_UP_FACTOR * self._answer_seconds:g} seconds"
                " that one answer may."
                " Ask for less at once: a shorter period, one place, one set of outcomes, a coarser"
                " by (month instead of day), or neither by nor by_reporter."
            )
        return min(self._total_seconds, max(self._answer_seconds - elapsed, 0.0))

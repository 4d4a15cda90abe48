"""How much time one answer may take: what its totals share, in the order in which they are told."""

from time import monotonic
from typing import Final

from service.domain.errors import TimeBudgetExceededError

GIVE_UP_FACTOR: Final = 2
"""After so many times the set time an answer is given up, even if it needs no solver any more."""


class TimeBudget:
    """The time for one answer, which begins to run at once."""

    def __init__(self, total_seconds: float, answer_seconds: float) -> None:
        """Give a total up to ``each`` seconds of solving, and all together ``whole`` seconds."""
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

"""The time and the memory that one response may take. Its totals share them, in their order."""

from math import inf
from time import monotonic
from typing import Final

from service.domain.errors import InvalidInputError, TimeBudgetExceededError
from service.domain.figure_set import REFERENCE_BYTES, FigureSet
from service.domain.term_list import TERM_BYTES, list_terms
from service.domain.total import Total

GIVE_UP_FACTOR: Final = 2
"""A response is given up after this many times ``answer_seconds``, even if nothing is solved."""


TOTAL_BYTES: Final = 3_000
"""What one total takes with its caveats and its JSON, besides its figures and its proof."""


class TimeBudget:
    """The time and the memory for one response; the time begins to run at once."""

    def __init__(self, total_seconds: float, answer_seconds: float, max_bytes: float = inf) -> None:
        """Allow ``total_seconds`` for solving one total and ``answer_seconds`` for all of them.

        All of them together may take ``max_bytes`` of memory.
        """
        self._total_seconds, self._answer_seconds = total_seconds, answer_seconds
        self._max_bytes, self._bytes = max_bytes, 0
        self._counted: dict[int, Total] = {}
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

    def take_memory(self, total: Total) -> None:
        """Count what the total takes; raises InvalidInputError if all together take too much.

        This is an estimate from the number of figures and of terms of its proof. A total that is
        used several times counts once.
        """
        if id(total) in self._counted:
            return
        self._counted[id(total)] = total
        rounded = (*total.low_roundings, *total.high_roundings)
        term_bytes = TERM_BYTES * sum(len(each.terms) for each in rounded)
        term_bytes += list_terms(total, "low").byte_count + list_terms(total, "high").byte_count
        figures = total.figures
        self._bytes += TOTAL_BYTES + term_bytes
        if isinstance(figures, FigureSet):
            self._bytes += figures.byte_count
        else:
            self._bytes += REFERENCE_BYTES * len(figures)
        if self._bytes > self._max_bytes:
            raise InvalidInputError(
                f"This takes more memory than one response may, {int(self._max_bytes) >> 20} MiB."
                " Ask for less at once: a shorter period, one place, one set of outcomes, a coarser"
                " by (month instead of day), or neither by nor by_reporter."
            )

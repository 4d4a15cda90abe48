"""The two accounts of contradicting figures, and the ranges that they give a total.

In the first account every high is true and the lows that contradict them are set aside, in the
second the other way round. A contradiction disputes a total if its accounts give different ranges.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import Final

from service.bounds.infeasibility import Dispute, ResolvedBounds, make_accounts
from service.bounds.optimize import Objective
from service.bounds.solver import Deadline

MIN_LISTING_TIME_SHARE: Final = 0.5
"""So much of a total's time must be left to find out which contradictions dispute it.

Without it, all those that may are listed. Whether the total is disputed is known before."""

MAX_TRIED_SINGLY: Final = 8
"""A group of at most so many contradictions is not divided, but each of them is tried."""

Range = tuple[Fraction, Fraction | None]
"""A low and a high; a high of None is open."""


@dataclass(frozen=True, slots=True)
class AccountRanges:
    """What the two accounts of a contradiction make of a total: first highs true, then lows.

    ``dispute`` is None for the accounts of all contradictions together. ``is_known`` is False if
    time ran out before each of the four ends had a proven bound.
    """

    dispute: Dispute | None
    first: Range
    second: Range
    exact: bool = True
    is_known: bool = True

    def differ(self, is_open_anyway: bool) -> bool:
        """Whether they give a total different ranges; if it is open anyway, different lows.

        Ranges that are not known count as different.
        """
        if not self.is_known:
            return True
        (first_low, first_high), (second_low, second_high) = self.first, self.second
        if floor(first_low) != floor(second_low):
            return True
        if is_open_anyway or first_high is None or second_high is None:
            return not is_open_anyway and first_high != second_high
        return ceil(first_high) != ceil(second_high)


class AccountSolver:
    """Computes the accounts of one component's contradictions for one total."""

    def __init__(self, resolved: ResolvedBounds, objective: Objective, published: Range) -> None:
        """``published`` is the total's range with both ends of all contradictions set aside."""
        self._resolved, self._objective, self._published = resolved, objective, published
        self.disputes = [each for each in resolved.disputes if each.lows or each.highs]
        self._all_ranges: AccountRanges | None = None
        self._moving_ranges: list[AccountRanges] | None = None

    def compare_all(self, deadline: Deadline) -> AccountRanges:
        """Return the ranges of the two accounts of all contradictions together."""
        if self._all_ranges is None:
            self._all_ranges = (
                self._compute_ranges(self.disputes, deadline)
                if self.disputes
                else self.make_undisputed(exact=True)
            )
        return self._all_ranges

    def make_undisputed(self, exact: bool) -> AccountRanges:
        """Return accounts that both give the published range."""
        return AccountRanges(None, self._published, self._published, exact)

    def compare_each(self, deadline: Deadline) -> list[AccountRanges]:
        """Return the accounts of each contradiction that can move the total, the others set aside.

        Contradictions are tried in groups: if neither account of a group moves the total, none of
        its members does. Without enough time, all that were not tried are returned.
        """
        if self._moving_ranges is not None:
            return self._moving_ranges
        is_complete = True
        found: list[AccountRanges] = []
        pending = [(self.disputes, self.compare_all(deadline))] if self.disputes else []
        while pending:
            group, ranges = pending.pop()
            if not ranges.is_known:
                is_complete = False
                found += [replace(ranges, dispute=each) for each in group]
            elif ranges.first == ranges.second == self._published:
                continue
            elif len(group) == 1:
                found.append(replace(ranges, dispute=group[0]))
            elif deadline.seconds_left() < deadline.seconds * MIN_LISTING_TIME_SHARE:
                is_complete = False
                found += [replace(ranges, dispute=each, is_known=False) for each in group]
            else:
                size = len(group) // 2 if len(group) > MAX_TRIED_SINGLY else 1
                parts = [group[start : start + size] for start in range(0, len(group), size)]
                pending += [(part, self._compute_ranges(part, deadline)) for part in parts]
        if is_complete:
            self._moving_ranges = found
        return found

    def _compute_ranges(self, disputes: Sequence[Dispute], deadline: Deadline) -> AccountRanges:
        ranges: list[Range] = []
        exact = is_known = True
        for bounds in make_accounts(self._resolved, disputes):
            low, high = self._objective.compute_values(bounds, deadline)
            exact &= low.exact and high.exact
            is_known &= low.is_known and high.is_known
            ranges.append((low.value or Fraction(0), high.value))
        return AccountRanges(None, ranges[0], ranges[1], exact, is_known)

"""The range of a query in worlds that meet all figures, and in both accounts of contradictions.

Contradictory components have worlds in which all of their highs hold, others in which all of their
lows hold, and nearest ones. If there are worlds of the whole record with each of these, nothing but
these components is contradictory. The accounts of a query are then ranges like its total, with
other ends of these components.
"""

from math import ceil
from typing import Final, NamedTuple

from service.bounds.account_worlds import Account
from service.bounds.computation import Steps
from service.bounds.relaxation.end_objective import EndObjective
from service.bounds.relaxation.end_search import EndSearch, RefinedEnd
from service.bounds.relaxation.open_people import has_open_people
from service.bounds.relaxation.query_figures import QueryFigures
from service.bounds.relaxation.record_world import RecordWorlds
from service.bounds.relaxation.shapes import Window
from service.bounds.relaxation.special_components import Accounts
from service.bounds.solver import Deadline, remove_noise
from service.domain.total import End

MAX_COMPARED: Final = 8
"""The ranges of the two accounts are found for so many contradictions of a query."""

ACCOUNTS: Final[tuple[Account, ...]] = ("highs", "lows")

SOLVER_SECONDS: Final = 5.0

Range = tuple[int, int | None]
"""A low and a high; a high of None is open."""


class Verdict(NamedTuple):
    """What contradictions make of a total whose range is ``published``.

    ``disputing`` are the components whose contradictions dispute it. With them come the nearest
    range and by how many people they contradict each other; None if there are no such components.
    """

    published: Range
    disputing: tuple[int, ...] = ()
    nearest: Range | None = None
    contradiction: int | None = None


class RangeSearch:
    """The search for the range of one query, and for those of its accounts."""

    def __init__(self, query: QueryFigures, worlds: RecordWorlds, window: Window) -> None:
        self._query, self._worlds, self._window = query, worlds, window
        self._compared = 0
        special = query.record.special
        self._contradictory = frozenset(each for each in special if special[each].is_contradictory)
        self._low = self._search("low", Accounts())
        self._high = self._search("high", Accounts())

    def find_ends(self, low: int, high: int | None) -> Steps[tuple[RefinedEnd, RefinedEnd]]:
        """Return both ends, which are known to be no wider than these."""
        refined_low = yield from self._low.find(low)
        if high is None and self._is_open(Accounts()):
            return refined_low, RefinedEnd(None, None, is_reached=True)
        refined_high = yield from self._high.find(high)
        return refined_low, refined_high

    def judge(self, published: Range) -> Steps[Verdict | None]:
        """Return the verdict about a range that is reached, None if it is not known."""
        worlds = self._worlds
        if not worlds.is_complete:
            return None
        if not worlds.has_contradiction:
            return Verdict(published)
        yield
        is_disputed = yield from self._do_accounts_differ(self._contradictory, published)
        if not is_disputed:
            return None if is_disputed is None else Verdict(published)
        return (yield from self._find_disputing(published))

    def _find_disputing(self, published: Range) -> Steps[Verdict | None]:
        """Return the verdict about a total that is disputed, None if it is not known."""
        special = self._query.record.special
        disputing: list[int] = []
        for component in sorted(self._contradictory):
            yield
            differs = yield from self._do_accounts_differ(frozenset([component]), published)
            if differs is None:
                return None
            if differs:
                disputing.append(component)
        if not disputing or any(len(special[each].disputing) > 1 for each in disputing):
            return None
        nearest = yield from self._find_range(Accounts("nearest", self._contradictory), (0, None))
        if nearest is None:
            return None
        missed = 0.0
        for component in disputing:
            own = special[component]
            amount = own.component.minimise_violation(own.disputing, Deadline(SOLVER_SECONDS))
            if amount is None:
                return None
            missed += amount
        return Verdict(published, tuple(disputing), nearest, ceil(remove_noise(missed)))

    def _do_accounts_differ(
        self, components: frozenset[int], published: Range
    ) -> Steps[bool | None]:
        """Return whether the accounts of some components give it different ranges.

        None if that is not known.
        """
        moved = [self._find_moved(components, account, published) for account in ACCOUNTS]
        if any({*both} == {True, False} for both in zip(*moved, strict=True)):
            return True
        if not any(each is not False for own in moved for each in own):
            return False
        self._compared += 1
        if self._compared > MAX_COMPARED:
            return None
        return (yield from self._compare_ranges(components, published))

    def _find_moved(
        self, components: frozenset[int], account: Account, published: Range
    ) -> tuple[bool | None, bool | None]:
        """Return whether an account moves the low and the high, None if that is not known."""
        low = self._low.is_moved(components, account)
        if published[1] is not None:
            return low, self._high.is_moved(components, account)
        return low, False if self._is_open(Accounts(account, components)) else None

    def _compare_ranges(self, components: frozenset[int], published: Range) -> Steps[bool | None]:
        """Return whether the ranges of both accounts differ, None if they are not known."""
        first = yield from self._find_range(Accounts("highs", components), published)
        if first is None:
            return None
        second = yield from self._find_range(Accounts("lows", components), published)
        return None if second is None else first != second

    def _find_range(self, accounts: Accounts, known: Range) -> Steps[Range | None]:
        """Return the range in some accounts, which is within a known one; None if not reached."""
        low = yield from self._search("low", accounts, self._low).find(known[0])
        if not low.is_reached:
            return None
        if known[1] is None and self._is_open(accounts):
            return low.people or 0, None
        high = yield from self._search("high", accounts, self._high).find(known[1])
        return (low.people or 0, high.people) if high.is_reached else None

    def _is_open(self, accounts: Accounts) -> bool:
        scopes = self._worlds.by_account["remaining"].scopes
        return has_open_people(self._query, scopes, self._window, accounts)

    def _search(self, end: End, accounts: Accounts, start: EndSearch | None = None) -> EndSearch:
        world = self._worlds.by_account[accounts.account]
        return EndSearch(EndObjective(self._query, world, self._window, end, accounts), start)

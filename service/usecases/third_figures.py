"""Contradictions that a figure closes together with two others of its reporter.

Two parts of a whole that share nobody have lows which together are above its high; or two figures
that cover a whole have highs which together are below its low. Each pair alone can be true.
"""

from collections.abc import Iterator, Sequence
from heapq import nlargest, nsmallest
from itertools import combinations
from math import inf
from typing import Final

from service.domain.figure import Figure, Scope
from service.domain.report import Report
from service.store.figure_lookup import FigureLookup
from service.usecases.resolve_entities import EntityResolver
from service.usecases.scope_comparison import ScopeComparison

FIGURES_OF_CONTRADICTION: Final = 3
"""How many figures such a contradiction has."""

MAX_WHOLES: Final = 3
"""How many wholes that may contain a figure are searched for a second part."""

MAX_PARTS: Final = 12
"""How many figures are compared in pairs."""

_ANY_COUNT: Final = -1


def find_contradictions_of_three(
    report: Report,
    figures: Sequence[Figure],
    resolver: EntityResolver,
    recorded: FigureLookup,
    scopes: ScopeComparison,
) -> Iterator[tuple[Figure, Figure]]:
    """Yield a figure of the report with each of the two others that it contradicts together.

    At most one contradiction is found for each figure. Only the MAX_WHOLES smallest wholes, and the
    MAX_PARTS parts with the largest lows and smallest highs, are examined.
    """
    for position, figure in enumerate(figures):
        if figure.reclassifies is None:
            earlier = figures[:position]
            search = _Search(recorded, report.supersedes, resolver, scopes, figure, earlier)
            for other in search.find():
                yield figure, other


def have_room(figures: Sequence[Figure]) -> bool:
    """Whether no two or three of the figures can contradict each other, whatever their scopes are.

    True is certain: by their numbers alone each can be a part or a whole of any others.
    """
    lows = sorted([each.quantity.low for each in figures])[-2:]
    if sum(lows) > min(map(_high_of, figures), default=inf):
        return False
    # Figures about an incident cover nothing together.
    covers = sorted([_high_of(each) for each in figures if each.scope.incident is None])[:2]
    return len(covers) < 2 or sum(covers) >= lows[-1]


def can_three_contradict(figures: Sequence[Figure], scopes: ScopeComparison) -> bool:
    """Whether the search could find a contradiction among these figures alone.

    False is certain, and takes much less time than the search.
    """
    if len(figures) < FIGURES_OF_CONTRADICTION:
        return False
    for whole in figures:
        others = [each for each in figures if each is not whole]
        if _exceed([each.quantity.low for each in others], whole) and _exceed(
            [each.quantity.low for each in others if scopes.is_within(each, whole)], whole
        ):
            return True
        # Figures about an incident cover nothing together.
        highs = [_high_of(each) for each in others if each.scope.incident is None]
        if len(highs) > 1 and sum(nsmallest(2, highs)) < whole.quantity.low:
            return True
    return False


def _exceed(lows: list[int], whole: Figure) -> bool:
    """Whether the two largest lows together are above the high of the whole."""
    lows.sort()
    return len(lows) > 1 and lows[-1] + lows[-2] > _high_of(whole)


def _keep_tightest(figures: Sequence[Figure]) -> list[Figure]:
    """Return, of the figures of each scope, those with the highest low and the lowest high."""
    if len(figures) < 2:
        return list(figures)
    highest: dict[Scope, Figure] = {}
    lowest: dict[Scope, Figure] = {}
    for figure in figures:
        known = highest.setdefault(figure.scope, figure)
        if figure.quantity.low > known.quantity.low:
            highest[figure.scope] = figure
        known = lowest.setdefault(figure.scope, figure)
        if _high_of(figure) < _high_of(known):
            lowest[figure.scope] = figure
    return list({each.id: each for each in (*highest.values(), *lowest.values())}.values())


def _high_of(figure: Figure) -> float:
    return inf if figure.quantity.high is None else figure.quantity.high


def _may_contradict(whole: Figure, parts: Sequence[Figure]) -> bool:
    """Whether the two largest lows exceed the whole's high, or the two least highs do not reach."""
    if len(parts) < 2:
        return False
    lows = nlargest(2, (each.quantity.low for each in parts))
    highs = nsmallest(2, (_high_of(each) for each in parts))
    return sum(lows) > _high_of(whole) or sum(highs) < whole.quantity.low


class _Search:
    """The search for two figures that contradict a third one together."""

    def __init__(
        self,
        recorded: FigureLookup,
        excluded_report: str | None,
        resolver: EntityResolver,
        scopes: ScopeComparison,
        figure: Figure,
        earlier: Sequence[Figure],
    ) -> None:
        """Search for ``figure`` among recorded figures and ``earlier`` ones of its report."""
        self._scopes = scopes
        self._recorded = recorded
        self._excluded_report = excluded_report
        self._resolver = resolver
        self._figure = figure
        self._earlier = [each for each in earlier if each.reclassifies is None]

    def find(self) -> tuple[Figure, ...]:
        """Return two figures that contradict the figure together; () if none are found."""
        around = self._load(
            self._figure,
            self._resolver.list_lines(self._figure.scope.places),
            above=_ANY_COUNT,
        )
        if not around and self._list_places(self._figure) is not None:
            return ()
        return (
            self._find_second_part(around)
            or self._find_second_cover(around)
            or self._find_two_parts(around)
            or ()
        )

    def _load(
        self,
        figure: Figure,
        places: Sequence[str] | None,
        above: int | None = None,
        below: int | None = None,
    ) -> list[Figure]:
        recorded = self._recorded.find_related_figures(
            figure, self._excluded_report, places, above=above, below=below
        )
        return _keep_tightest([*self._earlier, *recorded])

    def _compare(self, figures: Sequence[Figure]) -> ScopeComparison:
        self._scopes.add((self._figure, *figures))
        return self._scopes

    def _find_second_part(self, around: Sequence[Figure]) -> tuple[Figure, ...]:
        """Return a whole of the figure, and another part that leaves too little room for it."""
        low = self._figure.quantity.low
        if low == 0:
            return ()
        scopes = self._compare(around)
        wholes = [
            each
            for each in around
            if each.quantity.high is not None
            and scopes.is_within(self._figure, each)
            and not scopes.is_within(each, self._figure)
        ]
        for whole in sorted(wholes, key=lambda each: each.quantity.high or 0)[:MAX_WHOLES]:
            room = (whole.quantity.high or 0) - low
            parts = self._load(whole, self._list_places(whole), above=max(room, 0))
            scopes = self._compare((*parts, whole))
            for part in parts:
                if (
                    part.quantity.low > room
                    and part.id != whole.id
                    and scopes.is_within(part, whole)
                    and scopes.are_disjoint(part, self._figure)
                ):
                    return whole, part
        return ()

    def _find_second_cover(self, around: Sequence[Figure]) -> tuple[Figure, ...]:
        """Return a whole that the figure covers with another one, both with too low a high."""
        high = self._figure.quantity.high
        if high is None or self._figure.scope.incident is not None:
            return ()
        wholes = sorted(
            (each for each in around if each.quantity.low > high),
            key=lambda each: -each.quantity.low,
        )
        for whole in wholes[:MAX_WHOLES]:
            room = whole.quantity.low - high
            covers = [
                each
                for each in self._load(whole, self._list_places(whole), below=room)
                if each.quantity.high is not None and each.quantity.high < room
            ]
            scopes = self._compare((*covers, whole))
            for cover in covers:
                if scopes.is_covered(whole, self._figure, cover):
                    return whole, cover
        return ()

    def _find_two_parts(self, around: Sequence[Figure]) -> tuple[Figure, ...]:
        """Return two figures that are together too many, or too few, for this one."""
        low, high = self._figure.quantity.low, self._figure.quantity.high
        parts = around
        if self._list_places(self._figure) is None:
            # There are places below, which those around are not in.
            parts = self._load(
                self._figure,
                None,
                above=None if high is None else 0,
                below=None if low == 0 else low,
            )
        if not _may_contradict(self._figure, parts):
            return ()
        scopes = self._compare(parts)
        if high is not None:
            inner = [each for each in parts if scopes.is_within(each, self._figure)]
            inner.sort(key=lambda each: -each.quantity.low)
            for one, other in combinations(inner[:MAX_PARTS], 2):
                if one.quantity.low + other.quantity.low > high and scopes.are_disjoint(one, other):
                    return one, other
        covers = [each for each in parts if each.quantity.high is not None]
        covers.sort(key=lambda each: each.quantity.high or 0)
        for one, other in combinations(covers[:MAX_PARTS], 2):
            together = (one.quantity.high or 0) + (other.quantity.high or 0)
            if together < low and scopes.is_covered(self._figure, one, other):
                return one, other
        return ()

    def _list_places(self, whole: Figure) -> list[str] | None:
        """Return the places that a part of the whole may have, None for any."""
        return self._resolver.list_with_ancestors(whole.scope.places)

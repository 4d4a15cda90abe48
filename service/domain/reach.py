"""The reach of a total: which outcomes, places and days of its query no counted figure covers."""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from service.domain.figure import Figure, Scope
from service.domain.figure_set import FigureSet, subtract_days
from service.domain.total import Total
from service.domain.trees import Tree
from service.domain.vocabulary import sort_outcomes


@dataclass(frozen=True, slots=True)
class Reach:
    """What no counted figure of a total covers, and whether a total of zero was reported as such.

    ``silent_places`` are ids right below the places of the query, out of ``place_count``.
    ``silent_days`` are runs of days, both ends included, out of ``day_count``; they are empty if
    the period of the query has an open end. ``is_zero_reported`` is False if the total is zero and
    figures of zero do not cover the whole query. ``is_zero_elsewhere`` is True if figures of zero
    are about the query, but about a part of its people only.
    """

    spoken_outcomes: frozenset[str] = frozenset()
    silent_outcomes: tuple[str, ...] = ()
    silent_places: tuple[str, ...] = ()
    place_count: int = 0
    silent_days: tuple[tuple[date, date], ...] = ()
    day_count: int = 0
    is_zero_reported: bool = True
    is_zero_elsewhere: bool = False

    @property
    def silent_day_count(self) -> int:
        """How many days of the period no figure covers."""
        return sum((last - first).days + 1 for first, last in self.silent_days)


NO_GAPS: Final = Reach()
"""The reach of a total whose figures cover the whole query, or whose figures are not known."""


def find_reach(
    scope: Scope,
    total: Total,
    figures: FigureSet,
    place_tree: Tree,
    group_tree: Tree,
    outcomes_of: Callable[[Figure], frozenset[str]],
) -> Reach:
    """Return what the figures of the total cover of its scope."""
    if not figures:
        return Reach()
    spoken = figures.find_spoken_outcomes() & scope.outcomes
    silent_places, place_count = _find_silent_places(scope, figures, place_tree)
    silent_days, day_count = _find_silent_days(scope, figures)
    is_zero = total.low == total.high == 0
    zeros = figures.select_zeros() if is_zero else ()
    is_zero_reported = not is_zero or _is_zero_everywhere(
        scope, spoken, zeros, place_tree, group_tree, outcomes_of
    )
    return Reach(
        spoken,
        tuple(sort_outcomes(scope.outcomes - spoken)),
        silent_places,
        place_count,
        silent_days,
        day_count,
        is_zero_reported,
        is_zero and bool(zeros) and not is_zero_reported,
    )


def _find_silent_places(
    scope: Scope, figures: FigureSet, tree: Tree
) -> tuple[tuple[str, ...], int]:
    """Return the places right below those of the scope that no figure covers, and their number.

    A place that a figure covers as a whole has none.
    """
    place_sets = list(figures.list_place_sets())
    selections = {tree.select(places) for places in place_sets}
    below: dict[str, None] = {}
    if not scope.places:
        below = dict.fromkeys(tree.roots())
    for place in scope.places:
        whole = tree.select((place,))
        if any(whole.is_within(each) for each in selections):
            continue
        division = tree.facet_of(place)
        children = [each for each in tree.children(place) if tree.facet_of(each) == division]
        below |= dict.fromkeys(children or [place])
    reached: set[str] = set()
    others = []
    for places in place_sets:
        holding = [_find_holding(place, below, tree) for place in places]
        reached.update(each for each in holding if each is not None)
        if None in holding:
            others.append(tree.select(places))
    silent = tuple(
        place
        for place in below
        if place not in reached and not any(tree.select((place,)).overlaps(each) for each in others)
    )
    return silent, len(below)


def _find_holding(place: str, candidates: Container[str], tree: Tree) -> str | None:
    """Return the candidate that is the place or above it in its division, None if there is none."""
    above: str | None = place
    while above is not None and above not in candidates:
        above = tree.parent_of(above)
    if above is None or tree.facet_of(above) != tree.facet_of(place):
        return None
    return above


def _find_silent_days(
    scope: Scope, figures: FigureSet
) -> tuple[tuple[tuple[date, date], ...], int]:
    """Return the runs of days that no figure covers, and the days of the period; () if open."""
    if scope.period.first is None or scope.period.last is None:
        return (), 0
    start, stop = scope.period.start, scope.period.stop
    runs = figures.find_uncovered_days(start, stop)
    days = tuple((date.fromordinal(first), date.fromordinal(last)) for first, last in runs)
    return days, stop - start + 1


def _is_zero_everywhere(
    scope: Scope,
    spoken: frozenset[str],
    zeros: Sequence[Figure],
    place_tree: Tree,
    group_tree: Tree,
    outcomes_of: Callable[[Figure], frozenset[str]],
) -> bool:
    """Whether figures of zero cover everybody in the scope, for each outcome that is spoken of.

    A place is covered if it is itself, or if all places right below it of its division are. Days
    count only where the period of the scope has both ends.
    """
    groups = group_tree.select(scope.groups)
    whole_zeros = [
        figure
        for figure in zeros
        if figure.scope.incident is None
        and groups.is_within(group_tree.select(figure.scope.groups))
    ]
    is_bounded = scope.period.first is not None and scope.period.last is not None

    def is_covered(place: str | None, figures: Sequence[Figure]) -> bool:
        selection = place_tree.select(() if place is None else (place,))
        holding = [
            figure
            for figure in figures
            if selection.is_within(place_tree.select(figure.scope.places))
        ]
        periods = [(figure.scope.period.start, figure.scope.period.stop) for figure in holding]
        if holding and (
            not is_bounded or not subtract_days(scope.period.start, scope.period.stop, periods)
        ):
            return True
        if place is None:
            children: Iterable[str] = place_tree.roots()
        else:
            division = place_tree.facet_of(place)
            children = [
                each for each in place_tree.children(place) if place_tree.facet_of(each) == division
            ]
        # Only figures within the place can be about the places below it.
        inside = [
            figure
            for figure in figures
            if selection.overlaps(place_tree.select(figure.scope.places))
        ]
        children = list(children)
        return bool(inside and children) and all(is_covered(each, inside) for each in children)

    return all(
        is_covered(place, [figure for figure in whole_zeros if outcome in outcomes_of(figure)])
        for outcome in spoken
        for place in scope.places or (None,)
    )

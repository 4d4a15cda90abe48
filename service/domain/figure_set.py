"""Sets of figures, and what caveats and coverage ask of them as a whole.

A set can be a list of figures, or rows of columns that never become objects: both are a
``FigureSet``.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import islice
from typing import Final, Literal, overload

from service.domain.figure import Figure, Scope
from service.domain.periods import Period
from service.domain.total import Term
from service.domain.trees import Tree

ScopePart = Literal["places", "period", "outcomes", "groups"]
"""A part of a scope, in which a figure may reach beyond a query."""

SCOPE_PARTS: Final[tuple[ScopePart, ...]] = ("places", "period", "outcomes", "groups")


REFERENCE_BYTES: Final = 8
"""What a list takes for each figure."""


class FigureSet(Sequence[Figure]):
    """Counted figures in the order of recording, each once.

    Iteration and indexing make Figure objects, which a large set avoids: its other methods do not.
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FigureSet) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    @overload
    def __getitem__(self, index: int) -> Figure: ...

    @overload
    def __getitem__(self, index: slice) -> "FigureSet": ...

    @abstractmethod
    def __getitem__(self, index: int | slice) -> "Figure | FigureSet": ...

    @property
    @abstractmethod
    def byte_count(self) -> int:
        """About how many bytes of memory the set takes, without the figures themselves."""

    @abstractmethod
    def select_among(self, figures: Collection[Figure]) -> "FigureSet":
        """Return those of the figures that are among these."""

    @abstractmethod
    def exclude(self, figures: Collection[Figure]) -> "FigureSet":
        """Return those of the figures that are not among these."""

    @abstractmethod
    def sort_first(self, ranks: Mapping[Figure, tuple[Fraction, ...]]) -> Sequence[Figure]:
        """Return all figures, those with a rank first, the least rank before others.

        Figures with one rank, and those without any, are in the order of recording.
        """

    @abstractmethod
    def select_beyond(self, scope: Scope, part: ScopePart) -> "FigureSet":
        """Return the figures that also cover people outside of the scope, in this part of it.

        The outcomes of a figure include those of the figures that reclassify its people.
        """

    @abstractmethod
    def has_inside(self, scope: Scope) -> bool:
        """Whether any figure, with those that reclassify its people, is wholly in the scope."""

    @abstractmethod
    def select_without_beginning(self) -> "FigureSet":
        """Return the figures whose period has no stated first day."""

    @abstractmethod
    def select_undisclosed(self) -> "FigureSet":
        """Return the figures whose words give no number."""

    @abstractmethod
    def select_zeros(self) -> "FigureSet":
        """Return the figures that say that there was nobody: their high is 0."""

    @abstractmethod
    def group_by_report_caveat(self) -> "Mapping[str, FigureSet]":
        """Return the figures by the caveats that their reports state."""

    @abstractmethod
    def count_by_reporter(self) -> Mapping[str, int]:
        """Return how many figures each reporter has, in the order of their first ones."""

    @abstractmethod
    def count_by_groups(self) -> Mapping[tuple[str, ...], int]:
        """Return how many figures are about each distinct set of groups."""

    @abstractmethod
    def count_reports(self) -> int:
        """Return how many reports the figures are of."""

    @abstractmethod
    def list_reports(self, limit: int) -> Sequence[str]:
        """Return the ids of the first reports."""

    @abstractmethod
    def find_reports(self, report_ids: Collection[str]) -> set[str]:
        """Return those of the reports that any of the figures is of."""

    @abstractmethod
    def list_outcome_sets(self) -> frozenset[frozenset[str]]:
        """Return the distinct sets of outcomes of the figures."""

    @abstractmethod
    def find_spoken_outcomes(self) -> frozenset[str]:
        """Return all outcomes of the figures and of those that reclassify their people."""

    @abstractmethod
    def list_place_sets(self) -> Iterable[tuple[str, ...]]:
        """Return the distinct places of the scopes."""

    @abstractmethod
    def find_uncovered_days(self, start: int, stop: int) -> Sequence[tuple[int, int]]:
        """Return the runs of days from start to stop (ordinals, included) that no figure covers."""

    @abstractmethod
    def enclose_period(self) -> Period:
        """Return the period from the first to the last day; open if the beginning of one is.

        It has no days if there are no figures.
        """

    @abstractmethod
    def find_day_range(self) -> tuple[date, date] | None:
        """Return the first and the last day that any figure states; None if there is none."""

    @abstractmethod
    def find_backers(self, terms: Sequence[Term]) -> Sequence[frozenset[str]]:
        """Return for each term the reporters that give its end of the same scope."""


@dataclass(frozen=True, slots=True)
class FigureSources:
    """What a listed set looks up about its figures.

    ``outcomes_of`` returns the outcomes of a figure, including those of the figures that reclassify
    its people; ``caveats_of`` the caveats that its report states.
    """

    places: Tree
    groups: Tree
    outcomes_of: Callable[[Figure], frozenset[str]]
    caveats_of: Callable[[Figure], Sequence[str]]


NO_SOURCES: Final = FigureSources(Tree({}), Tree({}), lambda figure: frozenset(), lambda figure: ())
"""Sources that know nothing of any figure."""


class ListedFigures(FigureSet):
    """A set of figures as objects."""

    def __init__(self, figures: Iterable[Figure], sources: FigureSources = NO_SOURCES) -> None:
        """Take the figures in the order of recording."""
        self._figures, self._sources = tuple(figures), sources

    def __len__(self) -> int:
        return len(self._figures)

    @overload
    def __getitem__(self, index: int) -> Figure: ...

    @overload
    def __getitem__(self, index: slice) -> "ListedFigures": ...

    def __getitem__(self, index: int | slice) -> "Figure | ListedFigures":
        if isinstance(index, slice):
            return ListedFigures(self._figures[index], self._sources)
        return self._figures[index]

    def __iter__(self) -> Iterator[Figure]:
        return iter(self._figures)

    def _select(self, condition: Callable[[Figure], bool]) -> "ListedFigures":
        return ListedFigures(filter(condition, self._figures), self._sources)

    @property
    def byte_count(self) -> int:
        """About how many bytes of memory the set takes, without the figures themselves."""
        return REFERENCE_BYTES * len(self._figures)

    def select_among(self, figures: Collection[Figure]) -> "ListedFigures":
        """Return those of the figures that are among these."""
        ids = {figure.id for figure in figures}
        return self._select(lambda figure: figure.id in ids)

    def exclude(self, figures: Collection[Figure]) -> "ListedFigures":
        """Return those of the figures that are not among these."""
        ids = {figure.id for figure in figures}
        return self._select(lambda figure: figure.id not in ids)

    def sort_first(self, ranks: Mapping[Figure, tuple[Fraction, ...]]) -> Sequence[Figure]:
        """Return all figures, those with a rank first, the least rank before others."""
        first = sorted(self.select_among(ranks), key=ranks.__getitem__)
        return [*first, *self.exclude(ranks)]

    def select_beyond(self, scope: Scope, part: ScopePart) -> "ListedFigures":
        """Return the figures that also cover people outside of the scope, in this part of it."""
        return self._select(lambda figure: not self._is_inside(figure, scope, part))

    def _is_inside(self, figure: Figure, scope: Scope, part: ScopePart) -> bool:
        sources, own = self._sources, figure.scope
        if part == "period":
            return own.period.is_within(scope.period)
        if part == "outcomes":
            return sources.outcomes_of(figure) <= scope.outcomes
        if part == "places":
            places = sources.places
            return places.select(own.places).is_within(places.select(scope.places))
        groups = sources.groups
        return groups.select(own.groups).is_within(groups.select(scope.groups))

    def has_inside(self, scope: Scope) -> bool:
        """Whether any figure, with those that reclassify its people, is wholly in the scope."""
        return any(
            all(self._is_inside(figure, scope, part) for part in SCOPE_PARTS)
            for figure in self._figures
        )

    def select_without_beginning(self) -> "ListedFigures":
        """Return the figures whose period has no stated first day."""
        return self._select(lambda figure: figure.scope.period.first is None)

    def select_undisclosed(self) -> "ListedFigures":
        """Return the figures whose words give no number."""
        return self._select(lambda figure: not figure.disclosed)

    def select_zeros(self) -> "ListedFigures":
        """Return the figures that say that there was nobody: their high is 0."""
        return self._select(lambda figure: figure.quantity.high == 0)

    def group_by_report_caveat(self) -> "dict[str, ListedFigures]":
        """Return the figures by the caveats that their reports state."""
        figures_by_caveat: dict[str, list[Figure]] = {}
        for figure in self._figures:
            for caveat in self._sources.caveats_of(figure):
                figures_by_caveat.setdefault(caveat, []).append(figure)
        return {
            caveat: ListedFigures(figures, self._sources)
            for caveat, figures in figures_by_caveat.items()
        }

    def count_by_reporter(self) -> Counter[str]:
        """Return how many figures each reporter has, in the order of their first ones."""
        return Counter(figure.reporter for figure in self._figures)

    def count_by_groups(self) -> Counter[tuple[str, ...]]:
        """Return how many figures are about each distinct set of groups."""
        return Counter(figure.scope.groups for figure in self._figures)

    def count_reports(self) -> int:
        """Return how many reports the figures are of."""
        return len({figure.report for figure in self._figures})

    def list_reports(self, limit: int) -> list[str]:
        """Return the ids of the first reports."""
        distinct = dict.fromkeys(figure.report for figure in self._figures)
        return list(islice(distinct, limit))

    def find_reports(self, report_ids: Collection[str]) -> set[str]:
        """Return those of the reports that any of the figures is of."""
        return {figure.report for figure in self._figures}.intersection(report_ids)

    def list_outcome_sets(self) -> frozenset[frozenset[str]]:
        """Return the distinct sets of outcomes of the figures."""
        return frozenset(figure.scope.outcomes for figure in self._figures)

    def find_spoken_outcomes(self) -> frozenset[str]:
        """Return all outcomes of the figures and of those that reclassify their people."""
        return frozenset().union(*map(self._sources.outcomes_of, self._figures))

    def list_place_sets(self) -> set[tuple[str, ...]]:
        """Return the distinct places of the scopes."""
        return {figure.scope.places for figure in self._figures}

    def find_uncovered_days(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the runs of days from start to stop (ordinals, included) that no figure covers."""
        periods = {(each.scope.period.start, each.scope.period.stop) for each in self._figures}
        return subtract_days(start, stop, periods)

    def enclose_period(self) -> Period:
        """Return the period from the first to the last day; open if the beginning of one is."""
        periods = [figure.scope.period for figure in self._figures]
        first_days = [each.first for each in periods if each.first is not None]
        last_days = [each.last for each in periods if each.last is not None]
        return Period(
            min(first_days) if first_days and len(first_days) == len(periods) else None,
            max(last_days, default=None),
        )

    def find_day_range(self) -> tuple[date, date] | None:
        """Return the first and the last day that any figure states; None if there is none."""
        periods = [figure.scope.period for figure in self._figures]
        days = [day for each in periods for day in (each.first, each.last) if day is not None]
        return (min(days), max(days)) if days else None

    def find_backers(self, terms: Sequence[Term]) -> list[frozenset[str]]:
        """Return for each term the reporters that give its end of the same scope."""
        return find_backers(self._figures, terms)


def find_backers(figures: Iterable[Figure], terms: Sequence[Term]) -> list[frozenset[str]]:
    """Return for each term the reporters of those of the figures that give its end."""
    reporters: dict[tuple[object, ...], set[str]] = {}
    for figure in figures:
        for end, people in (("low", figure.quantity.low), ("high", figure.quantity.high)):
            reporters.setdefault((figure.scope, end, people), set()).add(figure.reporter)
    return [
        frozenset(reporters.get((term.figure.scope, term.end, term.people), ()))
        | {term.figure.reporter}
        for term in terms
    ]


NO_FIGURES: Final = ListedFigures(())
"""A set without figures."""


def subtract_days(
    start: int, stop: int, periods: Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the runs of days from start to stop (included) that are in no period.

    Every period has a day between them.
    """
    runs = []
    next_day = start
    for first, last in sorted(periods):
        if first > next_day:
            runs.append((next_day, first - 1))
        next_day = max(next_day, last + 1)
    if next_day <= stop:
        runs.append((next_day, stop))
    return runs

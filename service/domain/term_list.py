"""Lists of the terms of a proof, and what caveats, answers and pages ask of them as a whole.

A list can be of Term objects, or of numbers that never become objects: both are a ``TermList``.
"""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple, overload

from service.domain.figure import Figure
from service.domain.figure_set import FigureSet, ListedFigures
from service.domain.total import ENDS, End, Term, Total
from service.domain.trees import Tree

TERM_BYTES: Final = 200
"""What a term takes as an object, without its figure."""


class ReporterTerms(NamedTuple):
    """The terms of one reporter: how many figures they have, and the sum of them."""

    figure_count: int
    people: Fraction


class TermList(Sequence[Term]):
    """Terms of one end of a total, the largest contributions first.

    Iteration and indexing make Term objects, which a large list avoids: its other methods do not.
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    @overload
    def __getitem__(self, index: int) -> Term: ...

    @overload
    def __getitem__(self, index: slice) -> "TermList": ...

    @abstractmethod
    def __getitem__(self, index: int | slice) -> "Term | TermList": ...

    @property
    @abstractmethod
    def figures(self) -> FigureSet:
        """The figures of the terms, each once."""

    @property
    @abstractmethod
    def byte_count(self) -> int:
        """About how many bytes of memory the terms take."""

    @property
    @abstractmethod
    def is_plain_sum(self) -> bool:
        """Whether each end is added once: every multiplier is 1."""

    @abstractmethod
    def has_figures_of(self, highs: "TermList") -> bool:
        """Whether these are lows, and the others highs, of the same figures, in plain sums."""

    @abstractmethod
    def has_other_outcomes(self, outcomes: frozenset[str]) -> bool:
        """Whether any figure also counts people of outcomes that are not among these."""

    @abstractmethod
    def add_people(self) -> Fraction:
        """Return the sum of the terms."""

    @abstractmethod
    def sum_by_reporter(self) -> dict[str, ReporterTerms]:
        """Return what the figures of each reporter add to the sum."""

    @abstractmethod
    def select_added(self) -> "TermList":
        """Return the terms that add people, and not nobody."""

    @abstractmethod
    def select_soft(self) -> "TermList":
        """Return the terms whose end of the figure is read by convention."""

    @abstractmethod
    def select_steps(self, places: Tree) -> "TermList":
        """Return the terms of differences whose two sides end on different days.

        Both sides begin on one day, or have no stated beginning, and share a place.
        """

    @abstractmethod
    def select_of(self, figures: Collection[Figure]) -> "TermList":
        """Return the terms of these figures."""

    @abstractmethod
    def sort_figures(self, highs: "TermList", figures: FigureSet) -> Sequence[Figure]:
        """Return the figures, those first that contribute most to these terms, then to ``highs``.

        Those that contribute as much, or nothing, are in the order of recording.
        """

    @abstractmethod
    def select_backed_by(self, reporters: Collection[str], figures: FigureSet) -> "TermList":
        """Return the terms whose end nobody but these reporters gives.

        ``figures`` are all those that may give the same end of the same scope.
        """

    @abstractmethod
    def list_backers(self, figures: FigureSet) -> frozenset[str]:
        """Return all reporters that give one of the ends of the same scope."""

    @abstractmethod
    def join(self, other: "TermList") -> "TermList":
        """Return these terms, and then those of another list."""


class ListedTerms(TermList):
    """Terms as objects."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms = tuple(terms)

    def __len__(self) -> int:
        return len(self._terms)

    @overload
    def __getitem__(self, index: int) -> Term: ...

    @overload
    def __getitem__(self, index: slice) -> "ListedTerms": ...

    def __getitem__(self, index: int | slice) -> "Term | ListedTerms":
        return ListedTerms(self._terms[index]) if isinstance(index, slice) else self._terms[index]

    @property
    def figures(self) -> FigureSet:
        """The figures of the terms, each once."""
        return ListedFigures(dict.fromkeys(term.figure for term in self._terms))

    @property
    def byte_count(self) -> int:
        """About how many bytes of memory the terms take."""
        return TERM_BYTES * len(self._terms)

    @property
    def is_plain_sum(self) -> bool:
        """Whether each end is added once: every multiplier is 1."""
        return all(term.multiplier == 1 for term in self._terms)

    def has_figures_of(self, highs: TermList) -> bool:
        """Whether these are lows, and the others highs, of the same figures, in plain sums."""
        if len(self) != len(highs) or not (self.is_plain_sum and highs.is_plain_sum):
            return False
        low, high = (
            sorted(term.figure.id for term in terms if term.end == end)
            for terms, end in zip((self, highs), ENDS, strict=True)
        )
        return low == high and len(low) == len(self)

    def has_other_outcomes(self, outcomes: frozenset[str]) -> bool:
        """Whether any figure also counts people of outcomes that are not among these."""
        return any(not term.figure.scope.outcomes <= outcomes for term in self._terms)

    def add_people(self) -> Fraction:
        """Return the sum of the terms."""
        return sum((term.multiplier * term.people for term in self._terms), Fraction())

    def sum_by_reporter(self) -> dict[str, ReporterTerms]:
        """Return what the figures of each reporter add to the sum."""
        terms_by_reporter: dict[str, list[Term]] = {}
        for term in self._terms:
            terms_by_reporter.setdefault(term.figure.reporter, []).append(term)
        return {
            reporter: ReporterTerms(
                len({term.figure.id for term in terms}), ListedTerms(terms).add_people()
            )
            for reporter, terms in terms_by_reporter.items()
        }

    def select_added(self) -> "ListedTerms":
        """Return the terms that add people, and not nobody."""
        return ListedTerms(term for term in self._terms if term.multiplier > 0 and term.people)

    def select_soft(self) -> "ListedTerms":
        """Return the terms whose end of the figure is read by convention."""
        return ListedTerms(term for term in self._terms if term.end in term.figure.quantity.soft)

    def select_steps(self, places: Tree) -> "ListedTerms":
        """Return the terms of differences whose two sides end on different days."""
        added_by_first: dict[date | None, list[Term]] = {}
        for term in self._terms:
            if term.multiplier > 0:
                added_by_first.setdefault(term.figure.scope.period.first, []).append(term)
        found: dict[Term, None] = {}
        for term in self._terms:
            if term.multiplier >= 0:
                continue
            own = term.figure.scope
            for added in added_by_first.get(own.period.first, ()):
                other = added.figure.scope
                if other.period.last != own.period.last and places.select(other.places).overlaps(
                    places.select(own.places)
                ):
                    found[added] = found[term] = None
        return ListedTerms(found)

    def select_of(self, figures: Collection[Figure]) -> "ListedTerms":
        """Return the terms of these figures."""
        ids = {figure.id for figure in figures}
        return ListedTerms(term for term in self._terms if term.figure.id in ids)

    def sort_figures(self, highs: TermList, figures: FigureSet) -> Sequence[Figure]:
        """Return the figures, those first that contribute most to these terms, then to others."""
        sums: dict[Figure, list[Fraction]] = {}
        for number, terms in enumerate((self, highs)):
            for term in terms:
                own = sums.setdefault(term.figure, [Fraction(), Fraction()])
                own[number] += term.multiplier * term.people
        ranks = {
            figure: tuple(-abs(people) for people in own)
            for figure, own in sums.items()
            if any(own)
        }
        return figures.sort_first(ranks)

    def select_backed_by(self, reporters: Collection[str], figures: FigureSet) -> TermList:
        """Return the terms whose end nobody but these reporters gives."""
        own = [term for term in self._terms if term.figure.reporter in reporters]
        backers = figures.find_backers(own) if own else []
        return ListedTerms(
            term for term, each in zip(own, backers, strict=True) if each.issubset(reporters)
        )

    def list_backers(self, figures: FigureSet) -> frozenset[str]:
        """Return all reporters that give one of the ends of the same scope."""
        return frozenset[str]().union(*figures.find_backers(self._terms))

    def join(self, other: TermList) -> TermList:
        """Return these terms, and then those of another list."""
        return ListedTerms((*self._terms, *other)) if self._terms else other


def list_terms(total: Total, end: End) -> TermList:
    """Return the terms of one end of the total."""
    terms = total.low_terms if end == "low" else total.high_terms
    return terms if isinstance(terms, TermList) else ListedTerms(terms)


def find_soft_figures(total: Total) -> FigureSet:
    """Return the figures whose soft end is a term of a bound, each once."""
    low, high = (list_terms(total, end).select_soft() for end in ENDS)
    return low.join(high).figures


def list_both_terms(total: Total) -> TermList:
    """Return the terms of the low, and then those of the high."""
    return join_lists([list_terms(total, end) for end in ENDS])


def join_lists(lists: Iterable[TermList]) -> TermList:
    """Return the terms of all lists, one list after the other."""
    joined: TermList = ListedTerms(())
    for each in lists:
        joined = joined.join(each)
    return joined

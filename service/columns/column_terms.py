"""Terms of a proof as arrays, and what is asked of them as a whole."""

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from service.columns.arrays import BoolArray, IntArray, flag_members, sort_distinct
from service.columns.column_figures import ITERATION_ROWS, ColumnFigures, CountedRows
from service.columns.record_columns import SOFT_BITS
from service.domain.figure import Figure
from service.domain.figure_set import FigureSet
from service.domain.term_list import ListedTerms, ReporterTerms, TermList
from service.domain.total import End, Term
from service.domain.trees import Tree
from service.domain.vocabulary import encode_outcomes

DENOMINATOR: Final = 60
"""Multipliers are in sixtieths: a proof with others is a list of objects."""

_VALUE_BITS: Final = 31
"""The people of a figure are fewer than two to this power."""


class NumberedScopes:
    """The number of the scope of each row of figures: equal for rows with the same scope."""

    def __init__(self, numbers: IntArray) -> None:
        """``numbers``, int[n_rows], are below zero for rows that are not counted."""
        self.numbers = numbers


class TermArrays(NamedTuple):
    """The row of the figure, the end, and the multiplier of each term: an array for each.

    A multiplier is in sixtieths, and negative if the end is subtracted.
    """

    rows: NDArray[np.int32]
    is_high: BoolArray
    sixtieths: NDArray[np.int32]

    def select(self, chosen: IntArray | BoolArray | slice) -> "TermArrays":
        """Return some of the terms, by position or by flag."""
        return TermArrays(self.rows[chosen], self.is_high[chosen], self.sixtieths[chosen])


def make_term_arrays(rows: IntArray, is_high: BoolArray, sixtieths: IntArray) -> TermArrays:
    """Return the arrays of terms."""
    return TermArrays(rows.astype(np.int32), is_high, sixtieths.astype(np.int32))


def join_term_arrays(parts: Sequence[TermArrays]) -> TermArrays:
    """Return the terms of all parts, one part after the other."""
    return TermArrays(
        np.concatenate([each.rows for each in parts]),
        np.concatenate([each.is_high for each in parts]),
        np.concatenate([each.sixtieths for each in parts]),
    )


class ColumnTerms(TermList):
    """Terms as arrays; an object is made of a term when it is asked for."""

    def __init__(self, counted: CountedRows, scopes: NumberedScopes, terms: TermArrays) -> None:
        """``scopes`` are those of all rows of the counted figures. ``terms`` are in their order."""
        self._counted, self._scopes = counted, scopes
        # An answer may have millions of terms. Most have one end and one multiplier.
        self._terms = TermArrays(
            terms.rows, _share_value(terms.is_high), _share_value(terms.sixtieths)
        )

    def __len__(self) -> int:
        return len(self._terms.rows)

    @overload
    def __getitem__(self, index: int) -> Term: ...

    @overload
    def __getitem__(self, index: slice) -> "ColumnTerms": ...

    def __getitem__(self, index: int | slice) -> "Term | ColumnTerms":
        if isinstance(index, slice):
            return self._replace(self._terms.select(index))
        return next(iter(self[index : index + 1 or None]))

    def __iter__(self) -> Iterator[Term]:
        for start in range(0, len(self), ITERATION_ROWS):
            rows, is_high, sixtieths = self._terms.select(slice(start, start + ITERATION_ROWS))
            figures = self._counted.state.make_figures(rows.tolist())
            for figure, is_end_high, multiplier in zip(
                figures, is_high.tolist(), sixtieths.tolist(), strict=True
            ):
                end: End = "high" if is_end_high else "low"
                yield Term(figure, end, Fraction(multiplier, DENOMINATOR))

    @property
    def arrays(self) -> TermArrays:
        """The terms as arrays, which must not be changed."""
        return self._terms

    @property
    def figures(self) -> FigureSet:
        """The figures of the terms, each once, in the order of recording."""
        rows = sort_distinct(self._terms.rows.astype(np.int64))
        return ColumnFigures(self._counted, self._counted.state.sort_rows(rows))

    @property
    def byte_count(self) -> int:
        """About how many bytes of memory the terms take."""
        return sum(each.nbytes for each in self._terms if each.strides != (0,))

    @property
    def is_plain_sum(self) -> bool:
        """Whether each end is added once: every multiplier is 1."""
        return bool((self._terms.sixtieths == DENOMINATOR).all())

    def has_figures_of(self, highs: TermList) -> bool:
        """Whether these are lows, and the others highs, of the same figures, in plain sums."""
        if len(self) != len(highs) or not (self.is_plain_sum and highs.is_plain_sum):
            return False
        if not isinstance(highs, ColumnTerms):
            return ListedTerms(self).has_figures_of(highs)
        own, others = self._terms, highs.arrays
        are_ends = not own.is_high.any() and bool(others.is_high.all())
        return are_ends and np.array_equal(np.sort(own.rows), np.sort(others.rows))

    def has_other_outcomes(self, outcomes: frozenset[str]) -> bool:
        """Whether any figure also counts people of outcomes that are not among these."""
        others = ~np.uint8(encode_outcomes(outcomes))
        return bool((self._column("outcomes") & others).any())

    def add_people(self) -> Fraction:
        """Return the sum of the terms."""
        return Fraction(int((self._terms.sixtieths * self._people).sum()), DENOMINATOR)

    def sum_by_reporter(self) -> dict[str, ReporterTerms]:
        """Return what the figures of each reporter add to the sum."""
        people = self._terms.sixtieths * self._people
        reporters, rows = self._reporters, self._terms.rows
        ids = self._counted.state.reporter_ids
        return {
            ids[each]: ReporterTerms(
                len(sort_distinct(rows[reporters == each].astype(np.int64))),
                Fraction(int(people[reporters == each].sum()), DENOMINATOR),
            )
            for each in dict.fromkeys(reporters.tolist())
        }

    def select_added(self) -> "ColumnTerms":
        """Return the terms that add people, and not nobody."""
        return self._select((self._terms.sixtieths > 0) & (self._people > 0))

    def select_soft(self) -> "ColumnTerms":
        """Return the terms whose end of the figure is read by convention."""
        flags = self._column("flags")
        is_high = self._terms.is_high
        bits = np.where(is_high, flags & SOFT_BITS["high"], flags & SOFT_BITS["low"])
        return self._select(bits != 0)

    def select_steps(self, places: Tree) -> "ColumnTerms":
        """Return the terms of differences whose two sides end on different days.

        The places are compared as those of the state, which has this tree.
        """
        sets, firsts, lasts = (self._column(each) for each in ("places", "first", "last"))
        subtracted = np.flatnonzero(self._terms.sixtieths < 0)
        if not len(subtracted):
            return self[:0]
        added = np.flatnonzero(self._terms.sixtieths > 0)
        added = added[np.argsort(firsts[added], kind="stable")]
        scopes, numbers = np.unique(
            np.stack([sets, firsts, lasts])[:, subtracted], axis=1, return_inverse=True
        )
        starts, stops = (
            np.searchsorted(firsts[added], scopes[1], side) for side in ("left", "right")
        )
        is_step = np.zeros(len(self), dtype=bool)
        has_step = np.zeros(len(starts), dtype=bool)
        find_overlapping = lru_cache(maxsize=1)(self._flag_overlapping_places)
        for number, (place_set, _, last) in enumerate(scopes.T.tolist()):
            beside = added[starts[number] : stops[number]]
            beside = beside[lasts[beside] != last]
            beside = beside[find_overlapping(place_set)[sets[beside]]]
            is_step[beside] = True
            has_step[number] = len(beside) > 0
        is_step[subtracted] = has_step[numbers.ravel()]
        return self._select(is_step)

    def select_of(self, figures: Collection[Figure]) -> "ColumnTerms":
        """Return the terms of these figures."""
        rows = self._counted.find_rows(figures)
        return self._select(flag_members(self._terms.rows.astype(np.int64), rows))

    def sort_figures(self, highs: TermList, figures: FigureSet) -> Sequence[Figure]:
        """Return the figures, those first that contribute most to these terms, then to others."""
        others = highs if highs else self[:0]
        if not isinstance(others, ColumnTerms) or not isinstance(figures, ColumnFigures):
            return ListedTerms(self).sort_figures(highs, figures)
        lows_and_highs = (np.abs(each.sum_by_row()[figures.rows]) for each in (others, self))
        order = np.lexsort([-each for each in lows_and_highs])
        return ColumnFigures(self._counted, figures.rows[order])

    def sum_by_row(self) -> IntArray:
        """Return what the figure in each row adds to the sum, in sixtieths, int[n_rows]."""
        sums = np.zeros(len(self._counted.is_counted), dtype=np.int64)
        np.add.at(sums, self._terms.rows, self._terms.sixtieths * self._people)
        return sums

    def select_backed_by(self, reporters: Collection[str], figures: FigureSet) -> TermList:
        """Return the terms whose end nobody but these reporters gives."""
        if not isinstance(figures, ColumnFigures):
            return ListedTerms(self).select_backed_by(reporters, figures)
        state = self._counted.state
        is_other = np.array([each not in reporters for each in state.reporter_ids], dtype=bool)
        if is_other[self._reporters].all():
            return self._select(np.zeros(len(self), dtype=bool))
        own_ends = self._number_ends(self._terms.rows, self._people, self._terms.is_high)
        ends, of_rows = self._number_ends_of(figures)
        backed_by_others = ends[is_other[of_rows]]
        return self._select(~is_other[self._reporters] & ~flag_members(own_ends, backed_by_others))

    def list_backers(self, figures: FigureSet) -> frozenset[str]:
        """Return all reporters that give one of the ends of the same scope."""
        if not isinstance(figures, ColumnFigures):
            return ListedTerms(self).list_backers(figures)
        own_ends = self._number_ends(self._terms.rows, self._people, self._terms.is_high)
        ends, of_rows = self._number_ends_of(figures)
        numbers = np.concatenate([self._reporters, of_rows[flag_members(ends, own_ends)]])
        ids = self._counted.state.reporter_ids
        return frozenset(ids[each] for each in np.unique(numbers).tolist())

    def join(self, other: TermList) -> TermList:
        """Return these terms, and then those of another list."""
        if not len(self) or not len(other):
            return self if len(self) else other
        if not isinstance(other, ColumnTerms):
            return ListedTerms((*self, *other))
        return self._replace(join_term_arrays([self._terms, other.arrays]))

    def _flag_overlapping_places(self, number: int) -> BoolArray:
        """Return which sets of places can share people with one of them, bool[n_sets]."""
        place_sets = self._counted.state.place_sets
        return place_sets.flag_overlapping(place_sets.get_ids(number))

    def _select(self, flags: BoolArray) -> "ColumnTerms":
        return self._replace(self._terms.select(flags))

    def _replace(self, terms: TermArrays) -> "ColumnTerms":
        return ColumnTerms(self._counted, self._scopes, terms)

    def _column(self, name: str) -> NDArray[Any]:
        return self._counted.state.column(name)[self._terms.rows]

    @property
    def _reporters(self) -> IntArray:
        numbers: IntArray = self._counted.state.reporter_numbers[self._column("report")]
        return numbers

    @property
    def _people(self) -> IntArray:
        """The number of people at the end of each term."""
        return read_people(self._counted, self._terms)

    def _number_ends_of(self, figures: ColumnFigures) -> tuple[IntArray, IntArray]:
        """Return the numbers of both ends of each figure, and the reporter of each of them."""
        state = self._counted.state
        rows = np.tile(figures.rows, 2)
        is_high = np.repeat([False, True], len(figures.rows))
        people = np.concatenate([state.column(end)[figures.rows] for end in ("low", "high")])
        return self._number_ends(rows, people, is_high), state.reporter_numbers[
            state.column("report")[rows]
        ]

    def _number_ends(
        self, rows: NDArray[Any], people: NDArray[Any], is_high: BoolArray
    ) -> IntArray:
        """Return numbers of ends: equal for the same end of the same scope."""
        numbers: IntArray = self._scopes.numbers[rows].astype(np.int64)
        numbers = (numbers * 2 + is_high) * (1 << _VALUE_BITS) + people
        return numbers


Shared = TypeVar("Shared", np.bool_, np.int32)


def _share_value(values: NDArray[Shared]) -> NDArray[Shared]:
    """Return the values, in the memory of one of them if all are equal."""
    if not len(values) or (values != values[0]).any():
        return values
    return np.broadcast_to(values[:1].copy(), values.shape)


def read_people(counted: CountedRows, terms: TermArrays) -> IntArray:
    """Return the number of people at the end of each term; a high of a proof is never open."""
    lows, highs = (counted.state.column(end)[terms.rows] for end in ("low", "high"))
    people: IntArray = np.where(terms.is_high, highs, lows).astype(np.int64)
    return people

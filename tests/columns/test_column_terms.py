"""Terms of proofs as arrays say the same as lists of terms."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.bounds.engine import TotalsEngine
from service.columns.column_figures import ColumnFigures, CountedRows
from service.columns.column_terms import (
    DENOMINATOR,
    ColumnTerms,
    NumberedScopes,
    make_term_arrays,
)
from service.domain.figure import Figure, Scope
from service.domain.figure_set import NO_FIGURES, FigureSet, ListedFigures
from service.domain.term_list import ListedTerms, TermList, list_both_terms, list_terms
from service.domain.total import ENDS, Term, Total
from tests.bounds.builders import (
    AMPLE_SECONDS,
    GROUP_NODES,
    PLACE_NODES,
    Case,
    Forest,
    cases,
    make_figure,
    make_scope,
)
from tests.columns.test_column_figures import make_case_state

FOREST = Forest(PLACE_NODES, GROUP_NODES)


def make_both(case: Case) -> tuple[ColumnTerms, ListedTerms, ColumnFigures]:
    """Return the terms of both ends of a total, as arrays and as a list, and its figures."""
    state = make_case_state(case)
    counted = CountedRows(state, state.is_live)
    engine = TotalsEngine(case.figures, case.forest.places, case.forest.groups)
    total = engine.total(case.query, AMPLE_SECONDS)
    terms = [
        each
        for each in (*total.low_terms, *total.high_terms)
        if DENOMINATOR % each.multiplier.denominator == 0
    ]
    return make_columns(counted, terms), ListedTerms(terms), counted.find_overlapping(case.query)


def make_columns(counted: CountedRows, terms: Sequence[Term]) -> ColumnTerms:
    """Return the terms as arrays."""
    rows = {figure.id: row for row, figure in enumerate(counted.state.figures)}
    arrays = make_term_arrays(
        np.array([rows[each.figure.id] for each in terms], dtype=np.int64),
        np.array([each.end == "high" for each in terms], dtype=bool),
        np.array([int(each.multiplier * DENOMINATOR) for each in terms], dtype=np.int64),
    )
    numbers: dict[Scope, int] = {}
    scopes = [numbers.setdefault(each.scope, len(numbers)) for each in counted.state.figures]
    return ColumnTerms(counted, NumberedScopes(np.array(scopes, dtype=np.int64)), arrays)


@given(cases())
def test_terms_as_arrays_are_the_same_terms(case: Case) -> None:
    columns, listed, _ = make_both(case)
    assert tuple(columns) == tuple(listed) == tuple(columns[:])
    assert columns == listed
    assert len(columns) == len(listed)
    for chosen in (slice(2), slice(1, None), slice(None, None, -2)):
        assert columns[chosen] == listed[chosen]
        assert columns[chosen].add_people() == listed[chosen].add_people()
    for position in range(-len(listed), len(listed)):
        assert columns[position] == listed[position]


@given(cases(), st.sets(st.sampled_from("AB")))
def test_terms_as_arrays_are_selected_and_added_as_a_list_is(
    case: Case, reporters: set[str]
) -> None:
    columns, listed, figures = make_both(case)
    assert set(columns.figures) == set(listed.figures)
    assert columns.is_plain_sum == listed.is_plain_sum
    for outcomes in (frozenset({"killed"}), case.query.outcomes):
        assert columns.has_other_outcomes(outcomes) == listed.has_other_outcomes(outcomes)
    assert columns.add_people() == listed.add_people()
    assert columns.sum_by_reporter() == listed.sum_by_reporter()
    assert columns.select_added() == listed.select_added()
    assert columns.select_soft() == listed.select_soft()
    for chosen in (figures[::2], list(figures[::2]), listed.figures, ()):
        assert columns.select_of(chosen) == listed.select_of(chosen)
    for each in (figures, NO_FIGURES):
        assert columns.list_backers(each) == listed.list_backers(each)
        backed = listed.select_backed_by(reporters, each)
        assert columns.select_backed_by(reporters, each) == backed


@given(cases(), st.data())
def test_steps_of_running_totals_are_the_same_whatever_the_terms_are(
    case: Case, data: st.DataObject
) -> None:
    state = make_case_state(case)
    multipliers = st.sampled_from([-1, 1, 1]).map(Fraction)
    terms = [Term(each, "low", data.draw(multipliers)) for each in case.figures]
    columns = make_columns(CountedRows(state, state.is_live), terms)
    places = case.forest.places

    def is_step(one: Term, other: Term) -> bool:
        scope, other_scope = one.figure.scope, other.figure.scope
        return (
            one.multiplier != other.multiplier
            and scope.period.first == other_scope.period.first
            and scope.period.last != other_scope.period.last
            and places.select(scope.places).overlaps(places.select(other_scope.places))
        )

    steps = {each for each in terms if any(is_step(each, other) for other in terms)}
    listed_steps = ListedTerms(terms).select_steps(places)
    assert {*columns.select_steps(places)} == {*listed_steps} == steps
    assert len(listed_steps) == len(columns.select_steps(places)) == len(steps)


@given(cases(), st.integers(0, 4), st.booleans())
def test_figures_are_sorted_by_what_they_contribute(case: Case, count: int, is_open: bool) -> None:
    columns, listed, figures = make_both(case)

    def rank(figure: Figure) -> list[Fraction]:
        return [
            -abs(sum((each.multiplier * each.people for each in terms if each.figure == figure), 0))
            for terms in ends
        ]

    stop = count if is_open else len(listed)
    ends = listed[:count], listed[count:stop]
    expected = sorted(figures, key=rank)
    all_figures: Sequence[FigureSet] = (figures, ListedFigures(figures))
    for lows, highs, each in product((columns, listed), (columns, listed), all_figures):
        ordered = lows[:count].sort_figures(highs[count:stop], each)
        assert list(ordered) == expected
        assert list(ordered[1:3]) == expected[1:3]


@given(cases())
def test_both_ends_are_of_the_same_figures_or_not_whatever_the_lists_are(case: Case) -> None:
    state = make_case_state(case)
    counted = CountedRows(state, state.is_live)
    lows, highs = (
        [Term(each, end, Fraction(1)) for each in case.figures[: 1 + len(case.figures) // 2]]
        for end in ENDS
    )
    others = [Term(each, "high", Fraction(1)) for each in case.figures[-len(highs) :]]
    for low, high, is_same in (
        (lows, highs, True),
        (lows, highs[::-1], True),
        (lows, highs[1:], False),
        (lows, others, {each.figure for each in others} == {each.figure for each in lows}),
        (lows, lows, False),
        (highs, highs, False),
        (lows, [replace(highs[0], multiplier=Fraction(2)), *highs[1:]], False),
        ([replace(lows[0], multiplier=Fraction(-1)), *lows[1:]], highs, False),
    ):
        kinds = ((make_columns(counted, each), ListedTerms(each)) for each in (low, high))
        for low_terms, high_terms in product(*kinds):
            assert low_terms.has_figures_of(high_terms) == is_same


def test_two_lists_of_terms_are_joined_whatever_they_are() -> None:
    figures = [make_figure(f"f{number}", number, number, soft="low") for number in (1, 2, 3)]
    case = Case(FOREST, figures, make_scope())
    state = make_case_state(case)
    counted = CountedRows(state, state.is_live)
    lows = [Term(each, "low", Fraction(1)) for each in figures[:2]]
    highs = [Term(figures[2], "high", Fraction(-2))]
    for low, high in (
        (make_columns(counted, lows), make_columns(counted, highs)),
        (make_columns(counted, lows), ListedTerms(highs)),
        (ListedTerms(lows), make_columns(counted, highs)),
    ):
        joined: TermList = low.join(high)
        assert tuple(joined) == (*lows, *highs)
        assert list_both_terms(Total(low_terms=low, high_terms=high)) == joined
    nothing = ListedTerms(())
    columns = make_columns(counted, lows)
    assert columns.join(nothing) is columns
    assert nothing.join(columns) is columns
    assert make_columns(counted, []).join(columns) is columns


def test_the_terms_of_an_end_are_a_list_whatever_they_were() -> None:
    term = Term(make_figure("f", 2, 3), "low", Fraction(1))
    terms = ListedTerms([term])
    assert list_terms(Total(low_terms=terms), "low") is terms
    assert tuple(list_terms(Total(low_terms=(term,)), "low")) == (term,)
    assert tuple(list_terms(Total(low_terms=(term,)), "high")) == ()
    assert terms.byte_count > ListedTerms(()).byte_count == 0


def test_equal_ends_and_multipliers_take_no_memory_of_their_own() -> None:
    figures = [make_figure(f"f{number}", number, number) for number in range(1, 9)]
    case = Case(FOREST, figures, make_scope())
    state = make_case_state(case)
    counted = CountedRows(state, state.is_live)
    equal = make_columns(counted, [Term(each, "low", Fraction(1)) for each in figures])
    different = make_columns(
        counted,
        [Term(each, "low", Fraction(at)) for at, each in enumerate(figures, 1)],
    )
    assert equal.byte_count < different.byte_count

"""Sets of figures in columns say the same as lists of figures."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bounds.engine import TotalsEngine
from service.columns import record_state
from service.columns.column_figures import ColumnFigures, CountedRows
from service.columns.excluded_figures import ExcludedFigures
from service.columns.record_state import RecordState
from service.domain.entities import Group, Place, Reporter
from service.domain.figure_set import SCOPE_PARTS, FigureSet, FigureSources, ListedFigures
from service.domain.total import Term
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
from tests.support.record_states import make_record_state

REPORTERS = {name: Reporter(name, name) for name in "AB"}

RANKS = st.fractions(-1, 0, max_denominator=3).map(lambda rank: (rank,))


def make_case_state(case: Case) -> RecordState:
    """Return the state of a record with the figures of the case, each in a report of its own."""
    places = {
        node: Place(node, node, parent=each.parent, division=each.facet)
        for node, each in case.forest.place_nodes.items()
    }
    groups = {
        node: Group(node, node, parent=each.parent, facet=each.facet)
        for node, each in case.forest.group_nodes.items()
    }
    caveats = {figure.report: (f"caveat {len(figure.id)}",) for figure in case.figures[::2]}
    return make_record_state(case.figures, places, groups, REPORTERS, caveats)


def _select_both(case: Case) -> tuple[ColumnFigures, ListedFigures]:
    """Return the figures that overlap the query, in columns and as a list."""
    state = make_case_state(case)
    engine = TotalsEngine(case.figures, case.forest.places, case.forest.groups)
    sources = FigureSources(
        case.forest.places,
        case.forest.groups,
        engine.outcomes_of,
        lambda figure: state.reports[figure.report].caveats,
    )
    listed = ListedFigures(engine.overlapping_figures(case.query), sources)
    return CountedRows(state, state.is_live).find_overlapping(case.query), listed


def _list_terms(case: Case) -> list[Term]:
    engine = TotalsEngine(case.figures, case.forest.places, case.forest.groups)
    total = engine.total(case.query, AMPLE_SECONDS)
    return [*total.low_terms, *total.high_terms]


@given(cases())
def test_columns_select_the_figures_that_the_engine_selects(case: Case) -> None:
    columns, listed = _select_both(case)
    assert tuple(columns) == tuple(listed)
    assert len(columns) == len(listed)
    for chosen in (slice(2), slice(1, None), slice(None, None, -2)):
        assert columns[chosen] == listed[chosen]
    for position in range(-len(listed), len(listed)):
        assert columns[position] == listed[position]


@given(cases(), st.data())
def test_columns_know_which_figures_are_theirs_as_a_list_does(
    case: Case, data: st.DataObject
) -> None:
    columns, listed = _select_both(case)
    ranks = data.draw(st.dictionaries(st.sampled_from(case.figures), RANKS))
    of_another_state, _ = _select_both(case)
    for figures in (ranks, list(ranks), columns[::2], of_another_state[::2]):
        assert columns.select_among(figures) == listed.select_among(figures)
        assert columns.exclude(figures) == listed.exclude(figures)
        assert {*columns.select_among(figures)} == {*columns} & {*figures}
        assert {*columns.exclude(figures)} == {*columns} - {*figures}
    last = (Fraction(1),)
    expected = sorted(listed, key=lambda figure: ranks.get(figure, last))
    assert list(columns.sort_first(ranks)) == list(listed.sort_first(ranks)) == expected
    report_ids = {"unknown", *(figure.report for figure in ranks)}
    found = {figure.report for figure in listed} & report_ids
    assert columns.find_reports(report_ids) == listed.find_reports(report_ids) == found


def test_a_report_of_a_later_state_has_no_figures_in_an_earlier_one() -> None:
    figures = [make_figure(f"f{number}", number, None) for number in range(3)]
    later = make_case_state(Case(Forest(PLACE_NODES, GROUP_NODES), figures, make_scope()))
    earlier = RecordState(later.columns, 2, None, later.entities)
    first, second = (CountedRows(each, each.is_live) for each in (earlier, later))
    every = second.select(later.is_live)
    assert list(first.select(earlier.is_live).select_among(list(every))) == figures[:2]
    assert list(first.select(earlier.is_live).select_among(every)) == figures[:2]
    reports = [figure.report for figure in figures]
    assert first.select(earlier.is_live).find_reports(reports) == set(reports[:2])


@given(cases())
def test_columns_select_parts_of_a_set_as_a_list_does(case: Case) -> None:
    def select_all(figures: FigureSet) -> list[FigureSet]:
        return [
            *(figures.select_beyond(case.query, part) for part in SCOPE_PARTS),
            figures.select_without_beginning(),
            figures.select_undisclosed(),
            figures.select_zeros(),
        ]

    columns, listed = _select_both(case)
    assert select_all(columns) == select_all(listed)
    assert columns.has_inside(case.query) == listed.has_inside(case.query)
    assert dict(columns.group_by_report_caveat()) == dict(listed.group_by_report_caveat())


@given(cases())
def test_columns_describe_a_set_as_a_list_does(case: Case) -> None:
    columns, listed = _select_both(case)
    assert list(columns.count_by_reporter().items()) == list(listed.count_by_reporter().items())
    assert columns.count_by_groups() == listed.count_by_groups()
    assert columns.count_reports() == listed.count_reports()
    assert columns.byte_count <= listed.byte_count == 8 * len(listed)
    assert columns.list_reports(3) == listed.list_reports(3)
    assert columns.list_outcome_sets() == listed.list_outcome_sets()
    assert columns.find_spoken_outcomes() == listed.find_spoken_outcomes()
    assert set(columns.list_place_sets()) == set(listed.list_place_sets())
    first = case.query.period.start or 738_000
    assert columns.find_uncovered_days(first, first + 5) == listed.find_uncovered_days(
        first, first + 5
    )
    assert columns.enclose_period() == listed.enclose_period()
    assert columns.find_day_range() == listed.find_day_range()
    terms = _list_terms(case)
    assert columns.find_backers(terms) == listed.find_backers(terms)


@given(cases())
def test_the_rows_inside_a_scope_are_those_wholly_in_it(case: Case) -> None:
    state, forest = make_case_state(case), case.forest
    sources = FigureSources(
        forest.places, forest.groups, lambda figure: figure.scope.outcomes, lambda figure: ()
    )
    figures = ListedFigures(case.figures, sources)
    is_inside = state.flag_inside(case.query)
    expected = [
        not any(
            figure in figures.select_beyond(case.query, part)
            for part in ("places", "period", "groups")
        )
        for figure in case.figures
    ]
    assert is_inside.tolist() == expected


@given(cases())
def test_excluded_figures_are_sliced_as_a_list_is(case: Case) -> None:
    state = make_case_state(case)
    none, every = CountedRows(state, state.is_live & False), CountedRows(state, state.is_live)
    excluded = ExcludedFigures(none.find_overlapping(case.query), every.select(state.is_live))
    listed = list(excluded)
    assert [each.figure for each in listed] == case.figures
    assert {each.reason for each in listed} == {"straddles"}
    assert excluded[:2] == listed[:2]
    assert excluded[-1] == listed[-1]


def test_few_figures_are_kept_as_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_state, "MAX_OBJECTS", 1)
    figures = [make_figure(f"f{number}", number, None) for number in range(3)]
    state = make_case_state(Case(Forest(PLACE_NODES, GROUP_NODES), figures, make_scope()))
    assert state.make_figures([0, 1]) == tuple(figures[:2])
    assert state.make_figures([2, 0]) == (figures[2], figures[0])

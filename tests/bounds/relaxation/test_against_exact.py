"""The relaxed engine on small records with small limits, compared with the exact engine."""

from collections.abc import Iterable
from dataclasses import replace
from math import inf
from typing import NamedTuple
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from service.bounds.relaxation import engine as engine_module
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from service.domain.vocabulary import ROOT_GROUP
from tests.bounds.builders import (
    AMPLE_SECONDS,
    GROUP_NODES,
    PLACE_NODES,
    Case,
    Forest,
    Person,
    cases,
    compute_total,
    count_people,
    make_figure,
    make_scope,
    scopes,
    true_figures,
    worlds,
)
from tests.bounds.relaxation.builders import (
    LIMITS,
    USUAL_LIMITS,
    compute_both,
    compute_relaxed,
    limits_set,
    make_engines,
)

SIMPLE = Forest(PLACE_NODES, GROUP_NODES)

EXAMPLES = settings(max_examples=300, deadline=None)


def ends_of(total: Total) -> tuple[float, float]:
    """Return low and high; infinity is open."""
    assert total.low is not None
    return total.low, inf if total.high is None else total.high


def check_proofs(total: Total) -> None:
    """The terms of each end add up to it, and only the right ends are added and subtracted."""
    for terms, value, roundings, added in (
        (total.low_terms, total.low, total.low_roundings, "low"),
        (total.high_terms, total.high, total.high_roundings, "high"),
    ):
        if value is not None and not roundings:
            assert sum(term.multiplier * term.people for term in terms) == value
        assert all((term.multiplier > 0) == (term.end == added) for term in terms)


class TrueRecord(NamedTuple):
    """The people of a world, figures that are true in it, and a query."""

    world: list[Person]
    figures: list[Figure]
    query: Scope

    @property
    def case(self) -> Case:
        return Case(SIMPLE, self.figures, self.query)


@st.composite
def true_records(draw: st.DrawFn) -> TrueRecord:
    """Draw a world and some figures that do not contradict each other."""
    world = draw(worlds())
    figure_scopes = draw(st.lists(scopes(with_events=True), min_size=1, max_size=9))
    figures = [
        draw(true_figures(world, f"f{number}", scope)) for number, scope in enumerate(figure_scopes)
    ]
    return TrueRecord(world, figures, draw(scopes(for_query=True)))


@EXAMPLES
@given(true_records(), LIMITS)
def test_true_figures_give_a_range_around_the_truth_that_is_never_narrower(
    record: TrueRecord, limits: dict[str, int]
) -> None:
    relaxed, exact = compute_both(record.case, limits)
    assert relaxed.is_reported == exact.is_reported
    if not exact.is_reported:
        return
    (low, high), (exact_low, exact_high) = ends_of(relaxed), ends_of(exact)
    assert low <= exact_low and exact_high <= high
    assert not relaxed.is_disputed
    check_proofs(relaxed)
    if relaxed.exact:
        assert (low, high) == (exact_low, exact_high)
    if all(figure.scope.incident is None for figure in record.figures):
        assert low <= count_people(record.world, record.query)


@EXAMPLES
@given(true_records(), LIMITS, st.sampled_from([0.0, 0.001]))
def test_a_total_without_time_is_wider(
    record: TrueRecord, limits: dict[str, int], seconds: float
) -> None:
    hurried = compute_relaxed(record.case, limits, seconds)
    exact = compute_total(record.figures, record.query)
    assert hurried.is_reported == exact.is_reported
    if exact.is_reported:
        (low, high), (exact_low, exact_high) = ends_of(hurried), ends_of(exact)
        assert low <= exact_low and exact_high <= high
        check_proofs(hurried)


@EXAMPLES
@given(cases(max_size=9), LIMITS)
def test_a_total_that_is_said_to_be_exact_is_that_of_the_exact_engine(
    case: Case, limits: dict[str, int]
) -> None:
    relaxed, exact = compute_both(case, limits)
    assert (relaxed.low is None) == (exact.low is None)
    if exact.low is not None and relaxed.exact:
        assert ends_of(relaxed) == ends_of(exact)
        assert relaxed.is_disputed == exact.is_disputed
        assert relaxed.nearest == exact.nearest
        assert relaxed.contradiction == exact.contradiction


@st.composite
def scattered_cases(draw: st.DrawFn) -> Case:
    """Draw figures of which several reporters put one incident at various places and days."""
    figures = []
    for number in range(draw(st.integers(2, 7))):
        scope = draw(scopes())
        if draw(st.booleans()):
            scope = replace(scope, incident="x:1")
        low, width = draw(st.integers(0, 4)), draw(st.sampled_from([0, 0, 2, None]))
        high = None if width is None else low + width
        reporter = draw(st.sampled_from("AB"))
        figures.append(make_figure(f"f{number}", low, high, scope, reporter=reporter))
    return Case(SIMPLE, figures, draw(scopes(for_query=True)))


@EXAMPLES
@given(scattered_cases(), LIMITS)
def test_people_of_an_incident_at_several_places_are_counted_as_by_the_exact_engine(
    case: Case, limits: dict[str, int]
) -> None:
    relaxed, exact = compute_both(case, limits)
    if exact.low is not None and relaxed.exact:
        assert ends_of(relaxed) == ends_of(exact)
        assert relaxed.is_disputed == exact.is_disputed


@st.composite
def register_cases(draw: st.DrawFn) -> Case:
    """Draw figures that are all about incidents of one scheme, mostly at the same places."""
    figures = []
    for number in range(draw(st.integers(1, 3))):
        whole = replace(draw(scopes()), incident=f"x:{number}", groups=(ROOT_GROUP,))
        for part in range(draw(st.integers(1, 3))):
            groups = draw(st.sampled_from([(ROOT_GROUP,), ("g",), ("h",), ("g", "h")]))
            other = draw(scopes()) if draw(st.integers(0, 4)) == 0 else whole
            scope = replace(other, incident=whole.incident, groups=groups)
            low, width = draw(st.integers(0, 4)), draw(st.sampled_from([0, 2, 4, None]))
            high = None if width is None else low + width
            reporter = draw(st.sampled_from("AAAB"))
            figure_id = f"f{number}.{part}"
            figures.append(make_figure(figure_id, low, high, scope, reporter=reporter))
    return Case(SIMPLE, figures, draw(scopes(for_query=True)))


@EXAMPLES
@given(register_cases(), LIMITS)
def test_the_incidents_of_a_register_are_counted_as_by_the_exact_engine(
    case: Case, limits: dict[str, int]
) -> None:
    relaxed, exact = compute_both(case, {**limits, "MIN_REGISTER": 1})
    if exact.low is not None and relaxed.exact:
        assert ends_of(relaxed) == ends_of(exact)
        assert relaxed.is_disputed == exact.is_disputed
        check_proofs(relaxed)


@EXAMPLES
@given(register_cases())
def test_totals_of_a_small_register_are_exact(case: Case) -> None:
    relaxed, exact = compute_both(case, {"MIN_REGISTER": 1})
    assert relaxed.exact == exact.exact
    assert (relaxed.low, relaxed.high, relaxed.is_disputed, relaxed.nearest) == (
        exact.low,
        exact.high,
        exact.is_disputed,
        exact.nearest,
    )


def test_people_of_an_incident_may_have_other_outcomes_at_the_place_of_another_reporter() -> None:
    figures = [
        make_figure("killed", 1, 1, make_scope("a")),
        make_figure("here", 1, 1, make_scope("b", outcomes="killed wounded", incident="x:1")),
        make_figure("there", 0, 0, make_scope("a", outcomes="wounded", incident="x:1"),
                    reporter="B"),
    ]  # fmt: skip
    query = make_scope("r", outcomes="killed wounded")
    limits = {"MAX_SMALL_AREA": 1, "MAX_COMPONENT": 2, "MAX_CLOSURE": 0}
    relaxed, exact = compute_both(Case(SIMPLE, figures, query), limits)
    assert ends_of(exact) == (1, 2)
    assert relaxed.exact and ends_of(relaxed) == (1, 2)


@EXAMPLES
@given(cases(max_size=7))
def test_with_the_usual_limits_small_records_are_exact(case: Case) -> None:
    relaxed, exact = compute_both(case, USUAL_LIMITS)
    assert relaxed.exact == exact.exact
    assert (relaxed.low, relaxed.high, relaxed.is_disputed, relaxed.nearest) == (
        exact.low,
        exact.high,
        exact.is_disputed,
        exact.nearest,
    )


def set_aside_in(total: Total) -> set[Figure]:
    return {*total.lows_set_aside, *total.highs_set_aside}


def test_nothing_is_known_while_the_engine_is_not_prepared() -> None:
    figures = [make_figure("f0", 3, 5), make_figure("f1", 2, None, make_scope("b"))]
    case = Case(SIMPLE, figures, make_scope())
    with patch.object(engine_module, "PREPARATION_SECONDS", 0.0):
        total = make_engines(case)[0].total(make_scope(), 0.0)
    assert (total.low, total.high, total.exact, total.is_disputed) == (0, None, False, True)
    assert not make_engines(case)[0].are_disjoint(make_scope(), 0.0)
    assert list(make_engines(case)[0].dependent_figures(make_scope(), 0.0)) == figures
    engine = make_engines(case)[0]
    assert engine.find_elsewhere(engine.counted_figures) == []
    assert engine.total(make_scope(), AMPLE_SECONDS).low == 3
    assert engine.are_disjoint(make_scope(), 0.0)
    assert list(engine.dependent_figures(make_scope(), 0.0)) == figures[:1]


def test_an_incident_that_reporters_put_at_two_places_is_found() -> None:
    here, there = make_scope("a", incident="x:1"), make_scope("b1", incident="x:1")
    figures = [
        make_figure("here", 3, 5, here),
        make_figure("there", 2, 6, there, reporter="B"),
        make_figure("other", 1, None, make_scope("b2", incident="x:2")),
    ]
    relaxed, exact = make_engines(Case(SIMPLE, figures, make_scope("r")))
    assert relaxed.total(make_scope("r"), AMPLE_SECONDS).low == 4
    assert exact.total(make_scope("r"), AMPLE_SECONDS).low == 4
    assert sort_ids(relaxed.find_elsewhere(relaxed.counted_figures)) == ["here", "there"]


def sort_ids(figures: Iterable[Figure]) -> list[str]:
    return sorted(figure.id for figure in figures)


@EXAMPLES
@given(cases(max_size=9), LIMITS)
def test_other_questions_have_the_same_answers(case: Case, limits: dict[str, int]) -> None:
    relaxed, exact = make_engines(case)
    query = case.query
    with limits_set(limits):
        assert relaxed.dependent_figures(query, 0.0) is not None
        relaxed.total(query, AMPLE_SECONDS)
        dependent = relaxed.dependent_figures(query, AMPLE_SECONDS)
        assert set(dependent) >= set(exact.overlapping_figures(query))
        if relaxed.total(query, AMPLE_SECONDS).exact:
            assert sort_ids(relaxed.find_set_aside(query, AMPLE_SECONDS)) == sort_ids(
                set_aside_in(exact.total(query, AMPLE_SECONDS))
            )
        if relaxed.are_disjoint(query, AMPLE_SECONDS):
            assert exact.are_disjoint(query, AMPLE_SECONDS)
    assert tuple(relaxed.overlapping_figures(query)) == exact.overlapping_figures(query)
    assert tuple(relaxed.counted_figures) == exact.counted_figures
    assert sort_ids(relaxed.find_elsewhere(relaxed.counted_figures)) == sort_ids(
        exact.find_elsewhere(exact.counted_figures)
    )
    for figure in case.figures:
        assert relaxed.outcomes_of(figure) == exact.outcomes_of(figure)


@EXAMPLES
@given(cases(max_size=9), LIMITS)
def test_the_figures_inside_alone_give_the_same_total(case: Case, limits: dict[str, int]) -> None:
    """``placed``: an engine of fewer figures uses the preparation of all."""
    with limits_set(limits):
        relaxed, exact = make_engines(case, inside=case.query)
        total = relaxed.total(case.query, AMPLE_SECONDS)
    expected = exact.total(case.query, AMPLE_SECONDS)
    assert total.is_reported == expected.is_reported
    if total.exact and total.is_reported:
        assert ends_of(total) == ends_of(expected)

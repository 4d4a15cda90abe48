"""Narrow components, compared with the components of the exact engine."""

from collections import defaultdict

import numpy as np
from hypothesis import given, settings

from service.bounds.components import find_components
from service.bounds.constraints import FigureScopes, Reclassifications
from service.bounds.relaxation.constraint_table import ConstraintTable
from service.bounds.relaxation.narrow_components import WIDE, find_narrow_components
from service.columns.column_figures import CountedRows
from tests.bounds.builders import Case, cases, finish, make_figure, make_scope
from tests.bounds.relaxation.builders import LIMITS, limits_set, make_state
from tests.bounds.relaxation.test_against_exact import SIMPLE

FEW_PLACES = {"MAX_SMALL_AREA": 2, "MAX_COMPONENT": 2}


def group_narrow(case: Case, limits: dict[str, int]) -> tuple[set[frozenset[str]], set[str]]:
    """Return the figures of each narrow component, and those of wide constraints."""
    state = make_state(case.forest, case.figures)
    table = ConstraintTable(CountedRows(state, state.is_live))
    with limits_set(limits):
        components = finish(find_narrow_components(table))
    groups: dict[int, set[str]] = defaultdict(set)
    for number, label in enumerate(components.labels.tolist()):
        rows = table.find_rows(np.array([number]))
        groups[label] |= {figure.id for figure in state.make_figures(rows.tolist())}
    wide = groups.pop(WIDE, set())
    return {frozenset(group) for group in groups.values()}, wide


def group_all(case: Case, left_out: set[str]) -> list[set[str]]:
    """Return the figures of each component of the exact engine, without some figures."""
    state = make_state(case.forest, case.figures)
    figures = [figure for figure in state.figures if figure.id not in left_out]
    by_id = {figure.id: figure for figure in state.figures}
    scopes = FigureScopes(
        figures,
        Reclassifications(figures, by_id),
        state.entities.place_tree,
        state.entities.group_tree,
    )
    constraints = finish(scopes.build_constraints())
    components = finish(find_components(constraints))
    groups: dict[int, set[str]] = defaultdict(set)
    for number, constraint in enumerate(constraints):
        members = (*constraint.figures, *constraint.lower_figures)
        groups[components.component_of(number)] |= {figure.id for figure in members}
    return list(groups.values())


@settings(max_examples=300, deadline=None)
@given(cases(max_size=9), LIMITS)
def test_figures_that_share_people_are_in_one_component_or_wide(
    case: Case, limits: dict[str, int]
) -> None:
    narrow, wide = group_narrow(case, limits)
    for group in group_all(case, wide):
        assert any(group <= component for component in narrow)


def test_a_large_scope_with_few_others_in_it_is_narrow() -> None:
    figures = [
        make_figure("whole", 3, None, make_scope("r", (1, 4))),
        make_figure("part", 1, None, make_scope("a", (2, 2))),
    ]
    case = Case(SIMPLE, figures, make_scope())
    assert group_narrow(case, FEW_PLACES) == ({frozenset({"whole", "part"})}, set())


def test_a_scope_that_would_tie_many_together_is_wide() -> None:
    figures = [
        make_figure("whole", 3, None, make_scope("r", (1, 4))),
        make_figure("part", 1, None, make_scope("a", (2, 2))),
        make_figure("other", 1, None, make_scope("b1", (3, 3))),
    ]
    narrow, wide = group_narrow(Case(SIMPLE, figures, make_scope()), FEW_PLACES)
    assert narrow == {frozenset({"part"}), frozenset({"other"})}
    assert wide == {"whole"}


def test_large_scopes_that_share_nobody_are_components_of_their_own() -> None:
    figures = [make_figure(f"f{day}", day, None, make_scope("r", (day, day))) for day in (1, 2, 3)]
    narrow, wide = group_narrow(Case(SIMPLE, figures, make_scope()), FEW_PLACES)
    assert narrow == {frozenset({"f1"}), frozenset({"f2"}), frozenset({"f3"})}
    assert not wide


def test_incidents_of_one_scheme_share_nobody() -> None:
    figures = [
        make_figure("one", 1, None, make_scope("a", (1, 2), incident="x:1")),
        make_figure("two", 1, None, make_scope("a", (1, 2), incident="x:2")),
        make_figure("three", 1, None, make_scope("a", (2, 2), incident="y:1")),
        make_figure("four", 1, None, make_scope("b1", (2, 2), incident="y:2")),
    ]
    narrow, wide = group_narrow(Case(SIMPLE, figures, make_scope()), {"MAX_SMALL_AREA": 4})
    assert narrow == {frozenset({"one", "two", "three"}), frozenset({"four"})}
    assert not wide

"""The relaxed engine on small records with small limits, compared with the exact engine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf
from unittest.mock import patch

from hypothesis import event, given, settings
from hypothesis import strategies as st

from service.bounds.engine import TotalsEngine
from service.bounds.relaxation import narrow_components, query_total
from service.bounds.relaxation.engine import RelaxedEngine
from service.columns.column_figures import CountedRows
from service.columns.record_state import RecordState
from service.domain.entities import Group, Place, Reporter
from service.domain.figure import Figure, Scope
from service.domain.total import End, Term, Total
from tests.bounds.builders import (
    AMPLE_SECONDS,
    Case,
    Forest,
    GROUP_NODES,
    PLACE_NODES,
    Person,
    cases,
    count_people,
    scopes,
    true_figures,
    worlds,
)
from tests.support.record_states import make_record_state

LIMITS = st.fixed_dictionaries(
    {
        "MAX_SMALL_AREA": st.sampled_from([1, 2, 4]),
        "MAX_COMPONENT": st.sampled_from([1, 2, 4]),
        "MAX_SPELLED": st.sampled_from([0, 2, 1_500]),
        "MAX_WIDE": st.sampled_from([1, 2, 200]),
        "MAX_SOLVED": st.sampled_from([0, 1, 300]),
    }
)
"""Limits so small that a few figures make a large record."""


@contextmanager
def limits_set(limits: dict[str, int]) -> Iterator[None]:
    """The limits hold in the block."""
    with (
        patch.multiple(
            narrow_components,
            MAX_SMALL_AREA=limits["MAX_SMALL_AREA"],
            MAX_COMPONENT=limits["MAX_COMPONENT"],
        ),
        patch.multiple(
            query_total,
            MAX_SPELLED=limits["MAX_SPELLED"],
            MAX_WIDE=limits["MAX_WIDE"],
            MAX_SOLVED=limits["MAX_SOLVED"],
        ),
    ):
        yield


def make_state(forest: Forest, figures: Sequence[Figure]) -> RecordState:
    """Return a state of the record with the figures, each in a report of its own."""
    places = {
        place_id: Place(place_id, place_id, node.parent, node.facet)
        for place_id, node in forest.place_nodes.items()
    }
    groups = {
        group_id: Group(group_id, group_id, node.parent, node.facet)
        for group_id, node in forest.group_nodes.items()
    }
    reporters = {each.reporter: Reporter(each.reporter, each.reporter) for each in figures}
    return make_record_state(figures, places, groups, reporters)


def make_engine(state: RecordState) -> RelaxedEngine:
    """Return the engine of all figures of the state."""
    entities = state.entities
    return RelaxedEngine(
        CountedRows(state, state.is_live), entities.place_tree, entities.group_tree
    )


def compute_both(case: Case, limits: dict[str, int]) -> tuple[Total, Total]:
    """Return the relaxed total and the exact one."""
    state = make_state(case.forest, case.figures)
    with limits_set(limits):
        relaxed = make_engine(state).total(case.query, AMPLE_SECONDS)
    entities = state.entities
    exact = TotalsEngine(state.figures, entities.place_tree, entities.group_tree)
    return relaxed, exact.total(case.query, AMPLE_SECONDS)


def sum_terms(terms: Sequence[Term]) -> float:
    return float(sum(term.multiplier * term.people for term in terms))


@settings(max_examples=2000, deadline=None)
@given(cases(max_size=9), LIMITS)
def test_a_relaxed_total_is_never_narrower(case: Case, limits: dict[str, int]) -> None:
    relaxed, exact = compute_both(case, limits)
    assert relaxed.is_reported == exact.is_reported
    if exact.low is None:
        assert relaxed.low is None
        return
    assert relaxed.low is not None
    event(f"exact {relaxed.exact}, disputed {exact.is_disputed} {relaxed.is_disputed}")
    ends = relaxed.low, inf if relaxed.high is None else relaxed.high
    exact_ends = exact.low, inf if exact.high is None else exact.high
    assert ends[0] <= exact_ends[0] and ends[1] >= exact_ends[1], (relaxed, exact)
    if relaxed.exact:
        assert ends == exact_ends
        assert relaxed.is_disputed == exact.is_disputed
    assert relaxed.is_disputed or not exact.is_disputed or exact_ends != ends or relaxed.exact

"""Relaxed engines of small records, with limits so small that these count as large."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final
from unittest.mock import patch

from hypothesis import strategies as st

from service.bounds.engine import TotalsEngine
from service.bounds.relaxation import (
    constraint_table,
    narrow_components,
    query_total,
    record_world,
    relaxed_query,
    summed_query,
)
from service.bounds.relaxation.engine import RelaxedEngine
from service.columns.column_figures import CountedRows
from service.columns.record_state import RecordState
from service.domain.entities import Group, Place, Reporter
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from tests.bounds.builders import AMPLE_SECONDS, Case, Forest
from tests.support.record_states import make_record_state

MODULES: Final = {
    "MAX_SMALL_AREA": narrow_components,
    "MAX_COMPONENT": narrow_components,
    "MIN_REGISTER": narrow_components,
    "MAX_CLOSURE": query_total,
    "MAX_SOLVED": summed_query,
    "MAX_SPELLED": relaxed_query,
    "MAX_WIDE": relaxed_query,
    "MAX_FOOTPRINTS": relaxed_query,
    "MAX_WORLD_SIZE": record_world,
}
"""The module of each limit."""

LIMITS = st.fixed_dictionaries(
    {
        "MAX_SMALL_AREA": st.sampled_from([1, 2, 4]),
        "MAX_COMPONENT": st.sampled_from([1, 2, 4]),
        "MIN_REGISTER": st.sampled_from([1, 4_096]),
        "MAX_SPELLED": st.sampled_from([0, 2, 1_500]),
        "MAX_CLOSURE": st.sampled_from([0, 2, 1_500]),
        "MAX_WIDE": st.sampled_from([1, 2, 200]),
        "MAX_FOOTPRINTS": st.sampled_from([0, 2, 600]),
        "MAX_SOLVED": st.sampled_from([0, 1, 300]),
        "MAX_WORLD_SIZE": st.sampled_from([0, 2_000_000]),
    }
)
"""Limits with which a few figures make a large record."""


USUAL_LIMITS: Final[Mapping[str, int]] = {}


@contextmanager
def limits_set(limits: Mapping[str, int]) -> Iterator[None]:
    """The limits hold in the block."""
    with ExitStack() as stack:
        for name, value in limits.items():
            stack.enter_context(patch.object(MODULES[name], name, value))
        # So that comparisons are forgotten and made anew.
        stack.enter_context(patch.object(constraint_table, "MAX_COMPARED", 2))
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


def make_engines(case: Case, inside: Scope | None = None) -> tuple[RelaxedEngine, TotalsEngine]:
    """Return both engines of all figures, or of those about no other places, days and groups."""
    state = make_state(case.forest, case.figures)
    trees = state.entities.place_tree, state.entities.group_tree
    counted = CountedRows(state, state.is_live)
    relaxed = RelaxedEngine(counted, *trees)
    if inside is not None:
        counted = CountedRows(state, state.is_live & state.flag_inside(inside))
        relaxed = RelaxedEngine(counted, *trees, whole=relaxed)
    exact = TotalsEngine(counted.list_figures(), *trees, state.reclassifiable_figures)
    return relaxed, exact


def compute_relaxed(case: Case, limits: Mapping[str, int], seconds: float) -> Total:
    """Return the total of the relaxed engine."""
    with limits_set(limits):
        return make_engines(case)[0].total(case.query, seconds)


def compute_both(case: Case, limits: Mapping[str, int]) -> tuple[Total, Total]:
    """Return the relaxed total and the exact one."""
    relaxed, exact = make_engines(case)
    with limits_set(limits):
        total = relaxed.total(case.query, AMPLE_SECONDS)
    return total, exact.total(case.query, AMPLE_SECONDS)

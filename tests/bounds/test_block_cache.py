"""Bounds of blocks that are cached for a program change no total."""

from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.bounds import optimize
from service.bounds.engine import TotalsEngine
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from tests.bounds.builders import (
    AMPLE_SECONDS,
    GROUPS,
    PLACES,
    compute_total,
    figure_lists,
    make_figure,
    make_scope,
    scopes,
)


def fields_of(total: Total) -> tuple[object, ...]:
    """Return what a reader sees of the total."""
    return (
        total.low, total.high, total.exact, total.is_disputed, total.nearest, total.contradiction,
        total.low_terms, total.high_terms,
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(figure_lists(max_size=10), st.lists(scopes(for_query=True), min_size=2, max_size=5))
@pytest.mark.parametrize("limit", [2, optimize.MAX_CACHED_BLOCKS])
def test_an_engine_that_was_queried_before_gives_the_same_totals(
    limit: int, figures: list[Figure], queries: list[Scope]
) -> None:
    with mock.patch.object(optimize, "MAX_CACHED_BLOCKS", limit):
        engine = TotalsEngine(figures, PLACES, GROUPS)
        for query in queries:
            assert fields_of(engine.total(query, AMPLE_SECONDS)) == fields_of(
                compute_total(figures, query)
            )


def test_a_full_cache_is_emptied() -> None:
    """Crossing pairs of places: each query has a block of its own."""
    figures = [
        make_figure("ab", 3, 9, make_scope("a b1")),
        make_figure("bb", 4, 9, make_scope("b1 b2")),
        make_figure("ba", 5, 9, make_scope("b2 a")),
    ]
    queries = [make_scope(where) for where in ("a", "b1", "b2", "a b1", "r")]
    with mock.patch.object(optimize, "MAX_CACHED_BLOCKS", 1):
        engine = TotalsEngine(figures, PLACES, GROUPS)
        for query in queries:
            assert fields_of(engine.total(query, AMPLE_SECONDS)) == fields_of(
                compute_total(figures, query)
            )

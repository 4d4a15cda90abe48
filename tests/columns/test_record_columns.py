"""Rows that damage has taken away are missed, not mistaken for others."""

import pytest

from service.columns.record_columns import RecordColumns
from tests.bounds.builders import GROUP_NODES, PLACE_NODES, Case, Forest, make_figure, make_scope
from tests.columns.test_column_figures import make_case_state


def _make_columns() -> RecordColumns:
    figures = [make_figure("f1", 1, 1), make_figure("f2", 2, 2)]
    return make_case_state(Case(Forest(PLACE_NODES, GROUP_NODES), figures, make_scope())).columns


def test_a_report_that_is_not_in_the_columns_is_a_lookup_error() -> None:
    columns = _make_columns()
    assert [columns.find_report(seq) for seq in (1, 2)] == [0, 1]
    with pytest.raises(LookupError, match="seq 3"):
        columns.find_report(3)


def test_a_figure_that_is_not_in_the_columns_is_a_lookup_error() -> None:
    columns = _make_columns()
    assert columns.find_figure(2, 0) == 1
    assert columns.find_figure_key("f2") == (2, 0)
    with pytest.raises(LookupError, match="no figure 1"):
        columns.find_figure(1, 1)
    with pytest.raises(LookupError, match="f3"):
        columns.find_figure_key("f3")

"""Growing columns, texts and numbered values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.columns.column_table import FIRST_CAPACITY, ColumnTable, Interner, TextColumn


def test_a_view_does_not_change_while_its_table_grows() -> None:
    table = ColumnTable({"a": np.int32, "b": np.uint8})
    table.append([(1, 2), (3, 4)])
    view = table["a"]
    table.append((number, 0) for number in range(2 * FIRST_CAPACITY))
    assert view.tolist() == [1, 3]
    assert len(table) == len(table["b"]) == 2 + 2 * FIRST_CAPACITY


def test_a_row_without_all_columns_is_not_added() -> None:
    table = ColumnTable({"a": np.int32, "b": np.int32})
    with pytest.raises(ValueError, match="argument"):
        table.append([(1,)])
    assert len(table) == 0


def test_a_copy_grows_by_itself() -> None:
    table = ColumnTable({"a": np.int32})
    table.append([(1,), (2,), (3,)])
    copied = table.copy(2)
    copied.append([(9,)])
    copied.update("a", 0, 7)
    assert (table["a"].tolist(), copied["a"].tolist()) == ([1, 2, 3], [7, 2, 9])
    assert not table.equals(copied)
    assert table.equals(table.copy(3))


@given(st.lists(st.text(alphabet="aé", max_size=3), max_size=12), st.text("aé", max_size=3))
def test_texts_are_found_where_a_list_finds_them(texts: list[str], wanted: str) -> None:
    column = TextColumn()
    column.append(texts[:5])
    column.append(texts[5:])
    assert [column[row] for row in range(len(column))] == texts
    if wanted:
        assert column.find(wanted) == (texts.index(wanted) if wanted in texts else None)
    assert column.copy(len(texts)).equals(column)


def test_equal_values_have_one_number() -> None:
    interner: Interner[str] = Interner()
    assert [interner.add(value) for value in ("a", "b", "a")] == [0, 1, 0]
    copied = interner.copy()
    copied.add("c")
    assert (interner.values, copied.values, len(interner)) == (["a", "b"], ["a", "b", "c"], 2)

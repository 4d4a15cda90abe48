"""Distinct numbers and members, compared with those of numpy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.columns.arrays import flag_members, list_distinct, sort_distinct

NUMBERS = st.lists(st.integers(0, 9)).map(lambda each: np.array(each, dtype=np.int64))


@given(NUMBERS, NUMBERS)
def test_distinct_numbers_and_members_are_those_of_numpy(
    numbers: np.ndarray, others: np.ndarray
) -> None:
    distinct = np.unique(numbers).tolist()
    assert sort_distinct(numbers).tolist() == distinct
    assert list_distinct(numbers, 10).tolist() == distinct
    assert flag_members(numbers, others).tolist() == np.isin(numbers, others).tolist()

"""The types of arrays of numbers and flags.

Docstrings give the shape as ``bool[n_constraints]`` or ``int[n_patches, 4]``.
"""

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


def list_distinct(numbers: NDArray[np.int64], stop: int) -> IntArray:
    """Return the distinct numbers, from 0 to before ``stop``, in ascending order."""
    flags = np.zeros(stop, dtype=bool)
    flags[numbers] = True
    return np.flatnonzero(flags)


def sort_distinct(numbers: NDArray[np.int64]) -> IntArray:
    """Return the distinct numbers in ascending order.

    NumPy's own function hashes them, which takes some ten times as long where most are distinct.
    """
    ordered = np.sort(numbers)
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def flag_members(numbers: NDArray[np.int64], members: NDArray[np.int64]) -> BoolArray:
    """Return which of the numbers are members; both may be long."""
    ordered = np.sort(members)
    if not len(ordered):
        return np.zeros(len(numbers), dtype=bool)
    positions = np.minimum(np.searchsorted(ordered, numbers), len(ordered) - 1)
    flags: BoolArray = ordered[positions] == numbers
    return flags

"""The measured size of objects is that of the allocator."""

import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

from service.object_size import measure_bytes


@dataclass(slots=True)
class _Leaf:
    name: str
    numbers: list[float]


class _Node:
    def __init__(self, count: int) -> None:
        self.leaves = {f"leaf {n}": _Leaf(f"name {n}", [n + 0.5, n + 0.25]) for n in range(count)}
        self.array = np.arange(count * 10)
        self.sum = lambda: len(self.leaves)


def _make_closure(count: int) -> Callable[[], int]:
    values = [f"value {n}" for n in range(count)]
    return lambda: len(values)


MAKERS: dict[str, Callable[[], Any]] = {
    "objects": lambda: [_Leaf(f"n{n}", [float(n)]) for n in range(5000)],
    "a tree": lambda: _Node(5000),
    "arrays": lambda: {n: np.ones(1000) for n in range(100)},
    "a view": lambda: np.ones(100_000)[10:20],
    "a closure": lambda: _make_closure(5000),
    "a partial function": lambda: partial(print, [f"value {n}" for n in range(5000)]),
}


@pytest.mark.parametrize("name", MAKERS)
def test_the_size_is_that_of_the_allocator(name: str) -> None:
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        value = MAKERS[name]()
        gc.collect()
        allocated = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert measure_bytes(value) == pytest.approx(allocated, rel=0.2)


def test_what_belongs_to_something_else_counts_nothing() -> None:
    leaf = _Leaf("x" * 100_000, [])
    assert measure_bytes([leaf]) > 100_000
    assert measure_bytes([leaf], frozenset((_Leaf,))) < 1000


def test_an_object_counts_once() -> None:
    leaf = _Leaf("x" * 100_000, [])
    assert measure_bytes([leaf, leaf]) < 110_000
    seen: set[int] = set()
    assert measure_bytes([leaf], seen=seen) > 100_000
    assert measure_bytes([leaf], seen=seen) < 1000


def test_modules_and_classes_count_nothing() -> None:
    assert measure_bytes([np, _Leaf, print, measure_bytes]) < 1000

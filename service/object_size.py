"""The memory that Python objects take, for caches that are limited by bytes."""

import sys
from abc import ABCMeta
from enum import EnumMeta
from gc import get_referents
from itertools import chain
from types import BuiltinFunctionType, FunctionType, GetSetDescriptorType, ModuleType
from typing import Any, Final

import numpy as np

MAX_OBJECTS: Final = 1_000_000
"""How many objects are looked at, in about half a second."""

_CHUNK_OBJECTS: Final = 10_000
"""Other threads wait while the referents of so many objects are listed."""

_NEVER_OWNED: Final = frozenset(
    (type, ABCMeta, EnumMeta, ModuleType, BuiltinFunctionType, GetSetDescriptorType)
)


def measure_bytes(
    value: Any, shared_types: frozenset[type] = frozenset(), seen: set[int] | None = None
) -> int:
    """Return how many bytes the value takes, with everything that it refers to.

    Objects of ``shared_types`` count nothing, nor does what is reached only through them: they
    belong to something else. ``seen`` are the ids of objects that count nothing because they were
    counted before; those that are counted now are added. Memory of C++ (the solver's) is not seen.
    After ``MAX_OBJECTS`` the sum so far is returned.
    """
    skipped_types = _NEVER_OWNED | shared_types
    seen = set() if seen is None else seen
    max_seen = len(seen) + MAX_OBJECTS
    total = 0
    level = [value]
    while level and len(seen) < max_seen:
        new = {id(each): each for each in level}
        for known in new.keys() & seen:
            del new[known]
        seen.update(new)
        owned = [each for each in new.values() if type(each) not in skipped_types]
        total += sum(map(sys.getsizeof, owned))
        level = list(chain.from_iterable(_list_referents(owned)))
    return total


def _list_referents(objects: list[Any]) -> "list[list[Any]]":
    """Return what the objects refer to; of a function only its closure, of a view its array."""
    functions = [each for each in objects if type(each) is FunctionType]
    arrays = [each for each in objects if type(each) is np.ndarray]
    others = [each for each in objects if type(each) is not FunctionType]
    referents: list[list[Any]] = [
        [each.__closure__ for each in functions if each.__closure__ is not None],
        [each.base for each in arrays if each.base is not None],
    ]
    for start in range(0, len(others), _CHUNK_OBJECTS):
        referents.append(get_referents(*others[start : start + _CHUNK_OBJECTS]))
    return referents

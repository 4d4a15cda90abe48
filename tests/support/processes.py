"""Calls in several processes at the same time."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def run_in_processes(
    work: Callable[[Argument], Result], argument: Argument, processes: int = 4
) -> list[Result]:
    """Return what so many processes of their own make of the same thing, at the same time."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        return list(pool.map(work, [argument] * processes))

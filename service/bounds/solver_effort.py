"""What the solver did for each total: for whoever wants to know how much that was."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Effort:
    """The seconds that the solver worked on one total, and the columns of its largest program."""

    seconds: float = 0.0
    columns: int = 0


_measured_efforts: ContextVar[list[Effort] | None] = ContextVar("efforts", default=None)
_current_effort: ContextVar[Effort | None] = ContextVar("effort", default=None)


@contextmanager
def measure_effort() -> Iterator[list[Effort]]:
    """Yield the list of the efforts that this thread makes in the block, one for each total.

    Totals that need no solver are left out. What the list holds stays readable afterwards.
    """
    efforts: list[Effort] = []
    token = _measured_efforts.set(efforts)
    try:
        yield efforts
    finally:
        _measured_efforts.reset(token)


@contextmanager
def accumulate_effort() -> Iterator[None]:
    """Take the solver's work in the block for one effort."""
    token = _current_effort.set(effort := Effort())
    try:
        yield
    finally:
        _current_effort.reset(token)
        efforts = _measured_efforts.get()
        if efforts is not None and effort.columns:
            efforts.append(effort)


@contextmanager
def time_solver_run(columns: int) -> Iterator[None]:
    """Count the time in the block, in which a program of so many columns is solved."""
    started_at = time.monotonic()
    try:
        yield
    finally:
        if (effort := _current_effort.get()) is not None:
            effort.seconds += time.monotonic() - started_at
            effort.columns = max(effort.columns, columns)

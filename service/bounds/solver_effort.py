"""Time and size of the solver's work for each total, for metrics and logs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Effort:
    """The solver's seconds for one total, and the number of columns of its largest program."""

    seconds: float = 0.0
    columns: int = 0


_measured_efforts: ContextVar[list[Effort] | None] = ContextVar("efforts", default=None)
_current_effort: ContextVar[Effort | None] = ContextVar("effort", default=None)


@contextmanager
def measure_effort() -> Iterator[list[Effort]]:
    """Yield the list of efforts that this thread makes in the block, one for each total.

    Totals that need no solver are left out. The list stays valid after the block.
    """
    efforts: list[Effort] = []
    token = _measured_efforts.set(efforts)
    try:
        yield efforts
    finally:
        _measured_efforts.reset(token)


@contextmanager
def accumulate_effort() -> Iterator[None]:
    """Add up all solver runs in the block as one effort."""
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
    """Add the block's seconds to the effort; ``columns`` is the size of the program."""
    started_at = time.monotonic()
    try:
        yield
    finally:
        if (effort := _current_effort.get()) is not None:
            effort.seconds += time.monotonic() - started_at
            effort.columns = max(effort.columns, columns)

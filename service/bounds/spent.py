"""How long the solver worked on one thing, such as a request: for whoever wants to know."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Spent:
    """The seconds that the solver has worked so far."""

    seconds: float = 0.0


_spent: ContextVar[Spent | None] = ContextVar("spent", default=None)


@contextmanager
def metered() -> Iterator[Spent]:
    """Yield what adds up while this thread is in the block; it stays readable afterwards."""
    token = _spent.set(spent := Spent())
    try:
        yield spent
    finally:
        _spent.reset(token)


@contextmanager
def working() -> Iterator[None]:
    """Count the time in the block towards whatever is metered around it, if anything is."""
    began = time.monotonic()
    try:
        yield
    finally:
        if (spent := _spent.get()) is not None:
            spent.seconds += time.monotonic() - began

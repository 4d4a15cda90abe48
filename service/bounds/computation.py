"""Computations in steps, which are interrupted when time runs out and continued later."""

from collections.abc import Generator
from threading import Lock
from typing import Generic, TypeVar

from service.bounds.solver import Deadline

Result = TypeVar("Result")

Steps = Generator[None, None, Result]
"""A computation that yields after each short step and returns its result."""


class Computation(Generic[Result]):
    """The result of some steps, computed as far as the deadlines of its callers allow.

    Threads may share it. An error of a step is raised again by each later call.
    """

    def __init__(self, steps: Steps[Result]) -> None:
        self._steps = steps
        self._results: list[Result] = []
        self._error: Exception | None = None
        self._lock = Lock()

    def run(self, deadline: Deadline) -> Result | None:
        """Return the result, None if time ran out; at least one step is made in each call."""
        if not self._results and self._lock.acquire(timeout=deadline.seconds_left()):
            try:
                self._run_steps(deadline)
            finally:
                self._lock.release()
        if self._error is not None:
            raise self._error
        return self._results[0] if self._results else None

    def _run_steps(self, deadline: Deadline) -> None:
        """Continue the steps; the caller holds the lock."""
        while not self._results and self._error is None:
            try:
                next(self._steps)
            except StopIteration as stopped:
                self._results.append(stopped.value)
            except Exception as error:
                self._error = error
            else:
                if not deadline.seconds_left():
                    return


def run_steps(steps: Steps[Result]) -> Result:
    """Return the result of the steps, however long they take."""
    while True:
        try:
            next(steps)
        except StopIteration as stopped:
            result: Result = stopped.value
            return result

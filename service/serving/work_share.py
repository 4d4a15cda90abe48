"""How many threads of a process work at once. Threads that only wait are not counted.

The server has more threads than may work: requests that wait for an event, for a slot or for a slow
client keep a thread, and must not keep others from working.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore, local
from typing import Final


class WorkShare:
    """Permits to work; without ``set_size`` every thread may."""

    def __init__(self) -> None:
        """Limit nothing yet."""
        self._permits: Semaphore | None = None
        self._thread = local()

    def set_size(self, count: int) -> None:
        """Let so many threads work at once; called before any of them begins."""
        self._permits = Semaphore(count)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Hold a permit inside the block, which begins when one is free."""
        if self._permits is None:
            yield
            return
        with self._permits:
            self._thread.works = True
            try:
                yield
            finally:
                self._thread.works = False

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Give the permit of this thread to another one inside the block, which only waits."""
        if self._permits is None or not getattr(self._thread, "works", False):
            yield
            return
        self._thread.works = False
        self._permits.release()
        try:
            yield
        finally:
            self._permits.acquire()
            self._thread.works = True


work_share: Final = WorkShare()
"""The permits of this process."""

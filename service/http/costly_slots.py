"""Slots for costly answers: a share of the threads of a process, so that they never take all."""

from collections import Counter
from threading import Condition
from typing import Final

DEFAULT_THREADS: Final = 8
"""The threads of a process until the server states their number."""

WAIT_SECONDS: Final = 5.0
"""How long a request waits for a slot."""


class CostlySlots:
    """Slots that requests hold while they compute something costly, and a queue for them.

    One client holds at most all slots but one, and at most half of the places in the queue, so that
    others find room. Of the waiting requests, the next slot goes to one whose client holds the
    fewest slots, and among these to the one that has waited longest.
    """

    def __init__(self, slot_count: int | None = None, wait_seconds: float = WAIT_SECONDS) -> None:
        """Have so many slots; None is a quarter of the threads."""
        self._fixed_count, self._wait_seconds = slot_count, wait_seconds
        self._condition = Condition()
        self._held: Counter[str] = Counter()
        self._queue: list[_Waiter] = []
        self.set_thread_count(DEFAULT_THREADS)

    def set_thread_count(self, count: int) -> None:
        """Set how many threads of the process work on requests; as many requests may wait."""
        self.slot_count = self._fixed_count or max(count // 4, 1)
        self.queue_length = count

    def try_acquire(self, client: str) -> bool:
        """Take a slot without waiting; False if none is free for the client."""
        with self._condition:
            is_free = self._is_free_for(client) and self._find_next() is None
            if is_free:
                self._held[client] += 1
            return is_free

    def wait_acquire(self, client: str) -> bool:
        """Take a slot after waiting for it; False if the time or the room for waiting ran out."""
        with self._condition:
            own_count = sum(waiter.client == client for waiter in self._queue)
            if len(self._queue) >= self.queue_length or own_count >= max(self.queue_length // 2, 1):
                return False
            waiter = _Waiter(client)
            self._queue.append(waiter)
            try:
                is_next = self._condition.wait_for(
                    lambda: self._find_next() is waiter, self._wait_seconds
                )
                if is_next:
                    self._held[client] += 1
                return is_next
            finally:
                self._queue.remove(waiter)
                self._condition.notify_all()

    def release(self, client: str) -> None:
        """Give back a slot of the client."""
        with self._condition:
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]
            self._condition.notify_all()

    def count_waiting(self) -> int:
        """Return how many requests wait for a slot."""
        with self._condition:
            return len(self._queue)

    def _is_free_for(self, client: str) -> bool:
        if self._held.total() >= self.slot_count:
            return False
        return self._held[client] < max(self.slot_count - 1, 1)

    def _find_next(self) -> "_Waiter | None":
        """Return the waiting request that gets a slot now; None if there is none."""
        waiting = [waiter for waiter in self._queue if self._is_free_for(waiter.client)]
        return min(waiting, key=lambda waiter: self._held[waiter.client], default=None)


class _Waiter:
    """A request that waits for a slot."""

    def __init__(self, client: str) -> None:
        self.client = client

"""Slots for costly work: few, shared fairly, and waited for in a short queue."""

import time
from threading import Thread

import pytest

from service.http.costly_slots import CostlySlots

AMPLE_SECONDS = 60.0


def _wait_until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + AMPLE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def _start_waiting(slots: CostlySlots, client: str, order: list[str]) -> Thread:
    """Return the thread that waits for a slot for the client and then notes the client."""

    def wait() -> None:
        if slots.wait_acquire(client):
            order.append(client)

    length = slots.count_waiting()
    thread = Thread(target=wait)
    thread.start()
    _wait_until(lambda: slots.count_waiting() > length)
    return thread


@pytest.mark.parametrize(("threads", "count"), [(8, 2), (16, 4), (2, 1), (1, 1)])
def test_a_quarter_of_the_threads_may_work_on_costly_answers(threads: int, count: int) -> None:
    slots = CostlySlots()
    slots.set_thread_count(threads)
    assert [slots.try_acquire(f"client {n}") for n in range(count + 1)] == [True] * count + [False]
    slots.release("client 0")
    assert slots.try_acquire("another")


def test_one_client_does_not_get_the_last_slot() -> None:
    slots = CostlySlots(3)
    assert [slots.try_acquire("greedy") for _ in range(3)] == [True, True, False]
    assert slots.try_acquire("other")
    assert CostlySlots(1).try_acquire("only")


def test_one_client_does_not_fill_the_queue() -> None:
    slots = CostlySlots(1, AMPLE_SECONDS)
    slots.set_thread_count(4)
    assert slots.try_acquire("first")
    order: list[str] = []
    threads = [_start_waiting(slots, "greedy", order) for _ in range(2)]
    assert not slots.wait_acquire("greedy")
    threads.append(_start_waiting(slots, "other", order))
    for _ in range(3):
        length = len(order)
        slots.release((["first", *order])[length])
        _wait_until(lambda length=length: len(order) > length)
    for thread in threads:
        thread.join()
    assert sorted(order) == ["greedy", "greedy", "other"]


def test_the_next_slot_goes_to_the_client_with_the_fewest() -> None:
    slots = CostlySlots(3, AMPLE_SECONDS)
    assert slots.try_acquire("greedy") and slots.try_acquire("first") and slots.try_acquire("first")
    order: list[str] = []
    threads = [_start_waiting(slots, client, order) for client in ("greedy", "other")]
    slots.release("first")
    _wait_until(lambda: order)
    assert order == ["other"]
    slots.release("first")
    for thread in threads:
        thread.join()
    assert order == ["other", "greedy"]


def test_waiting_ends_without_a_slot() -> None:
    slots = CostlySlots(1, wait_seconds=0.01)
    assert slots.try_acquire("first")
    assert not slots.wait_acquire("second")
    assert slots.count_waiting() == 0
    slots.release("first")
    assert slots.try_acquire("second")

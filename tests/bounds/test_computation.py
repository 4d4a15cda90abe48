"""A computation is interrupted when time runs out, and continued by the next call."""

import pytest

from service.bounds.computation import Computation, Steps
from service.bounds.solver import Deadline
from tests.bounds.builders import AMPLE_SECONDS


def count_to(number: int, made: list[int]) -> Steps[str]:
    for step in range(number):
        made.append(step)
        yield
    return "finished"


def test_each_call_continues_where_the_one_before_stopped() -> None:
    made: list[int] = []
    computation = Computation(count_to(3, made))
    assert [computation.run(Deadline(0)) for _ in range(3)] == [None, None, None]
    assert computation.run(Deadline(0)) == "finished"
    assert computation.run(Deadline(0)) == "finished"
    assert made == [0, 1, 2]


def test_with_time_all_steps_are_made() -> None:
    assert Computation(count_to(1_000, [])).run(Deadline(AMPLE_SECONDS)) == "finished"


def test_an_error_is_raised_by_each_call() -> None:
    def fail() -> Steps[None]:
        yield
        raise ValueError("too many")

    computation = Computation(fail())
    for _ in range(2):
        with pytest.raises(ValueError, match="too many"):
            computation.run(Deadline(AMPLE_SECONDS))


def test_a_caller_without_time_does_not_wait_for_another() -> None:
    computation = Computation(count_to(3, []))
    with computation._lock:
        assert computation.run(Deadline(0)) is None

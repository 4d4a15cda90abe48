"""What the solver did goes to whoever asked for the total, and to nobody else."""

import threading
import time

from service.bounds.solver_effort import metered, one_total, working
from tests.bounds.build import figure, scope, total

APART = [
    figure("ab", 3, 3, scope("a b1")),
    figure("bc", 3, 3, scope("b1 b2")),
    figure("ca", 4, 4, scope("a b2")),
]
"""Three villages of which every two are counted together: nothing but a solver can tell a."""


def _work(columns: int = 1) -> None:
    with working(columns):
        time.sleep(0.02)


def test_work_on_a_total_adds_up_and_its_largest_program_is_told() -> None:
    with metered() as efforts:
        with one_total():
            _work(3)
            _work(7)
            _work(5)
        with one_total():
            _work(2)
    assert [each.columns for each in efforts] == [7, 2]
    assert efforts[0].seconds >= 0.06 > 0.04 > efforts[1].seconds >= 0.02


def test_what_is_told_stays_as_it_was() -> None:
    with metered() as efforts, one_total():
        _work()
    with one_total():
        _work()
    assert len(efforts) == 1


def test_what_failed_is_told_too() -> None:
    with metered() as efforts:
        try:
            with one_total(), working(4):
                raise ValueError
        except ValueError:
            pass
    assert [each.columns for each in efforts] == [4]


def test_other_threads_work_on_their_own_account() -> None:
    with metered() as efforts, one_total():
        other = threading.Thread(target=_work)
        other.start()
        other.join()
    assert efforts == []


def test_an_inner_block_counts_for_itself() -> None:
    with metered() as outer:
        with metered() as inner, one_total():
            _work()
    assert (len(outer), len(inner)) == (0, 1)


def test_a_total_that_needs_the_solver_tells_what_it_took() -> None:
    with metered() as efforts:
        total(APART)
    (effort,) = efforts
    assert effort.seconds > 0
    assert effort.columns >= 3  # One for each village, and what bends.


def test_a_total_that_needs_no_solver_is_left_out() -> None:
    with metered() as efforts:
        total(APART[:1])
    assert efforts == []

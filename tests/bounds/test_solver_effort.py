"""What the solver did goes to whoever asked for the total, and to nobody else."""

import threading
import time

from service.bounds.solver_effort import accumulate_effort, measure_effort, time_solver_run
from tests.bounds.builders import compute_total, make_figure, make_scope

THREE_PAIRS = [
    make_figure("ab", 3, 3, make_scope("a b1")),
    make_figure("bc", 3, 3, make_scope("b1 b2")),
    make_figure("ca", 4, 4, make_scope("a b2")),
]
"""Three villages of which every two are counted together: nothing but a solver can tell a."""


def _solve_for_a_while(columns: int = 1) -> None:
    with time_solver_run(columns):
        time.sleep(0.02)


def test_work_on_a_total_adds_up_and_its_largest_program_is_recorded() -> None:
    with measure_effort() as efforts:
        with accumulate_effort():
            _solve_for_a_while(3)
            _solve_for_a_while(7)
            _solve_for_a_while(5)
        with accumulate_effort():
            _solve_for_a_while(2)
    assert [effort.columns for effort in efforts] == [7, 2]
    assert efforts[0].seconds >= 0.06 > 0.04 > efforts[1].seconds >= 0.02


def test_recorded_efforts_stay_as_they_were() -> None:
    with measure_effort() as efforts, accumulate_effort():
        _solve_for_a_while()
    with accumulate_effort():
        _solve_for_a_while()
    assert len(efforts) == 1


def test_failed_work_is_recorded_too() -> None:
    with measure_effort() as efforts:
        try:
            with accumulate_effort(), time_solver_run(4):
                raise ValueError
        except ValueError:
            pass
    assert [effort.columns for effort in efforts] == [4]


def test_other_threads_are_not_measured() -> None:
    with measure_effort() as efforts, accumulate_effort():
        other = threading.Thread(target=_solve_for_a_while)
        other.start()
        other.join()
    assert efforts == []


def test_an_inner_block_counts_for_itself() -> None:
    with measure_effort() as outer:
        with measure_effort() as inner, accumulate_effort():
            _solve_for_a_while()
    assert (len(outer), len(inner)) == (0, 1)


def test_a_total_that_needs_the_solver_records_its_effort() -> None:
    with measure_effort() as efforts:
        compute_total(THREE_PAIRS)
    (effort,) = efforts
    assert effort.seconds > 0
    assert effort.columns >= 3  # One for each village, and what bends.


def test_a_total_that_needs_no_solver_is_left_out() -> None:
    with measure_effort() as efforts:
        compute_total(THREE_PAIRS[:1])
    assert efforts == []

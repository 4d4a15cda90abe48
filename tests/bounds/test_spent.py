"""The time that the solver worked goes to whoever asked for it, and to nobody else."""

import threading
import time

from service.bounds.spent import metered, working
from tests.bounds.build import figure, scope, total

APART = [
    figure("ab", 3, 3, scope("a b1")),
    figure("bc", 3, 3, scope("b1 b2")),
    figure("ca", 4, 4, scope("a b2")),
]
"""Three villages of which every two are counted together: nothing but a solver can tell a."""


def _work(seconds: float = 0.02) -> None:
    with working():
        time.sleep(seconds)


def test_work_adds_up_and_is_told_afterwards() -> None:
    with metered() as spent:
        _work()
        _work()
    assert 0.04 <= spent.seconds
    told = spent.seconds
    _work()
    assert spent.seconds == told


def test_other_threads_work_on_their_own_account() -> None:
    with metered() as spent:
        other = threading.Thread(target=_work)
        other.start()
        other.join()
    assert spent.seconds == 0


def test_an_inner_block_counts_for_itself() -> None:
    with metered() as outer:
        with metered() as inner:
            _work()
    assert outer.seconds == 0 < inner.seconds


def test_a_total_that_needs_the_solver_tells_how_long_it_took() -> None:
    with metered() as spent:
        total(APART)
    assert spent.seconds > 0


def test_a_total_that_needs_no_solver_takes_none_of_its_time() -> None:
    with metered() as spent:
        total(APART[:1])
    assert spent.seconds == 0

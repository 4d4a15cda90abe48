"""Processes that end without a warning: nothing acknowledged is lost, nothing is there twice."""

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.figures import Figures
from tests.faults.posting import Sent, await_more, compared, post_again, posting
from tests.faults.running import Service
from tests.faults.size import FULL, at, progress

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

Counting = Callable[[str], Figures]


def _killed(
    folder: Path, figures: Figures, kill: Callable[[Service, random.Random], None], workers: int
) -> None:
    chance = random.Random(20_261_122)
    sent = Sent()
    with Service(folder / "casualties.db", folder / "log", workers) as service:
        key = service.new_key()
        service.await_ready()
        for number in range(1, at(3, 20) + 1):
            with posting([service.url], key, sent):
                await_more(sent, 5)
                time.sleep(chance.uniform(0.0, at(0.3, 1.0)))
                kill(service, chance)
                await_more(sent, 20)
            found = compared(service.url, sent)
            figures.times = number
            figures.add(found)
            progress(f"kill {number}: {len(sent.acknowledged)} acknowledged, {found}")
            assert found.lost == found.doubled == found.strange == [], found
            post_again(service.url, key, sent)
            found = compared(service.url, sent)
            assert found.lost == found.doubled == found.strange == [], found
            if FULL or number == 3:
                service.assert_whole()
        figures.take(sent)
    assert sent.refused == {}


def test_a_worker_that_is_killed_takes_nothing_acknowledged_with_it(
    tmp_path: Path, counting: Counting
) -> None:
    figures = counting("one worker killed under load")
    _killed(tmp_path, figures, lambda service, chance: service.kill_worker(chance), 2)


def test_a_service_that_is_killed_takes_nothing_acknowledged_with_it(
    tmp_path: Path, counting: Counting
) -> None:
    def kill(service: Service, chance: random.Random) -> None:
        service.kill()
        if FULL and chance.random() < 0.3:  # Sometimes again, while it starts.
            service.start()
            time.sleep(chance.uniform(0.0, 1.0))
            service.kill()
        service.await_ready()

    _killed(tmp_path, counting("the whole service killed under load"), kill, at(1, 2))

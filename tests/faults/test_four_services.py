"""Four services upon one database: one ledger without gaps, and the same answer from each."""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.client import Client
from tests.faults.figures import Figures
from tests.faults.posting import Sent, compared, entries, posting
from tests.faults.running import Service
from tests.faults.size import at, progress

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

SERVICES = 4
TOTALS = "/v1/totals?outcomes=killed&by_reporter=true"


def test_four_services_keep_one_ledger_and_give_the_same_totals(
    tmp_path: Path, counting: Callable[[str], Figures]
) -> None:
    figures, sent = counting("four services writing to one database"), Sent()
    with ExitStack() as running:
        services = [
            running.enter_context(
                Service(tmp_path / "casualties.db", tmp_path / f"log-{number}", workers=1)
            )
            for number in range(SERVICES)
        ]
        key = services[0].new_key()
        for each in services:
            each.start()
        for each in services:
            each.await_ready()
        urls = [each.url for each in services]
        for number in range(1, at(1, 10) + 1):
            with posting(urls, key, sent):
                time.sleep(at(1.5, 3.0))
            answers, ledgers = [], []
            for url in urls:
                with Client(url) as client:
                    answers.append(client.get(TOTALS).body)
                    ledgers.append(entries(url))
            found = compared(urls[number % SERVICES], sent)
            progress(f"round {number}: {len(sent.acknowledged)} acknowledged, {found}")
            figures.times = number
            figures.add(found)
            assert found.lost == found.doubled == found.strange == [], found
            assert answers == [answers[0]] * SERVICES
            assert ledgers == [ledgers[0]] * SERVICES
            assert [seq for seq, _, _ in ledgers[0]] == list(range(1, len(ledgers[0]) + 1))
            (total,) = answers[0]["totals"]
            assert total["low"] == total["high"] == len(sent.acknowledged)
        services[0].assert_whole()
    figures.take(sent)
    assert sent.refused == {} and sent.in_doubt == set()

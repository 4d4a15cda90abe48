"""Processes that end without a warning: nothing acknowledged is lost, nothing is there twice."""

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.posting_clients import (
    SentReports,
    compare_with_record,
    keep_posting,
    resend_doubtful,
    wait_for_acknowledged,
)
from tests.faults.results import FaultResults
from tests.faults.run_size import IS_FULL_RUN, choose_size, print_progress
from tests.faults.service_process import ServiceProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

BeginResults = Callable[[str], FaultResults]


def _kill_repeatedly(
    folder: Path,
    results: FaultResults,
    kill: Callable[[ServiceProcess, random.Random], None],
    workers: int,
) -> None:
    chance = random.Random(20_261_122)
    sent_reports = SentReports()
    with ServiceProcess(folder / "casualties.db", folder / "log", workers) as service:
        key = service.create_key()
        service.wait_until_ready()
        for number in range(1, choose_size(3, 20) + 1):
            with keep_posting([service.url], key, sent_reports):
                wait_for_acknowledged(sent_reports, 5)
                time.sleep(chance.uniform(0.0, choose_size(0.3, 1.0)))
                kill(service, chance)
                wait_for_acknowledged(sent_reports, 20)
            differences = compare_with_record(service.url, sent_reports)
            results.times = number
            results.add_differences(differences)
            print_progress(
                f"kill {number}: {len(sent_reports.acknowledged)} acknowledged, {differences}"
            )
            assert differences.lost == differences.doubled == differences.unknown == [], differences
            resend_doubtful(service.url, key, sent_reports)
            differences = compare_with_record(service.url, sent_reports)
            assert differences.lost == differences.doubled == differences.unknown == [], differences
            if IS_FULL_RUN or number == 3:
                service.assert_integrity()
        results.add_sent_reports(sent_reports)
    assert sent_reports.refused == {}


def test_a_killed_worker_loses_nothing_acknowledged(
    tmp_path: Path, begin_results: BeginResults
) -> None:
    results = begin_results("one worker killed under load")
    _kill_repeatedly(tmp_path, results, lambda service, chance: service.kill_worker(chance), 2)


def test_a_killed_service_loses_nothing_acknowledged(
    tmp_path: Path, begin_results: BeginResults
) -> None:
    def kill(service: ServiceProcess, chance: random.Random) -> None:
        service.kill()
        if IS_FULL_RUN and chance.random() < 0.3:  # Sometimes again, while it starts.
            service.start()
            time.sleep(chance.uniform(0.0, 1.0))
            service.kill()
        service.wait_until_ready()

    _kill_repeatedly(
        tmp_path, begin_results("the whole service killed under load"), kill, choose_size(1, 2)
    )

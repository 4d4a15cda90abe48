"""Four services upon one database: one event log without gaps, and the same answer from each."""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.client import Client
from tests.faults.posting_clients import (
    SentReports,
    compare_with_record,
    fetch_events,
    keep_posting,
)
from tests.faults.results import FaultResults
from tests.faults.run_size import choose_size, print_progress
from tests.faults.service_process import ServiceProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

SERVICE_COUNT = 4
TOTALS_PATH = "/v1/totals?outcomes=killed&by_reporter=true"


def test_four_services_keep_one_event_log_and_give_the_same_totals(
    tmp_path: Path, begin_results: Callable[[str], FaultResults]
) -> None:
    results, sent_reports = begin_results("four services writing to one database"), SentReports()
    with ExitStack() as running:
        services = [
            running.enter_context(
                ServiceProcess(tmp_path / "casualties.db", tmp_path / f"log-{number}", workers=1)
            )
            for number in range(SERVICE_COUNT)
        ]
        key = services[0].create_key()
        for each in services:
            each.start()
        for each in services:
            each.wait_until_ready()
        urls = [each.url for each in services]
        for number in range(1, choose_size(1, 10) + 1):
            with keep_posting(urls, key, sent_reports):
                time.sleep(choose_size(1.5, 3.0))
            answers, event_logs = [], []
            for url in urls:
                with Client(url) as client:
                    answers.append(client.get(TOTALS_PATH).body)
                    event_logs.append(fetch_events(url))
            differences = compare_with_record(urls[number % SERVICE_COUNT], sent_reports)
            print_progress(
                f"round {number}: {len(sent_reports.acknowledged)} acknowledged, {differences}"
            )
            results.times = number
            results.add_differences(differences)
            assert differences.lost == differences.doubled == differences.unknown == [], differences
            assert answers == [answers[0]] * SERVICE_COUNT
            assert event_logs == [event_logs[0]] * SERVICE_COUNT
            assert [seq for seq, _, _ in event_logs[0]] == list(range(1, len(event_logs[0]) + 1))
            (total,) = answers[0]["totals"]
            assert total["low"] == total["high"] == len(sent_reports.acknowledged)
        services[0].assert_integrity()
    results.add_sent_reports(sent_reports)
    assert sent_reports.refused == {} and sent_reports.in_doubt == set()

"""A consumer of the feed, killed as often as the service: in the end it knows the same reports."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.client import Client
from tests.faults.follower import read_events
from tests.faults.posting_clients import (
    SentReports,
    compare_with_record,
    keep_posting,
    resend_doubtful,
    wait_for_acknowledged,
    wait_until,
)
from tests.faults.results import FaultResults
from tests.faults.run_size import choose_size, print_progress
from tests.faults.service_process import ServiceProcess
from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

MUTABLE_FIELDS = ("state", "superseded_by", "retraction")
"""What later entries change in a report."""


class FollowerProcess:
    """The consumer's process, and the file that outlives it."""

    def __init__(self, url: str, file: Path) -> None:
        self.file = file
        self._command = [sys.executable, "-m", "tests.faults.follower", url, str(file)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Let it go on after what it knows."""
        self._process = subprocess.Popen(self._command, cwd=ROOT)

    def kill(self) -> None:
        """End it as kill -9 does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()


def _retract_some(url: str, key: str, sent_reports: SentReports, chance: random.Random) -> None:
    """Withdraw a few of the reports that are known; one that is withdrawn already may be among."""
    with Client(url, key) as client:
        for report_id in chance.sample(sorted(sent_reports.acknowledged.values()), 5):
            answer = client.post(f"/v1/reports/{report_id}/retraction", {"reason": "a mistake"})
            assert answer.status in (201, 409), answer


def _replay_events(events: list[Any]) -> dict[str, tuple[str, Any]]:
    """Return state and content of every report as the entries tell it."""
    reports: dict[str, tuple[str, Any]] = {}
    for event in events:
        if event["kind"] == "reported":
            reports[event["subject"]] = ("live", _immutable_fields(event["data"]["report"]))
        elif event["kind"] == "retracted":
            reports[event["subject"]] = ("retracted", reports[event["subject"]][1])
    return reports


def _immutable_fields(report: Any) -> Any:
    return {name: value for name, value in report.items() if name not in MUTABLE_FIELDS}


def test_a_follower_that_resumes_after_its_last_event_ends_with_the_same_reports(
    tmp_path: Path, begin_results: Callable[[str], FaultResults]
) -> None:
    results = begin_results("service and follower killed under load")
    chance, sent_reports = random.Random(20_261_124), SentReports()
    with ServiceProcess(
        tmp_path / "casualties.db", tmp_path / "log", workers=choose_size(1, 2)
    ) as service:
        follower = FollowerProcess(service.url, tmp_path / "followed")
        key = service.create_key()
        service.wait_until_ready()
        follower.start()
        try:
            with keep_posting([service.url], key, sent_reports):
                for number in range(1, choose_size(2, 20) + 1):
                    wait_for_acknowledged(sent_reports, 10)
                    time.sleep(chance.uniform(0.0, 0.5))
                    follower.kill()
                    if number % 2:
                        service.kill()
                        service.start()
                    follower.start()
                    service.wait_until_ready()
                    _retract_some(service.url, key, sent_reports, chance)
                    results.times = number
                    print_progress(
                        f"kill {number}: {len(read_events(follower.file))} entries followed"
                    )
            resend_doubtful(service.url, key, sent_reports)
            with Client(service.url) as client:
                feed_page = client.get("/v1/changes?limit=1").body
                last_seq = feed_page["last_seq"] + feed_page["pending"]
                listed_reports = client.list_all("/v1/reports?limit=1000", "reports")
            wait_until(
                lambda: (followed := read_events(follower.file)) and followed[-1]["seq"] == last_seq
            )
        finally:
            follower.kill()
        differences = compare_with_record(service.url, sent_reports)
    events = read_events(follower.file)
    assert [event["seq"] for event in events] == list(range(1, last_seq + 1))
    assert _replay_events(events) == {
        each["id"]: (each["state"], _immutable_fields(each)) for each in listed_reports
    }
    results.lost, results.doubled = len(differences.lost), len(differences.doubled)
    results.add_sent_reports(sent_reports)
    assert differences.lost == differences.doubled == differences.unknown == [], differences

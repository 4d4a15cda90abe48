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
from tests.faults.figures import Figures
from tests.faults.follower import entries
from tests.faults.posting import Sent, await_more, await_that, compared, post_again, posting
from tests.faults.running import Service
from tests.faults.size import at, progress
from tests.serving import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

MOVING = ("state", "superseded_by", "retraction")
"""What later entries change in a report."""


class Follower:
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


def _retract(url: str, key: str, sent: Sent, chance: random.Random) -> None:
    """Withdraw a few of the reports that are known; one that is withdrawn already may be among."""
    with Client(url, key) as client:
        for id in chance.sample(sorted(sent.acknowledged.values()), 5):
            answer = client.post(f"/v1/reports/{id}/retraction", {"reason": "a mistake"})
            assert answer.status in (201, 409), answer


def _made_of(followed: list[Any]) -> dict[str, tuple[str, Any]]:
    """Return state and content of every report as the entries tell it."""
    found: dict[str, tuple[str, Any]] = {}
    for entry in followed:
        if entry["kind"] == "reported":
            found[entry["subject"]] = ("live", _content(entry["data"]["report"]))
        elif entry["kind"] == "retracted":
            found[entry["subject"]] = ("retracted", found[entry["subject"]][1])
    return found


def _content(report: Any) -> Any:
    return {name: value for name, value in report.items() if name not in MOVING}


def test_a_follower_that_goes_on_from_its_last_entry_ends_with_the_same_reports(
    tmp_path: Path, counting: Callable[[str], Figures]
) -> None:
    figures = counting("service and follower killed under load")
    chance, sent = random.Random(20_261_124), Sent()
    with Service(tmp_path / "casualties.db", tmp_path / "log", workers=at(1, 2)) as service:
        follower = Follower(service.url, tmp_path / "followed")
        key = service.new_key()
        service.await_ready()
        follower.start()
        try:
            with posting([service.url], key, sent):
                for number in range(1, at(2, 20) + 1):
                    await_more(sent, 10)
                    time.sleep(chance.uniform(0.0, 0.5))
                    follower.kill()
                    if number % 2:
                        service.kill()
                        service.start()
                    follower.start()
                    service.await_ready()
                    _retract(service.url, key, sent, chance)
                    figures.times = number
                    progress(f"kill {number}: {len(entries(follower.file))} entries followed")
            post_again(service.url, key, sent)
            with Client(service.url) as client:
                last = client.get("/v1/changes?limit=1").body
                end = last["last_seq"] + last["pending"]
                listed = client.all("/v1/reports?limit=1000", "reports")
            await_that(lambda: (followed := entries(follower.file)) and followed[-1]["seq"] == end)
        finally:
            follower.kill()
        found = compared(service.url, sent)
    followed = entries(follower.file)
    assert [entry["seq"] for entry in followed] == list(range(1, end + 1))
    assert _made_of(followed) == {each["id"]: (each["state"], _content(each)) for each in listed}
    figures.lost, figures.doubled = len(found.lost), len(found.doubled)
    figures.take(sent)
    assert found.lost == found.doubled == found.strange == [], found

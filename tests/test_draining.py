"""A real server that is asked to stop: it says so first, and nobody's request is lost."""

import http.client
import json
import signal
import threading
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from service.serving.shutdown import MAX_SECONDS, read_drain_seconds
from service.settings import SettingsError
from tests import make
from tests.metered import scraped, value
from tests.serving import TIMEOUT_SECONDS, RunningServer, begin_report, run_server

BODY = json.dumps(make.report()).encode()


def _ready(served: RunningServer) -> int:
    try:
        with urlopen(f"{served.url}/readyz", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            assert error.headers["Retry-After"] == "1"
            assert "about to stop" in json.load(error)["detail"]
        return error.code


def _begun(served: RunningServer) -> http.client.HTTPConnection:
    """Return a connection on which a report has been announced and nothing of it sent."""
    return begin_report(served.url.removeprefix("http://"), served.key, len(BODY))


def _ended(connection: http.client.HTTPConnection) -> int:
    connection.send(BODY)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


class Client(threading.Thread):
    """Posts one report after another until told to end; keeps every status and failure."""

    def __init__(self, served: RunningServer) -> None:
        super().__init__()
        self.enough = threading.Event()
        self.statuses: list[int] = []
        self.failures: list[Exception] = []
        self._served = served

    def run(self) -> None:
        while not self.enough.is_set():
            try:
                self.statuses.append(_ended(_begun(self._served)))
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(failure)


def test_it_says_so_first_and_loses_nothing(tmp_path: Path) -> None:
    with run_server(tmp_path, DRAIN_SECONDS="1.5") as served:
        clients = [Client(served) for _ in range(4)]
        for client in clients:
            client.start()
        time.sleep(0.3)
        assert _ready(served) == 200
        slow = _begun(served)
        asked = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        while _ready(served) == 200:
            assert time.monotonic() < asked + 1
        before = sum(len(client.statuses) for client in clients)
        # Whoever hands out the requests needs a moment to notice, and until then sends more.
        time.sleep(0.7)
        for client in clients:
            client.enough.set()
        for client in clients:
            client.join()
        assert _ready(served) == 503
        time.sleep(max(0.0, asked + 1.8 - time.monotonic()))  # gunicorn itself stops by now.
        assert _ended(slow) == 201
        assert served.process.wait(timeout=TIMEOUT_SECONDS) == 0
        assert time.monotonic() - asked < 1.5 + 6 + 1
    assert [failure for client in clients for failure in client.failures] == []
    assert {status for client in clients for status in client.statuses} == {201}
    assert sum(len(client.statuses) for client in clients) > before


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(tmp_path: Path, second: signal.Signals) -> None:
    with run_server(tmp_path, DRAIN_SECONDS="60") as served:
        assert value(scraped(served.url), "casualty_draining") == 0
        served.process.send_signal(signal.SIGTERM)
        while _ready(served) == 200:
            time.sleep(0.01)
        assert value(scraped(served.url), "casualty_draining") == 1
        served.process.send_signal(second)
        assert served.process.wait(timeout=10) == 0


def test_without_draining_it_ends_at_once(tmp_path: Path) -> None:
    with run_server(tmp_path, DRAIN_SECONDS="0") as served:
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(timeout=10) == 0
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("text", "given"), [("0", 0), ("2", 2), ("0.5", 0.5), (str(MAX_SECONDS), MAX_SECONDS)]
)
def test_the_time_is_a_number_of_seconds(text: str, given: float) -> None:
    assert read_drain_seconds({"DRAIN_SECONDS": text}) == given


def test_two_seconds_unless_told_otherwise() -> None:
    assert read_drain_seconds({}) == 2


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "601"])
def test_any_other_time_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^DRAIN_SECONDS=.*like 2$"):
        read_drain_seconds({"DRAIN_SECONDS": text})

"""Graceful shutdown: /readyz answers 503 first, and no request is lost."""

import http.client
import json
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from service.serving.shutdown import MAX_SECONDS, install_signal_handlers, read_drain_seconds
from service.settings import SettingsError
from tests.support import bodies
from tests.support.gunicorn_server import TIMEOUT_SECONDS, RunningServer, begin_report, run_server
from tests.support.prometheus_text import get_sample_value, scrape

DRAIN_SECONDS = 4
BODY = json.dumps(bodies.make_report()).encode()


def _request_readiness(server: RunningServer) -> int:
    try:
        with urlopen(f"{server.url}/readyz", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            assert error.headers["Retry-After"] == "1"
            assert "about to stop" in json.load(error)["detail"]
        return error.code


def _begin_report(server: RunningServer) -> http.client.HTTPConnection:
    """Return a connection with the head of a POST sent and none of its body."""
    return begin_report(server.url.removeprefix("http://"), server.key, len(BODY))


def _finish_report(connection: http.client.HTTPConnection) -> int:
    connection.send(BODY)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


class PostingThread(threading.Thread):
    """Posts reports until it is stopped; collects all statuses and failures."""

    def __init__(self, server: RunningServer) -> None:
        super().__init__()
        self.is_finished = threading.Event()
        self.statuses: list[int] = []
        self.failures: list[Exception] = []
        self._server = server

    def run(self) -> None:
        while not self.is_finished.is_set():
            try:
                self.statuses.append(_finish_report(_begin_report(self._server)))
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(failure)


def _wait_for_more_reports(clients: Sequence[PostingThread]) -> None:
    """Wait until every client has posted one more report, or failed."""
    for client in clients:
        count_before = len(client.statuses)
        while client.is_alive() and not client.failures and len(client.statuses) == count_before:
            time.sleep(0.01)


def test_a_draining_server_turns_unready_first_and_loses_no_request(tmp_path: Path) -> None:
    with run_server(tmp_path, DRAIN_SECONDS=str(DRAIN_SECONDS)) as server:
        clients = [PostingThread(server) for _ in range(4)]
        for client in clients:
            client.start()
        _wait_for_more_reports(clients)
        assert _request_readiness(server) == 200
        pending_report = _begin_report(server)
        signalled_at = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        while _request_readiness(server) == 200:
            time.sleep(0.01)
        # A load balancer needs time to notice, and sends more requests until then.
        _wait_for_more_reports(clients)
        for client in clients:
            client.is_finished.set()
        for client in clients:
            client.join()
        assert _request_readiness(server) == 503
        # Until gunicorn itself has begun to stop, which gives open requests six seconds more.
        time.sleep(max(0.0, signalled_at + DRAIN_SECONDS + 0.3 - time.monotonic()))
        assert _finish_report(pending_report) == 201
        assert server.process.wait(timeout=TIMEOUT_SECONDS) == 0
    assert [failure for client in clients for failure in client.failures] == []
    assert {status for client in clients for status in client.statuses} == {201}


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_server_at_once(tmp_path: Path, second: signal.Signals) -> None:
    with run_server(tmp_path, DRAIN_SECONDS="60") as server:
        assert get_sample_value(scrape(server.url), "casualty_draining") == 0
        server.process.send_signal(signal.SIGTERM)
        while _request_readiness(server) == 200:
            time.sleep(0.01)
        assert get_sample_value(scrape(server.url), "casualty_draining") == 1
        server.process.send_signal(second)
        assert server.process.wait(timeout=10) == 0


def test_without_draining_the_server_ends_at_once(tmp_path: Path) -> None:
    with run_server(tmp_path, DRAIN_SECONDS="0") as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=TIMEOUT_SECONDS) == 0


def test_without_draining_gunicorn_handles_the_signal_itself() -> None:
    handler = signal.getsignal(signal.SIGTERM)
    install_signal_handlers(object(), 0)
    assert signal.getsignal(signal.SIGTERM) is handler


@pytest.mark.parametrize(
    ("text", "given"), [("0", 0), ("2", 2), ("0.5", 0.5), (str(MAX_SECONDS), MAX_SECONDS)]
)
def test_the_drain_period_is_a_number_of_seconds(text: str, given: float) -> None:
    assert read_drain_seconds({"DRAIN_SECONDS": text}) == given


def test_the_default_drain_period_is_two_seconds() -> None:
    assert read_drain_seconds({}) == 2


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "601"])
def test_any_other_drain_period_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^DRAIN_SECONDS=.*like 2$"):
        read_drain_seconds({"DRAIN_SECONDS": text})

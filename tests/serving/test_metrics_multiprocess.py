"""Metrics of a server with several processes: they add up, and survive their processes."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.support.gunicorn_server import (
    TIMEOUT_SECONDS,
    RunningServer,
    begin_report,
    find_worker_pids,
    run_server,
)
from tests.support.prometheus_text import get_sample_value, scrape

ROUTE_LABELS = {"route": "/v1/vocabulary", "method": "GET", "status": 200}


@pytest.fixture(scope="module")
def server(tmp_path_factory: Any) -> Iterator[RunningServer]:
    """One server with three workers for all tests."""
    with run_server(tmp_path_factory.mktemp("server"), WEB_CONCURRENCY="3") as server:
        yield server


def _send_requests(server: RunningServer, count: int) -> None:
    def send(number: int) -> None:
        with urlopen(f"{server.url}/v1/vocabulary", timeout=TIMEOUT_SECONDS) as answer:
            answer.read()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(count)))


def _read_request_counts(server: RunningServer) -> tuple[float, float]:
    sample_values = scrape(server.url)
    seconds = "casualty_http_request_duration_seconds_count"
    return get_sample_value(
        sample_values, "casualty_http_requests_total", **ROUTE_LABELS
    ), get_sample_value(sample_values, seconds, **ROUTE_LABELS)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_counts_add_up_over_workers_and_outlive_each_of_them(server: RunningServer) -> None:
    before, _ = _read_request_counts(server)
    _send_requests(server, 200)
    expected = before + 200
    assert _read_request_counts(server) == (expected, expected)
    for first in sorted(find_worker_pids(server)):
        os.kill(first, signal.SIGKILL)
        _wait_until(
            lambda gone=first: (
                gone not in find_worker_pids(server) and len(find_worker_pids(server)) == 3
            )
        )
        for _ in range(10):  # Whichever worker answers.
            assert _read_request_counts(server) == (expected, expected)
    _send_requests(server, 50)
    assert _read_request_counts(server) == (expected + 50, expected + 50)


def test_totals_and_refusals_add_up_over_workers(tmp_path: Path) -> None:
    settings = {"CASUALTY_RATE_LIMIT": "20/hour", "CASUALTY_COSTLY_SLOTS": "8"}
    with run_server(tmp_path, WEB_CONCURRENCY="3", **settings) as server:
        with ThreadPoolExecutor(8) as pool:
            statuses = Counter(
                pool.map(_request_status, [f"{server.url}/v1/totals?outcomes=killed"] * 60)
            )
        sample_values = scrape(server.url, server.key)
    assert statuses == {200: 20, 429: 40}
    computed = get_sample_value(sample_values, "casualty_totals_answered_total")
    kept = get_sample_value(sample_values, "casualty_kept_answers_total")
    assert 1 <= computed <= 20 and computed + kept == 20
    assert get_sample_value(sample_values, "casualty_totals_figures_count") == computed
    assert (
        get_sample_value(sample_values, "casualty_refused_total", reason="rate", work="reading")
        == 40
    )


def _request_status(url: str) -> int:
    try:
        with urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_counts_never_fall_while_workers_die_under_load(server: RunningServer) -> None:
    counts = [_read_request_counts(server)[0]]
    with ThreadPoolExecutor(1) as pool:
        for worker_pid in sorted(find_worker_pids(server))[:2]:
            load = pool.submit(_send_requests_ignoring_errors, server, 100)
            os.kill(worker_pid, signal.SIGKILL)
            while not load.done():
                counts.append(_read_request_count_or_none(server) or counts[-1])
            load.result()
    counts.append(_read_request_counts(server)[0])
    assert counts == sorted(counts)


def _send_requests_ignoring_errors(server: RunningServer, count: int) -> None:
    """Send requests one by one; those that the dying worker was answering are lost."""
    for _ in range(count):
        try:
            _send_requests(server, 1)
        except OSError:
            continue


def _read_request_count_or_none(server: RunningServer) -> float | None:
    try:
        return _read_request_counts(server)[0]
    except OSError:
        return None


def test_busy_threads_are_those_of_live_workers(server: RunningServer) -> None:
    def read_thread_counts() -> tuple[float, float]:
        sample_values = scrape(server.url)
        return get_sample_value(sample_values, "casualty_threads"), get_sample_value(
            sample_values, "casualty_threads_busy"
        )

    address = server.url.removeprefix("http://")
    stalled = [begin_report(address, server.key) for _ in range(6)]
    _wait_until(lambda: read_thread_counts() == (24, 7))  # The seventh request is the scrape.
    for each in find_worker_pids(server):
        os.kill(each, signal.SIGKILL)
        _wait_until(
            lambda gone=each: (
                gone not in find_worker_pids(server) and len(find_worker_pids(server)) == 3
            )
        )
    _wait_until(lambda: read_thread_counts() == (24, 1))
    for each in stalled:
        each.close()


def test_dead_workers_leave_no_files_of_their_own(server: RunningServer) -> None:
    (folder,) = _find_runtime_folders(server)
    dead_pid = min(find_worker_pids(server))
    _wait_until(lambda: bool(list(folder.glob(f"counter_{dead_pid}.db"))))
    os.kill(dead_pid, signal.SIGKILL)
    _wait_until(
        lambda: len(find_worker_pids(server)) == 3 and dead_pid not in find_worker_pids(server)
    )
    _wait_until(lambda: _list_owners(folder) <= {"ended", *map(str, find_worker_pids(server))})


def _list_owners(folder: Path) -> set[str]:
    return {path.stem.rpartition("_")[2] for path in folder.glob("*.db")}


def _find_runtime_folders(server: RunningServer) -> set[Path]:
    """Return the folders in memory that the server's first process has open."""
    folders = set()
    for each in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # It was closed after the list was read.
            folders.add(each.readlink())
    return {path for path in folders if ".casualty-server-" in path.name}


def test_the_runtime_folder_goes_with_its_server_and_that_of_a_killed_one_with_the_next(
    tmp_path: Path,
) -> None:
    with run_server(tmp_path) as server:
        (folder,) = _find_runtime_folders(server)
        assert folder.is_dir()
        for each in [*find_worker_pids(server), server.process.pid]:
            os.kill(each, signal.SIGKILL)
        server.process.wait(timeout=TIMEOUT_SECONDS)
        assert folder.is_dir()
    with run_server(tmp_path) as server:
        (next_folder,) = _find_runtime_folders(server)
        assert not folder.exists() and next_folder.is_dir()
        os.kill(server.process.pid, signal.SIGHUP)  # The configuration is read again.
        old = find_worker_pids(server)
        _wait_until(
            lambda: len(find_worker_pids(server)) == 2 and not old & find_worker_pids(server)
        )
        assert _find_runtime_folders(server) == {next_folder}
    assert not next_folder.exists()

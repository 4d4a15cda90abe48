"""Counts of a real server with several processes: they add up, and outlive those who counted."""

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

from tests.metered import scraped, value
from tests.serving import TIMEOUT_SECONDS, RunningServer, begin_report, find_worker_pids, run_server

ROUTE = {"route": "/v1/vocabulary", "method": "GET", "status": 200}


@pytest.fixture(scope="module")
def served(tmp_path_factory: Any) -> Iterator[RunningServer]:
    """One real server with three workers for all of these."""
    with run_server(tmp_path_factory.mktemp("served"), WEB_CONCURRENCY="3") as server:
        yield server


def _ask(served: RunningServer, times: int) -> None:
    def ask(number: int) -> None:
        with urlopen(f"{served.url}/v1/vocabulary", timeout=TIMEOUT_SECONDS) as answer:
            answer.read()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(times)))


def _counted(served: RunningServer) -> tuple[float, float]:
    found = scraped(served.url)
    seconds = "casualty_http_request_duration_seconds_count"
    return value(found, "casualty_http_requests_total", **ROUTE), value(found, seconds, **ROUTE)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_counts_add_up_over_workers_and_outlive_each_of_them(served: RunningServer) -> None:
    before, _ = _counted(served)
    _ask(served, 200)
    expected = before + 200
    assert _counted(served) == (expected, expected)
    for first in sorted(find_worker_pids(served)):
        os.kill(first, signal.SIGKILL)
        _until(
            lambda gone=first: (
                gone not in find_worker_pids(served) and len(find_worker_pids(served)) == 3
            )
        )
        for _ in range(10):  # Whichever worker answers.
            assert _counted(served) == (expected, expected)
    _ask(served, 50)
    assert _counted(served) == (expected + 50, expected + 50)


def test_what_is_worked_out_and_refused_adds_up_over_workers(tmp_path: Path) -> None:
    with run_server(tmp_path, WEB_CONCURRENCY="3", CASUALTY_RATE_LIMIT="20/hour") as server:
        with ThreadPoolExecutor(8) as pool:
            statuses = Counter(pool.map(_status, [f"{server.url}/v1/totals?outcomes=killed"] * 60))
        found = scraped(server.url, server.key)
    assert statuses == {200: 20, 429: 40}
    assert value(found, "casualty_totals_answered_total") == 20
    assert value(found, "casualty_totals_figures_count") == 20
    assert value(found, "casualty_refused_total", reason="rate", work="reading") == 40


def _status(url: str) -> int:
    try:
        with urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_counts_never_fall_while_workers_die_under_load(served: RunningServer) -> None:
    seen = [_counted(served)[0]]
    with ThreadPoolExecutor(1) as pool:
        for dying in sorted(find_worker_pids(served))[:2]:
            load = pool.submit(_ask_and_shrug, served, 100)
            os.kill(dying, signal.SIGKILL)
            while not load.done():
                seen.append(_shrugged(served) or seen[-1])
            load.result()
    seen.append(_counted(served)[0])
    assert seen == sorted(seen)


def _ask_and_shrug(served: RunningServer, times: int) -> None:
    """Ask one by one; what the dying worker was answering is lost, and is not what is tested."""
    for _ in range(times):
        try:
            _ask(served, 1)
        except OSError:
            continue


def _shrugged(served: RunningServer) -> float | None:
    try:
        return _counted(served)[0]
    except OSError:
        return None


def test_busy_threads_are_those_of_the_workers_that_live(served: RunningServer) -> None:
    def threads() -> tuple[float, float]:
        found = scraped(served.url)
        return value(found, "casualty_threads"), value(found, "casualty_threads_busy")

    address = served.url.removeprefix("http://")
    stalled = [begin_report(address, served.key) for _ in range(6)]
    _until(lambda: threads() == (24, 7))  # The seventh is the one that tells.
    for each in find_worker_pids(served):
        os.kill(each, signal.SIGKILL)
        _until(
            lambda gone=each: (
                gone not in find_worker_pids(served) and len(find_worker_pids(served)) == 3
            )
        )
    _until(lambda: threads() == (24, 1))
    for each in stalled:
        each.close()


def test_dead_workers_leave_no_files_of_their_own(served: RunningServer) -> None:
    (folder,) = _folders(served)
    dead = min(find_worker_pids(served))
    _until(lambda: bool(list(folder.glob(f"counter_{dead}.db"))))
    os.kill(dead, signal.SIGKILL)
    _until(lambda: len(find_worker_pids(served)) == 3 and dead not in find_worker_pids(served))
    _until(lambda: _owners(folder) <= {"ended", *map(str, find_worker_pids(served))})


def _owners(folder: Path) -> set[str]:
    return {path.stem.rpartition("_")[2] for path in folder.glob("*.db")}


def _folders(served: RunningServer) -> set[Path]:
    """Return the folders that the server's first process holds open in memory."""
    folders = set()
    for each in Path(f"/proc/{served.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # It was closed since the list was read.
            folders.add(each.readlink())
    return {path for path in folders if ".casualty-server-" in path.name}


def test_the_folder_goes_with_the_server_and_what_a_killed_one_left_with_the_next(
    tmp_path: Path,
) -> None:
    with run_server(tmp_path) as server:
        (folder,) = _folders(server)
        assert folder.is_dir()
        for each in [*find_worker_pids(server), server.process.pid]:
            os.kill(each, signal.SIGKILL)
        server.process.wait(timeout=TIMEOUT_SECONDS)
        assert folder.is_dir()
    with run_server(tmp_path) as server:
        (next_folder,) = _folders(server)
        assert not folder.exists() and next_folder.is_dir()
        os.kill(server.process.pid, signal.SIGHUP)  # The configuration is read again.
        old = find_worker_pids(server)
        _until(lambda: len(find_worker_pids(server)) == 2 and not old & find_worker_pids(server))
        assert _folders(server) == {next_folder}
    assert not next_folder.exists()

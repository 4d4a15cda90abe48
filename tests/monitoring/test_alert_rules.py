"""Each alert fires when what it is about really happens, in a real Prometheus, and not before."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from service import create_app
from service.settings import Settings
from service.store.factory import open_store
from service.store.sqlite.engine import SqliteStore
from service.store.sqlite.write_lock import hold_write_lock
from service.usecases import api_keys
from tests.faults.mounts import mount
from tests.support import bodies, engines
from tests.support.capabilities import require_mounting
from tests.support.gunicorn_server import RunningServer, begin_report, run_server
from tests.support.paths import ROOT
from tests.support.ports import find_free_port
from tests.support.prometheus_server import (
    CONFIGURATION,
    RULES,
    RunningPrometheus,
    require_prometheus,
    run_prometheus,
    shorten_durations,
)

pytestmark = pytest.mark.sqlite

RULES_TEXT = RULES.read_text(encoding="utf-8")
ALERT_NAMES = re.findall(r"- alert: (\w+)", RULES_TEXT)

Condition = Callable[[Path, int], AbstractContextManager[None]]
"""Makes what an alert is about happen to a service on the port, for as long as it is open."""


def _request_status(server: RunningServer, path: str, body: Any = None) -> int:
    """Return the status of an answer; a report is posted where there is a body."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    request = urllib.request.Request(server.url + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@contextmanager
def _repeat_request(
    server: RunningServer, *request_arguments: Any, interval: float = 0.1, thread_count: int = 1
) -> Iterator[None]:
    """Ask the same again and again meanwhile, so many at once."""
    is_finished = Event()

    def ask() -> None:
        while not is_finished.wait(interval):
            with suppress(OSError):
                _request_status(server, *request_arguments)

    threads = [Thread(target=ask) for _ in range(thread_count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_finished.set()
        for thread in threads:
            thread.join()


@contextmanager
def _kill_server(folder: Path, port: int) -> Iterator[None]:
    with run_server(folder, port) as server:
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        yield


@contextmanager
def _damage_database(folder: Path, port: int) -> Iterator[None]:
    """Damage the whole file, and go on asking."""
    with run_server(folder):
        pass  # When it stops, all that was written is folded into the one file.
    # With one worker: another that is still to start would find no database, and end the server.
    with run_server(folder, port, WEB_CONCURRENCY="1") as server:
        database = folder / "casualties.db"
        with database.open("r+b") as file:
            file.write(bytes(range(256)) * (database.stat().st_size // 256))
        with _repeat_request(server, "/v1/places"):
            yield


@contextmanager
def _hold_database(folder: Path, port: int) -> Iterator[None]:
    """Let another program hold the database for good."""
    database = folder / "casualties.db"
    with (
        run_server(folder, port, CASUALTY_BUSY_SECONDS="0.2") as server,
        closing(sqlite3.connect(database, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with _repeat_request(server, "/v1/reports", bodies.make_report()):
            yield


@contextmanager
def _hold_database_briefly(folder: Path, port: int) -> Iterator[None]:
    """Let another program hold the database for almost three seconds at a time."""
    is_finished = Event()

    def hold() -> None:
        while not is_finished.is_set():
            with hold_write_lock(folder / "casualties.db"):
                is_finished.wait(2.9)
            time.sleep(0.01)

    with run_server(folder, port) as server:
        holding_thread = Thread(target=hold)
        holding_thread.start()
        with _repeat_request(server, "/v1/reports", bodies.make_report(), thread_count=2):
            yield
            is_finished.set()
        holding_thread.join()


@contextmanager
def _stall_threads(folder: Path, port: int) -> Iterator[None]:
    """Keep seven of eight threads waiting for a body that does not come."""
    with run_server(folder, port, WEB_CONCURRENCY="1") as server, ExitStack() as connections:
        for _ in range(7):
            connections.callback(begin_report(server.url.removeprefix("http://"), server.key).close)
        yield


@contextmanager
def _limit_solver_time(folder: Path, port: int) -> Iterator[None]:
    """Leave a total no time for its solver."""
    with run_server(folder, port, CASUALTY_SOLVER_SECONDS="0.0000001") as server:
        assert _request_status(server, "/v1/reports", bodies.make_interlocked_report()) == 201
        with _repeat_request(server, "/v1/totals?place=a&outcomes=killed"):
            yield


@contextmanager
def _limit_answer_time(folder: Path, port: int) -> Iterator[None]:
    """Leave a whole answer no time."""
    with run_server(folder, port, CASUALTY_ANSWER_SECONDS="0.0000001") as server:
        assert _request_status(server, "/v1/reports", bodies.make_interlocked_report()) == 201
        with _repeat_request(server, "/v1/totals?place=a&outcomes=killed"):
            yield


@contextmanager
def _drain_server(folder: Path, port: int) -> Iterator[None]:
    with run_server(folder, port, DRAIN_SECONDS="600") as server:
        server.process.send_signal(signal.SIGTERM)
        yield


@contextmanager
def _shrink_disk(folder: Path, port: int) -> Iterator[None]:
    """Keep the database on a disk of 64 MiB; this needs the right to mount."""
    require_mounting()
    source = ("-t", "tmpfs", "-o", "size=64m", "alerts")
    with mount(folder / "disk", *source) as small, run_server(small, port):
        yield


@contextmanager
def _delay_feed_reader(folder: Path, port: int) -> Iterator[None]:
    """Read the feed one entry at a time, and always the first."""
    reports = [bodies.make_report(ref=str(number)) for number in range(1_100)]
    with run_server(folder, port) as server:
        assert _request_status(server, "/v1/reports/batch", {"reports": reports}) == 207
        with _repeat_request(server, "/v1/changes?since=0&limit=1"):
            yield


@contextmanager
def _serve_stale_copy(folder: Path, port: int) -> Iterator[None]:
    """Serve readers from a database into which nothing comes."""
    url = engines.new_schema(engines.server_url(engines.RELEASES[-1]))
    copy = open_store(url, 10.0)
    copy.migrate()
    copy.close()
    with run_server(folder, port, CASUALTY_READ_DATABASE=url) as server:
        assert _request_status(server, "/v1/reports", bodies.make_report()) == 201
        yield


@contextmanager
def _set_clock_back(folder: Path, port: int) -> Iterator[None]:
    """Record a report while the clock is an hour ahead, and then no more."""
    settings = Settings(database=folder / "casualties.db", log_level="error")
    app = create_app(settings, clock=lambda: datetime.now(UTC) + timedelta(hours=1))
    store = SqliteStore(settings.database)
    store.migrate()
    key = api_keys.create_key(store, name="ahead", scope="report", now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {key}"}
    answer = app.test_client().post("/v1/reports", json=bodies.make_report(), headers=headers)
    assert answer.status_code == 201
    store.close()
    with run_server(folder, port):
        yield


CONDITIONS: dict[str, Condition] = {
    "CasualtyServiceDown": _kill_server,
    "CasualtyDatabaseUnreadable": _damage_database,
    "CasualtyErrors": _damage_database,
    "CasualtyWritesRefused": _hold_database,
    "CasualtySlow": _hold_database_briefly,
    "CasualtyThreadsBusy": _stall_threads,
    "CasualtyAnswersInexact": _limit_solver_time,
    "CasualtyAnswersGivenUp": _limit_answer_time,
    "CasualtyDraining": _drain_server,
    "CasualtyDiskFilling": _shrink_disk,
    "CasualtyFeedBehind": _delay_feed_reader,
    "CasualtyReadersBehind": _serve_stale_copy,
    "CasualtyClockBehind": _set_clock_back,
}


def test_every_alert_has_a_condition_that_is_tested() -> None:
    assert sorted(ALERT_NAMES) == sorted(CONDITIONS)


HEALTHY = "a service that is well"


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """Where the service listens to which this or that happens: Prometheus must know before."""
    return {name: find_free_port() for name in (*CONDITIONS, HEALTHY)}


@pytest.fixture(scope="module")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]
) -> Iterator[RunningPrometheus]:
    """One Prometheus that watches all of them."""
    require_prometheus()
    with run_prometheus(
        tmp_path_factory.mktemp("prometheus"), map(_address_of, ports.values())
    ) as prometheus:
        yield prometheus


def _address_of(port: int) -> str:
    return f"127.0.0.1:{port}"


@pytest.mark.parametrize("name", CONDITIONS)
def test_an_alert_fires_under_its_condition(
    tmp_path: Path, prometheus: RunningPrometheus, ports: dict[str, int], name: str
) -> None:
    with CONDITIONS[name](tmp_path, ports[name]):
        alert = prometheus.wait_until_firing(name, _address_of(ports[name]))
    assert _address_of(ports[name]) in alert["annotations"]["summary"]
    assert "{{" not in str(alert) and "<no value>" not in str(alert)


def test_a_service_that_is_well_raises_no_alert(
    tmp_path: Path, prometheus: RunningPrometheus, ports: dict[str, int]
) -> None:
    paths = ("/v1/totals", "/v1/changes?since=0&wait=1", "/v1/nowhere", "/v1/totals?place=nowhere")
    with run_server(tmp_path, ports[HEALTHY]) as server, ExitStack() as requests:
        assert _request_status(server, "/v1/reports", bodies.make_interlocked_report()) == 201
        for path in paths:
            requests.enter_context(_repeat_request(server, path, interval=0.3))
        requests.enter_context(
            _repeat_request(server, "/v1/reports", bodies.make_report(), interval=0.3)
        )
        prometheus.wait_until_up(_address_of(ports[HEALTHY]))
        time.sleep(0.5)  # Until the rules are looked at again, which found it down before.
        deadline = time.monotonic() + 7  # Longer than any alert waits.
        while time.monotonic() < deadline:
            assert prometheus.fetch_alerts(_address_of(ports[HEALTHY])) == {}
            assert prometheus.is_up(_address_of(ports[HEALTHY]))
            time.sleep(0.5)


def test_promtool_finds_nothing_wrong() -> None:
    require_prometheus()
    for kind, file in (("rules", RULES), ("config", CONFIGURATION)):
        result = subprocess.run(["promtool", "check", kind, file], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr


def test_the_time_lapse_changes_durations_alone() -> None:
    text = "for: 11m\nexpr: rate(x{route!~'5m'}[5m]) / y[10m:] > 2.5  # 1m"
    assert (
        shorten_durations(text)
        == "for: 5500ms\nexpr: rate(x{route!~'5m'}[2500ms]) / y[5000ms:] > 2.5  # 1m"
    )


def test_every_alert_has_a_severity_a_summary_and_a_runbook() -> None:
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    rules = RULES_TEXT.split("- alert: ")[1:]
    for name, rule in zip(ALERT_NAMES, rules, strict=True):
        assert re.search(r"severity: (page|ticket)}", rule), name
        assert "summary: " in rule and "description: " in rule, name
        assert f"runbook: docs/running.md#{name.lower()}\n" in rule
        assert f"\n#### {name}\n" in page

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
from tests import engines, make
from tests.faults.mounts import mounted
from tests.faults.size import needs_mounting
from tests.ports import free_port
from tests.prometheus import CONFIGURATION, RULES, Watching, lapsed, needed, watching
from tests.serving import ROOT, Served, begun_report, serving

pytestmark = pytest.mark.sqlite

TEXT = RULES.read_text(encoding="utf-8")
ALERTS = re.findall(r"- alert: (\w+)", TEXT)

Condition = Callable[[Path, int], AbstractContextManager[None]]
"""Makes what an alert is about happen to a service on the port, for as long as it is open."""


def _asked(served: Served, path: str, body: Any = None) -> int:
    """Return the status of an answer; a report is posted where there is a body."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {served.key}", "Content-Type": "application/json"}
    request = urllib.request.Request(served.url + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@contextmanager
def _asking(served: Served, *asked: Any, every: float = 0.1, times: int = 1) -> Iterator[None]:
    """Ask the same again and again meanwhile, so many at once."""
    enough = Event()

    def ask() -> None:
        while not enough.wait(every):
            with suppress(OSError):
                _asked(served, *asked)

    threads = [Thread(target=ask) for _ in range(times)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        enough.set()
        for thread in threads:
            thread.join()


@contextmanager
def _killed(folder: Path, port: int) -> Iterator[None]:
    with serving(folder, port) as served:
        os.kill(served.process.pid, signal.SIGKILL)
        served.process.wait()
        yield


@contextmanager
def _torn(folder: Path, port: int) -> Iterator[None]:
    """Damage the whole file, and go on asking."""
    with serving(folder):
        pass  # When it stops, all that was written is folded into the one file.
    # With one worker: another that is still to start would find no database, and end the server.
    with serving(folder, port, WEB_CONCURRENCY="1") as served:
        database = folder / "casualties.db"
        with database.open("r+b") as file:
            file.write(bytes(range(256)) * (database.stat().st_size // 256))
        with _asking(served, "/v1/places"):
            yield


@contextmanager
def _held(folder: Path, port: int) -> Iterator[None]:
    """Let another program hold the database for good."""
    database = folder / "casualties.db"
    with (
        serving(folder, port, CASUALTY_BUSY_SECONDS="0.2") as served,
        closing(sqlite3.connect(database, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with _asking(served, "/v1/reports", make.report()):
            yield


@contextmanager
def _slow(folder: Path, port: int) -> Iterator[None]:
    """Let another program hold the database for almost three seconds at a time."""
    enough = Event()

    def hold() -> None:
        while not enough.is_set():
            with hold_write_lock(folder / "casualties.db"):
                enough.wait(2.9)
            time.sleep(0.01)

    with serving(folder, port) as served:
        holder = Thread(target=hold)
        holder.start()
        with _asking(served, "/v1/reports", make.report(), times=2):
            yield
            enough.set()
        holder.join()


@contextmanager
def _stalled(folder: Path, port: int) -> Iterator[None]:
    """Keep seven of eight threads waiting for a body that does not come."""
    with serving(folder, port, WEB_CONCURRENCY="1") as served, ExitStack() as opened:
        for _ in range(7):
            opened.callback(begun_report(served.url.removeprefix("http://"), served.key).close)
        yield


@contextmanager
def _hurried(folder: Path, port: int) -> Iterator[None]:
    """Leave a total no time for its solver."""
    with serving(folder, port, CASUALTY_SOLVER_SECONDS="0.0000001") as served:
        assert _asked(served, "/v1/reports", make.knot()) == 201
        with _asking(served, "/v1/totals?place=a&outcomes=killed"):
            yield


@contextmanager
def _impatient(folder: Path, port: int) -> Iterator[None]:
    """Leave a whole answer no time."""
    with serving(folder, port, CASUALTY_ANSWER_SECONDS="0.0000001") as served:
        assert _asked(served, "/v1/reports", make.knot()) == 201
        with _asking(served, "/v1/totals?place=a&outcomes=killed"):
            yield


@contextmanager
def _draining(folder: Path, port: int) -> Iterator[None]:
    with serving(folder, port, DRAIN_SECONDS="600") as served:
        served.process.send_signal(signal.SIGTERM)
        yield


@contextmanager
def _cramped(folder: Path, port: int) -> Iterator[None]:
    """Keep the database on a disk of 64 MiB; this needs the right to mount."""
    needs_mounting()
    source = ("-t", "tmpfs", "-o", "size=64m", "alerts")
    with mounted(folder / "disk", *source) as small, serving(small, port):
        yield


@contextmanager
def _behind(folder: Path, port: int) -> Iterator[None]:
    """Read the feed one entry at a time, and always the first."""
    reports = [make.report(ref=str(number)) for number in range(1_100)]
    with serving(folder, port) as served:
        assert _asked(served, "/v1/reports/batch", {"reports": reports}) == 207
        with _asking(served, "/v1/changes?since=0&limit=1"):
            yield


@contextmanager
def _stale(folder: Path, port: int) -> Iterator[None]:
    """Serve readers from a database into which nothing comes."""
    url = engines.new_schema(engines.server_url(engines.RELEASES[-1]))
    copy = open_store(url, 10.0)
    copy.migrate()
    copy.close()
    with serving(folder, port, CASUALTY_READ_DATABASE=url) as served:
        assert _asked(served, "/v1/reports", make.report()) == 201
        yield


@contextmanager
def _put_back(folder: Path, port: int) -> Iterator[None]:
    """Record a report while the clock is an hour ahead, and then no more."""
    settings = Settings(database=folder / "casualties.db", log_level="error")
    ahead = create_app(settings, clock=lambda: datetime.now(UTC) + timedelta(hours=1))
    store = SqliteStore(settings.database)
    store.migrate()
    key = api_keys.create(store, name="ahead", scope="report", now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {key}"}
    told = ahead.test_client().post("/v1/reports", json=make.report(), headers=headers)
    assert told.status_code == 201
    store.close()
    with serving(folder, port):
        yield


CONDITIONS: dict[str, Condition] = {
    "CasualtyServiceDown": _killed,
    "CasualtyDatabaseUnreadable": _torn,
    "CasualtyErrors": _torn,
    "CasualtyWritesRefused": _held,
    "CasualtySlow": _slow,
    "CasualtyThreadsBusy": _stalled,
    "CasualtyAnswersInexact": _hurried,
    "CasualtyAnswersGivenUp": _impatient,
    "CasualtyDraining": _draining,
    "CasualtyDiskFilling": _cramped,
    "CasualtyFeedBehind": _behind,
    "CasualtyReadersBehind": _stale,
    "CasualtyClockBehind": _put_back,
}


def test_every_alert_is_made_to_fire() -> None:
    assert sorted(ALERTS) == sorted(CONDITIONS)


WELL = "a service that is well"


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """Where the service listens to which this or that happens: Prometheus must know before."""
    return {name: free_port() for name in (*CONDITIONS, WELL)}


@pytest.fixture(scope="module")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]
) -> Iterator[Watching]:
    """One Prometheus that watches all of them."""
    needed()
    with watching(tmp_path_factory.mktemp("prometheus"), map(_address, ports.values())) as made:
        yield made


def _address(port: int) -> str:
    return f"127.0.0.1:{port}"


@pytest.mark.parametrize("name", CONDITIONS)
def test_an_alert_fires_when_what_it_is_about_happens(
    tmp_path: Path, prometheus: Watching, ports: dict[str, int], name: str
) -> None:
    with CONDITIONS[name](tmp_path, ports[name]):
        alert = prometheus.await_firing(name, _address(ports[name]))
    assert _address(ports[name]) in alert["annotations"]["summary"]
    assert "{{" not in str(alert) and "<no value>" not in str(alert)


def test_a_service_that_is_well_raises_no_alert(
    tmp_path: Path, prometheus: Watching, ports: dict[str, int]
) -> None:
    paths = ("/v1/totals", "/v1/changes?since=0&wait=1", "/v1/nowhere", "/v1/totals?place=nowhere")
    with serving(tmp_path, ports[WELL]) as served, ExitStack() as asking:
        assert _asked(served, "/v1/reports", make.knot()) == 201
        for path in paths:
            asking.enter_context(_asking(served, path, every=0.3))
        asking.enter_context(_asking(served, "/v1/reports", make.report(), every=0.3))
        prometheus.await_up(_address(ports[WELL]))
        time.sleep(0.5)  # Until the rules are looked at again, which found it down before.
        end = time.monotonic() + 7  # Longer than any alert waits.
        while time.monotonic() < end:
            assert prometheus.alerts(_address(ports[WELL])) == {}
            assert prometheus.up(_address(ports[WELL]))
            time.sleep(0.5)


def test_promtool_finds_nothing_wrong() -> None:
    needed()
    for what, file in (("rules", RULES), ("config", CONFIGURATION)):
        done = subprocess.run(["promtool", "check", what, file], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_the_time_lapse_changes_durations_alone() -> None:
    text = "for: 11m\nexpr: rate(x{route!~'5m'}[5m]) / y[10m:] > 2.5  # 1m"
    assert (
        lapsed(text) == "for: 5500ms\nexpr: rate(x{route!~'5m'}[2500ms]) / y[5000ms:] > 2.5  # 1m"
    )


def test_every_alert_says_what_to_do_and_where_there_is_more() -> None:
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    rules = TEXT.split("- alert: ")[1:]
    for name, rule in zip(ALERTS, rules, strict=True):
        assert re.search(r"severity: (page|ticket)}", rule), name
        assert "summary: " in rule and "description: " in rule, name
        assert f"runbook: docs/running.md#{name.lower()}\n" in rule
        assert f"\n#### {name}\n" in page

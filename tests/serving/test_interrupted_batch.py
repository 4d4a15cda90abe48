"""A batch whose process ends before the answer is recorded in part, and can be sent again.

gunicorn kills a worker that sends no heartbeat within its timeout, and so does an operator or the
kernel. The client has no answer then, and sends the same batch again.
"""

import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from service.domain.errors import DatabaseUnreachableError, LockTimeoutError
from service.settings import parse_database_address
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases.batches import MAX_TRANSACTION_REPORTS
from tests.support import bodies
from tests.support.gunicorn_server import RunningServer, run_server

REPORT_COUNT = 2_000
"""Enough that recording them takes far longer than noticing that it has begun."""

PATIENCE_SECONDS = 60.0


def _send_batch(server: RunningServer, refs: list[str]) -> dict[str, Any]:
    reports = [bodies.make_report(ref=ref, incident="own") for ref in refs]
    request = urllib.request.Request(
        f"{server.url}/v1/reports/batch",
        json.dumps({"reports": reports}).encode(),
        {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=600) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def _list_refs(server: RunningServer) -> list[str]:
    refs: list[str] = []
    url = f"{server.url}/v1/reports?limit=1000"
    while url:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as response:
            page = json.load(response)
        refs += [report["ref"] for report in page["reports"]]
        url = urljoin(url, page["next"]) if page["next"] else ""
    return refs


def _wait_until_a_writer_is_busy(store: Store) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            with store.write_transaction():
                pass
        except LockTimeoutError:
            return
        except DatabaseUnreachableError:
            pass  # On a busy machine, connecting takes longer than a probe may wait.
        time.sleep(0.01)
    raise AssertionError("no batch began")


def _kill_worker(server: RunningServer) -> None:
    parent = server.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    for worker in children.split():
        os.kill(int(worker), signal.SIGKILL)


def test_a_batch_cut_off_loses_nothing_acknowledged_and_can_be_sent_again(tmp_path: Path) -> None:
    before, cut_off = ["kept-1", "kept-2"], [f"ref-{n}" for n in range(REPORT_COUNT)]
    with run_server(tmp_path, WEB_CONCURRENCY="1") as server:
        _send_batch(server, before)
        failures: list[BaseException] = []

        def send() -> None:
            try:
                _send_batch(server, cut_off)
            except (OSError, urllib.error.URLError) as error:
                failures.append(error)

        sender = threading.Thread(target=send)
        sender.start()
        address = parse_database_address(server.environment["CASUALTY_DATABASE"])
        store = open_store(address, busy_seconds=0.02)
        _wait_until_a_writer_is_busy(store)
        store.close()
        _kill_worker(server)
        sender.join(PATIENCE_SECONDS)
        assert len(failures) == 1  # Nothing of the batch is acknowledged.
        recorded = _list_refs(server)
        count = len(recorded) - len(before)
        assert recorded == [*before, *cut_off[:count]]
        assert count % MAX_TRANSACTION_REPORTS == 0
        assert _send_batch(server, [*before, *cut_off])["summary"] | {"warnings": {}} == {
            "recorded": REPORT_COUNT - count,
            "known": len(before) + count,
            "refused": 0,
            "warnings": {},
        }
        again = _send_batch(server, cut_off)
        assert {result["status"] for result in again["results"]} == {200}
        assert _list_refs(server) == [*before, *cut_off]

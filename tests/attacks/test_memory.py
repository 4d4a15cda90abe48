"""What is asked does not fill the memory: caches keep to their limit, and so does one answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.toolkit import (
    REAL_BUDGETS,
    attack_with,
    get,
    list_outcome_sets,
    make_request,
    record_interlocked_reports,
)
from tests.support.gunicorn_server import RunningServer, find_worker_pids, run_server
from tests.support.prometheus_text import scrape

MEGABYTES = 16
QUESTIONS = 60
SLACK_BYTES = 24 << 20
"""What two answers in the making, fragments of freed memory and the solver may take besides."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("memory")
    variables = {"WEB_CONCURRENCY": "1", "CASUALTY_CACHE_MEGABYTES": str(MEGABYTES)}
    with run_server(folder, **REAL_BUDGETS, **variables) as running:
        record_interlocked_reports(running, 200)
        yield running


def _ask(server: RunningServer, first: int) -> None:
    """Ask questions whose answers are large, no two alike."""
    sets = "&".join(f"outcomes={each}" for each in list_outcome_sets()[:4])
    for number in range(first, first + QUESTIONS):
        day = f"2024-{1 + number // 28 % 12:02}-{1 + number % 28:02}"
        path = f"/v1/totals?from={day}&by=place&explain=true&{sets}&group=everyone"
        assert get(server, path).status == 200


def _read_memory(server: RunningServer) -> int:
    """Return the resident bytes of the workers."""
    total = 0
    for pid in find_worker_pids(server):
        status = Path(f"/proc/{pid}/status").read_text()
        total += int(status.partition("VmRSS:")[2].split()[0]) * 1024
    return total


def _read_cache_bytes(server: RunningServer) -> float:
    samples = scrape(server.url)
    return sum(value for (name, _), value in samples.items() if name == "casualty_cache_bytes")


def test_many_questions_do_not_fill_the_memory(server: RunningServer) -> None:
    _ask(server, 0)
    before = _read_memory(server)
    assert _read_cache_bytes(server) <= MEGABYTES << 20
    _ask(server, QUESTIONS)
    assert MEGABYTES << 19 < _read_cache_bytes(server) <= MEGABYTES << 20
    assert _read_memory(server) - before <= SLACK_BYTES


def test_answers_that_need_too_much_memory_are_refused_and_kill_no_worker(
    server: RunningServer,
) -> None:
    workers, before = find_worker_pids(server), _read_memory(server)
    sets = "&".join(f"outcomes={each}" for each in list_outcome_sets())
    large = "/v1/totals?from=2024-01-01&to=2025-04-13&by=place,day&explain=true&" + sets
    requests = [make_request(f"{large}&place=place-{number}") for number in range(4)]
    with attack_with(server, requests, 0.2) as attack:
        for number in range(3):
            answer = get(server, f"{large}&place=place-{5 + number},place-{9 + number}")
            assert answer.status in (422, 503)
    assert set(attack.statuses) <= {422, 503} and 422 in attack.statuses
    assert find_worker_pids(server) == workers
    assert _read_memory(server) - before <= SLACK_BYTES + (MEGABYTES << 20)
    assert get(server, "/v1/totals?place=place-1").status == 200

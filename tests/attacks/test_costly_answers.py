"""Costly answers take a share of the threads: others are answered, and health checks never wait."""

import json
import time
from collections.abc import Iterator

import pytest

from service.http.costly_slots import WAIT_SECONDS
from tests.attacks.toolkit import (
    ATTACKER,
    MAX_SLOWDOWN,
    REAL_BUDGETS,
    attack_with,
    find_slowdown,
    get,
    list_outcome_sets,
    make_request,
    measure,
    record_interlocked_reports,
)
from tests.support.gunicorn_server import RunningServer, run_server
from tests.support.prometheus_text import get_sample_value, scrape

ATTACKERS = 16
SAMPLES = 100

REFUSAL_PAUSE_SECONDS = 0.5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_server(tmp_path_factory.mktemp("costly"), **REAL_BUDGETS) as running:
        record_interlocked_reports(running, 300)
        yield running


def _make_slow_requests() -> list[bytes]:
    """Return requests for thousands of totals each, no two alike."""
    sets = "&".join(f"outcomes={each}" for each in list_outcome_sets())
    return [
        make_request(
            f"/v1/totals?from=2024-01-01&to=2024-12-{10 + number}&by=day&explain=true&{sets}"
            f"&compare={5 + number}"
        )
        for number in range(ATTACKERS)
    ]


def test_slow_totals_delay_neither_readers_nor_health_checks(server: RunningServer) -> None:
    report_id = json.loads(get(server, "/v1/reports?limit=1").body)["reports"][0]["id"]
    read = ["/v1/totals?place=place-1", f"/v1/reports/{report_id}", "/v1/places"]
    checks = ["/livez", "/readyz", "/metrics"]
    measure(server, [*read, *checks], 10)
    calm = {each: measure(server, [each], SAMPLES) for each in (*read, *checks)}
    with attack_with(server, _make_slow_requests(), REFUSAL_PAUSE_SECONDS) as attack:
        _wait_until_refused(server)
        attacked = {each: measure(server, [each], SAMPLES) for each in (*read, *checks)}
        # What others have not asked before is computed too.
        assert get(server, "/v1/totals?place=place-7").status == 200
        refused_page = _request_until_refused(server, "/place/place-{}")
    assert 503 in attack.statuses
    assert "text/html" in refused_page and "Retry-After: " in refused_page
    before, during = ([each for path in read for each in times[path]] for times in (calm, attacked))
    assert find_slowdown(before, during, 99) <= MAX_SLOWDOWN
    # A check that waited for a thread would wait until a slow total, or its wait for a slot, ends.
    assert max(max(attacked[path]) for path in checks) < WAIT_SECONDS / 2


def _wait_until_refused(server: RunningServer) -> None:
    """Wait until all slots that the attackers can have are taken."""
    deadline = time.monotonic() + 60
    while not _count_refusals(server):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _count_refusals(server: RunningServer) -> float:
    samples = scrape(server.url)
    return get_sample_value(samples, "casualty_refused_total", reason="overloaded", work="reading")


def _request_until_refused(server: RunningServer, path: str) -> str:
    """Return the head of the first refusal that the attackers' own address gets for a page."""
    for number in range(20):
        answer = get(server, path.format(number), "Accept: text/html", source=ATTACKER)
        if answer.status == 503:
            assert b"Too many large questions at once" in answer.body
            return answer.head
    raise AssertionError("no page was refused")


def test_a_refusal_is_a_problem_that_says_when_to_try_again(server: RunningServer) -> None:
    with attack_with(server, _make_slow_requests(), REFUSAL_PAUSE_SECONDS):
        _wait_until_refused(server)
        for number in range(100):
            answer = get(
                server, f"/v1/totals?from=2024-01-{1 + number % 28:02}&by=day", source=ATTACKER
            )
            if answer.status == 503:
                break
    assert answer.status == 503
    assert "Retry-After: 5" in answer.head
    assert "application/problem+json" in answer.head
    assert json.loads(answer.body)["status"] == 503

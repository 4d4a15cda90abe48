"""Questions as of ever other moments do not evict, or lock, the states that others read."""

from collections.abc import Iterator

import pytest

from tests.attacks.toolkit import (
    MAX_SLOWDOWN,
    REAL_BUDGETS,
    attack_with,
    find_slowdown,
    make_request,
    measure,
    record_interlocked_reports,
)
from tests.support.gunicorn_server import RunningServer, run_server

REPORTS = 200
READ = ["/v1/totals?place=place-1", "/v1/totals?place=place-2&by=outcome", "/"]
SAMPLES = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("moments")
    with run_server(folder, WEB_CONCURRENCY="1", **REAL_BUDGETS) as running:
        record_interlocked_reports(running, REPORTS)
        yield running


def test_changing_moments_delay_nobody_else(server: RunningServer) -> None:
    measure(server, READ, 3)
    calm = measure(server, READ, SAMPLES)
    requests = [
        make_request(f"/v1/totals?place=place-{number % 20}&as_of={REPORTS - 7 * number}")
        for number in range(24)
    ]
    times = []
    for start in range(0, len(requests), 8):  # Never the same moment twice.
        with attack_with(server, requests[start : start + 8], 0.5):
            times += measure(server, READ, 4)
    assert find_slowdown(calm, times, 80) <= MAX_SLOWDOWN

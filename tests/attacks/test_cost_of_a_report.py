"""A report that is as large as it may be costs little more than its size, and others get on."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from service.domain.entities import MAX_LEVELS
from tests.attacks.toolkit import REAL_BUDGETS, post
from tests.support.gunicorn_server import RunningServer, run_server

PLACES = [f"p{number}" for number in range(840)]
FIGURES = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_server(tmp_path_factory.mktemp("report"), **REAL_BUDGETS) as running:
        for start in range(0, len(PLACES), 420):
            names = PLACES[start : start + 420]
            post(
                running,
                "/v1/reports",
                _make_report([[{"id": each, "name": each}] for each in names]),
            )
        yield running


def _make_report(place_lists: list[list[Any]]) -> dict[str, Any]:
    return {
        "reporter": {"id": "hospital", "name": "Hospital"},
        "period": {"from": "2024-01-01", "to": "2024-01-01"},
        "figures": [
            {"outcomes": ["killed"], "low": number + 1, "high": number + 5, "places": places}
            for number, places in enumerate(place_lists)
        ],
    }


def _make_wide_report(figures: int, places: int, reporter: str) -> dict[str, Any]:
    """Return a report whose figures have as many places each, no two lists alike."""
    lists = [
        [PLACES[(number + step * (1 + number % 3)) % len(PLACES)] for step in range(places)]
        for number in range(figures)
    ]
    report = _make_report([list(dict.fromkeys(each)) for each in lists])
    return report | {"reporter": {"id": reporter, "name": reporter}}


def _measure_post(server: RunningServer, body: Any) -> float:
    started_at = time.monotonic()
    post(server, "/v1/reports", body)
    return time.monotonic() - started_at


def test_the_cost_of_a_report_grows_with_its_places_not_with_their_square(
    server: RunningServer,
) -> None:
    small = min(
        _measure_post(server, _make_wide_report(FIGURES, 50, f"small-{n}")) for n in range(3)
    )
    large = _measure_post(server, _make_wide_report(FIGURES, 800, "large"))
    # Sixteen times as many places; compared in pairs, they took two hundred times as long.
    assert large <= 32 * small


def test_others_write_while_a_large_report_is_checked(server: RunningServer) -> None:
    """All reports are planned in advance that take long; only to record them needs the turn."""
    large = _make_wide_report(200, 800, "large-beside-others")
    durations, others = [], []

    def post_large() -> None:
        durations.append(_measure_post(server, large))

    thread = threading.Thread(target=post_large)
    thread.start()
    while thread.is_alive():
        small = _make_report([["p1"]]) | {"reporter": {"id": f"b{len(others)}", "name": "B"}}
        others.append(_measure_post(server, small))
    thread.join()
    assert len(others) >= 5
    # The last one may have waited for the large one to be recorded.
    assert max(others) <= durations[0] / 3


def test_a_line_of_parents_ends_at_the_last_level(server: RunningServer) -> None:
    """What a batch would build a line with, each report one level further down."""
    reports = [
        _make_report(
            [
                [
                    {"id": f"level-{level}", "name": "Level"}
                    | ({"parent": f"level-{level - 1}"} if level > 1 else {})
                ]
            ]
        )
        for level in range(1, MAX_LEVELS + 20)
    ]
    results = post(server, "/v1/reports/batch", {"reports": reports})["results"]
    statuses = [each["status"] for each in results]
    assert statuses == [201] * MAX_LEVELS + [422] * 19
    error = results[MAX_LEVELS]["problem"]["errors"][0]
    assert error["pointer"] == "/figures/0/places/0/parent"


def test_reports_about_the_deepest_place_cost_as_much_as_those_about_the_highest(
    server: RunningServer,
) -> None:
    def measure_batch(place: str, first: int) -> float:
        reports = [
            _make_report([[place]]) | {"reporter": {"id": f"r-{first + number}", "name": "R"}}
            for number in range(150)
        ]
        started_at = time.monotonic()
        results = post(server, "/v1/reports/batch", {"reports": reports})["results"]
        assert {each["status"] for each in results} == {201}
        return time.monotonic() - started_at

    line = [{"id": "deep-1", "name": "D"}] + [
        {"id": f"deep-{level}", "name": "D", "parent": f"deep-{level - 1}"}
        for level in range(2, MAX_LEVELS + 1)
    ]
    post(server, "/v1/reports", _make_report([[each] for each in line]))
    measure_batch("p0", 0)
    highest = min(measure_batch("p1", 1000), measure_batch("p2", 2000))
    assert measure_batch(f"deep-{MAX_LEVELS}", 3000) <= 5 * highest

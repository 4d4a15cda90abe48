"""Totals of three records that look simple and were not: exact in half a second, 10 ms when kept.

A floor for a whole country over 1,000 disputed villages; 10,000 figures of one reporter without
incidents; a year of running totals, one a day, beside 5,000 events. Each total is asked over the
API for the first time, and then three times more.

    python benchmarks/hard_records.py
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from flask.testing import FlaskClient

from benchmarks.recording import open_recorder
from tests.conftest import AMPLE_BUDGETS

FIRST_DAY: Final = date(2024, 1, 1)


def make_report(reporter: str, number: int, first: int, last: int, place: str, **more: Any) -> Any:
    """Return a report about days counted from the first; ``more`` has its other fields."""
    days = [str(FIRST_DAY + timedelta(days=each)) for each in (first, last)]
    return {
        "reporter": {"id": reporter, "name": reporter},
        "ref": f"{reporter}-{number}",
        "period": {"from": days[0], "to": days[1]},
        "places": [
            {
                "id": place,
                "name": place,
                **({"parent": {"id": "country", "name": "Country"}} if place != "country" else {}),
            }
        ],
        **more,
    }


def make_floor() -> Iterator[Any]:
    """Yield a floor of a country, and two figures of each of 1,000 villages that contradict."""
    yield make_report("un", 0, 0, 365, "country", figures=[_count(low=4_000)])
    for number in range(1_000):
        for reporter, people in (("one", 3), ("other", 5)):
            figures = [_count(exactly=people)]
            yield make_report(
                reporter, number, number % 300, number % 300, f"v{number}", figures=figures
            )


def make_single_reporter() -> Iterator[Any]:
    """Yield 10,000 figures of one reporter about 500 villages, without incidents."""
    for number in range(10_000):
        day = number * 7 % 365
        figures = [_count(low=number % 4)]
        yield make_report("one", number, day, day, f"v{number % 500}", figures=figures)


def make_running_totals() -> Iterator[Any]:
    """Yield 5,000 events with incidents, and 365 running totals that hold them."""
    people = [0] * 365
    for number in range(5_000):
        day = number * 11 % 365
        people[day] += number % 3
        figures = [_count(exactly=number % 3)]
        yield make_report(
            "register",
            number,
            day,
            day,
            f"v{number % 500}",
            figures=figures,
            incident=f"r:{number}",
        )
    total = 0
    for day, own in enumerate(people):
        total += own
        yield make_report("ministry", day, 0, day, "country", figures=[_count(low=total)])


def _count(**quantity: int) -> dict[str, Any]:
    return {"outcomes": ["killed"], **quantity}


RECORDS: Final = {
    "a floor over 1,000 disputed villages": make_floor,
    "10,000 figures of one reporter": make_single_reporter,
    "a year of running totals, 5,000 events": make_running_totals,
}


def ask(client: FlaskClient, path: str) -> tuple[float, Any]:
    """Return the seconds of an answer, and its total."""
    started = time.perf_counter()
    response = client.get(path)
    seconds = time.perf_counter() - started
    return seconds, response.get_json()["totals"][0]


def main() -> None:
    """Measure and print."""
    for name, make in RECORDS.items():
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            recorder = open_recorder(Path(folder) / "casualties.db", **AMPLE_BUDGETS)
            recorder.record(make())
            for place in ("country", "v7"):
                path = f"/v1/totals?place={place}&outcomes=killed"
                first, total = ask(recorder.client, path)
                again = statistics.median(ask(recorder.client, path)[0] for _ in range(3))
                high = "open" if total["high"] is None else f"{total['high']:,}"
                times = f"{1_000 * first:>8,.0f} ms, again {1_000 * again:>5.1f} ms"
                is_exact = "exact" if total["exact"] else "not exact"
                print(f"{name:<40} {place:<8} {times}  {total['low']:,} to {high}, {is_exact}")


if __name__ == "__main__":
    main()

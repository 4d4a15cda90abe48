"""What one machine carries on each engine: taking in, answering and writing, side by side.

A country of 20 districts with 25 villages each; every report is of one village and day. SQLite
keeps its file, and PostgreSQL (the release that the tests use) its files, in a temporary folder on
the disk; both wait for the disk before a write is acknowledged.

    python benchmarks/engines.py                 1,000 and 10,000 reports
    python benchmarks/engines.py 100000          so many
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from schemas.report import ReportIn
from service.domain.listing import ReportsAsked
from service.domain.question import Question
from service.domain.submission import Submission
from service.store.database import Store
from service.store.opening import open_store
from service.usecases import batches, changes, reports, totals
from service.usecases.snapshot import Snapshots
from tests import postgres

DISTRICTS, VILLAGES, DAYS = 20, 25, 300
TOGETHER = 500
WRITERS = 8
SECONDS = 3.0
FIRST = date(2024, 1, 1)
NOW = datetime(2026, 1, 5, tzinfo=UTC)
RELEASE = "18"

_ids = count()


@dataclass
class Line:
    """One row: what is done, and the seconds or the rate on each engine."""

    what: str
    unit: str
    found: dict[str, float]


def submission(number: int) -> Submission:
    """Return one report of one village; the first ones describe the country."""
    village = number % (DISTRICTS * VILLAGES)
    district = f"district-{village % DISTRICTS}"
    day = (FIRST + timedelta(days=number // 7 % DAYS)).isoformat()
    loaded: Submission = ReportIn().load(
        {
            "reporter": {"id": f"reporter-{number % 7}", "name": f"Reporter {number % 7}"},
            "ref": f"{number}",
            "period": {"from": day, "to": day},
            "places": [
                {"id": "land", "name": "Land"},
                {"id": district, "name": district, "parent": "land"},
                {"id": f"village-{village}", "name": f"Village {village}", "parent": district},
            ],
            "figures": [
                {
                    "outcomes": ["killed", "wounded"] if number % 3 else ["killed"],
                    "places": [f"village-{village}"],
                    **({"low": number % 9} if number % 2 else {"wording": "at least 3"}),
                }
            ],
            "quote": f"Some were killed or wounded near village {village}, said number {number}",
        }
    )
    return loaded


def _new_id() -> str:
    return f"r{next(_ids)}"


def taken_in(store: Store, sent: Iterator[Submission]) -> None:
    """Record the reports in batches."""
    while some := list(islice(sent, TOGETHER)):
        batches.submit_all(store, some, atomic=True, actor=None, now=NOW, new_id=_new_id)


def took(work: Callable[[], Any], times: int = 1) -> float:
    """Return the median seconds that the work takes."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def written(store: Store, reports_known: int) -> tuple[float, float, float]:
    """Return writes a second by several threads, and p50 and p99 of the seconds that one took."""
    end, waited = time.perf_counter() + SECONDS, []

    def write(writer: int) -> None:
        for number in count(reports_known + 10_000_000 * (writer + 1)):
            began = time.perf_counter()
            if began > end:
                return
            reports.submit(store, submission(number), actor=None, now=NOW, new_id=_new_id)
            waited.append(time.perf_counter() - began)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    waited.sort()
    return len(waited) / SECONDS, statistics.median(waited), waited[int(len(waited) * 0.99)]


def measured(store: Store, size: int) -> Iterator[tuple[str, str, float]]:
    """Yield what was measured of a new store with so many reports."""
    store.migrate()
    seconds = took(lambda: taken_in(store, map(submission, range(size))))
    yield "taken in, in batches of 500", "reports/s", size / seconds
    snapshots = Snapshots()

    def ask(question: Question) -> Any:
        seq = totals.moment_asked(store, question, NOW)
        return totals.totals(store, snapshots, question, seq, 60, 600)

    land, village = Question(places=("land",)), Question(places=("village-7",))
    yield "first total after a change", "ms", 1000 * took(lambda: ask(village))
    yield (
        "total of another village",
        "ms",
        1000 * took(lambda: ask(replace(village, places=(f"village-{next(_ids) % 500}",))), 20),
    )
    yield "total of the country", "ms", 1000 * took(lambda: ask(land))
    page = ReportsAsked(limit=100)
    yield "100 reports", "ms", 1000 * took(lambda: reports.find(store, page, NOW), 20)
    search = replace(page, words="wounded village 7")
    yield (
        "100 reports found by words",
        "ms",
        1000 * took(lambda: reports.find(store, search, NOW), 20),
    )
    yield (
        "100 entries of the feed",
        "ms",
        1000 * took(lambda: changes.changes(store, size // 2, 100), 20),
    )
    rate, half, most = written(store, size)
    yield f"written by {WRITERS} at once", "reports/s", rate
    yield "… of which half within", "ms", 1000 * half
    yield "… and 99 of 100 within", "ms", 1000 * most


@contextmanager
def engines() -> Iterator[dict[str, Callable[[str], Path | str]]]:
    """Yield, for each engine, what makes the address of a new database of the name."""
    with tempfile.TemporaryDirectory() as folder:
        made: dict[str, Callable[[str], Path | str]] = {
            "SQLite": lambda name: Path(folder) / f"{name}.db"
        }
        if postgres.binaries(RELEASE) is None:
            yield made
            return
        with postgres.running(RELEASE, durable=True) as url:
            yield {**made, f"PostgreSQL {RELEASE}": lambda name: postgres.schema(url, name)}


def table(lines: Sequence[Line], names: Sequence[str]) -> str:
    """Return the lines as a table for a person, with the ratio of the last engine to the first."""
    rows = [("", *names, "ratio", "")]
    for line in lines:
        cells = [f"{line.found[name]:,.1f}" for name in names]
        ratio = line.found[names[-1]] / line.found[names[0]]
        rows.append((line.what, *cells, f"{ratio:.2f}", line.unit))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, len(row) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("reports", nargs="*", type=int, default=[1_000, 10_000])
    asked = parser.parse_args()
    with engines() as made:
        for size in asked.reports:
            lines: dict[str, Line] = {}
            for name, address in made.items():
                print(f"{size:,} reports, {name} …", file=sys.stderr)
                store = open_store(address(f"with_{size}"), 60)
                for what, unit, number in measured(store, size):
                    lines.setdefault(what, Line(what, unit, {})).found[name] = number
                store.close()
            print(f"\n{size:,} reports\n{table([*lines.values()], [*made])}")


if __name__ == "__main__":
    main()

"""How fast reports are recorded by many writers at once, beside one transaction for each write.

Each process has 8 threads that submit reports one after another to the same new file, as a worker
of the server does. "plain" is what SQLite offers by itself: BEGIN IMMEDIATE, and its own way of
waiting for another writer. Both wait for the disk before a write is acknowledged.

    python benchmarks/writes.py            1, 2 and 4 processes, 3 seconds each
    python benchmarks/writes.py 2 8 --seconds 10
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from schemas.report_in import ReportIn
from service.domain.errors import LockTimeoutError
from service.domain.submission import Submission
from service.store.interface import Database, translated
from service.store.sqlite.connections import begun, translation
from service.store.sqlite.engine import SqliteDatabase, SqliteStore
from service.usecases import reports

THREADS = 8
PLACES = 200
APART = multiprocessing.get_context("spawn")

Result = TypeVar("Result")


class Plain(SqliteStore):
    """A store in which each write is a transaction of its own, and SQLite does the waiting."""

    def write(self, job: Callable[[Database], Result]) -> Result:
        """Return what the job returns, once what it wrote is on disk."""
        with (
            translated(translation),
            self._connection() as conn,
            begun(conn, "BEGIN IMMEDIATE"),
        ):
            return job(SqliteDatabase(conn))


WAYS: dict[str, type[SqliteStore]] = {"plain": Plain, "in groups": SqliteStore}


@dataclass
class Line:
    """One row of the table; the seconds that each acknowledged write took, in order."""

    processes: int
    way: str
    seconds: float
    took: list[float]
    refused: int

    @property
    def rate(self) -> float:
        """Acknowledged writes in a second."""
        return len(self.took) / self.seconds

    def percentile(self, part: float) -> float:
        """Return the milliseconds within which that part of the writes was acknowledged."""
        return self.took[min(int(part * len(self.took)), len(self.took) - 1)] * 1000


def report(number: int) -> Submission:
    """Return a small report, of a place that others speak of too."""
    place, day = f"place-{number % PLACES}", f"2024-12-{number % 28 + 1:02}"
    loaded: Submission = ReportIn().load(
        {
            "reporter": {"id": f"reporter-{number % 5}", "name": f"Reporter {number % 5}"},
            "period": {"from": day, "to": day},
            "places": [{"id": place, "name": place}],
            "figures": [{"outcomes": ["killed", "wounded"], "low": number % 30}],
        }
    )
    return loaded


def submit(
    store: SqliteStore,
    sent: Sequence[Submission],
    name: str,
    seconds: float,
    took: list[float],
    refused: list[str],
) -> None:
    """Submit reports until the time is over, noting how long each took."""
    end = time.perf_counter() + seconds
    for number in count():
        begin = time.perf_counter()
        if begin > end:
            return
        id = f"{name}-{number}"
        what = replace(sent[number % len(sent)], ref=id)
        try:
            reports.submit(store, what, actor=None, now=datetime.now(UTC), new_id=partial(str, id))
            took.append(time.perf_counter() - begin)
        except LockTimeoutError:
            refused.append(id)


def process(path: str, way: str, seconds: float, name: str, ready: Any, results: Any) -> None:
    """Let the threads of one process submit, together with all other processes."""
    store = WAYS[way](Path(path))
    sent = [report(number) for number in range(PLACES)]
    took: list[float] = []
    refused: list[str] = []
    threads = [
        Thread(target=submit, args=(store, sent, f"{name}-{number}", seconds, took, refused))
        for number in range(THREADS)
    ]
    ready.wait()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((took, len(refused)))


def measure(processes: int, way: str, seconds: float) -> Line:
    """Return one row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "casualties.db")
        SqliteStore(Path(path)).migrate()
        ready, results = APART.Barrier(processes), APART.Queue()
        started = [
            APART.Process(target=process, args=(path, way, seconds, f"p{n}", ready, results))
            for n in range(processes)
        ]
        for each in started:
            each.start()
        told = [results.get() for _ in started]
        for each in started:
            each.join()
    took = sorted(one for some, _ in told for one in some)
    return Line(processes, way, seconds, took, sum(refused for _, refused in told))


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a table for a person."""
    heads = ("writers", "way", "writes/s", "p50", "p99", "slowest", "refused", "to plain")
    rows = [heads]
    plain = {line.processes: line.rate for line in lines if line.way == "plain"}
    for line in lines:
        p50, p99, slowest = (f"{line.percentile(part):,.1f} ms" for part in (0.5, 0.99, 1))
        rate, ratio = f"{line.rate:,.0f}", f"{line.rate / plain[line.processes]:.1f} x"
        writers, refused = f"{line.processes} x {THREADS}", f"{line.refused:,}"
        rows.append((writers, line.way, rate, p50, p99, slowest, refused, ratio))
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("processes", nargs="*", type=int, default=[1, 2, 4], metavar="PROCESSES")
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    lines: list[Line] = []
    for processes in asked.processes:
        for way in WAYS:
            print(f"{processes} x {THREADS} writers, {way} …", file=sys.stderr)
            lines.append(measure(processes, way, asked.seconds))
    print(table(lines))


if __name__ == "__main__":
    main()

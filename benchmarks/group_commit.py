"""The write rate of many writers with group commit, and with one transaction for each write.

Each process has 8 threads that submit reports one after another to the same new file, as a worker
of the server does. "plain" is what SQLite offers by itself: BEGIN IMMEDIATE, and its own way of
waiting for another writer. Both wait for the disk before a write is acknowledged.

    python benchmarks/group_commit.py            1, 2 and 4 processes, 3 seconds each
    python benchmarks/group_commit.py 2 8 --seconds 10
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
from service.store.interface import Connection, translate_errors
from service.store.sqlite.connections import SqliteConnection, begin_transaction, to_domain_error
from service.store.sqlite.engine import SqliteStore
from service.usecases import reports

THREADS_PER_PROCESS = 8
PLACE_COUNT = 200
SPAWN = multiprocessing.get_context("spawn")

Result = TypeVar("Result")


class SingleTransactionStore(SqliteStore):
    """A store in which each write is a transaction of its own, and SQLite does the waiting."""

    def write(self, job: Callable[[Connection], Result], *, is_long: bool = False) -> Result:
        """Return what the job returns, once what it wrote is on disk."""
        with (
            translate_errors(to_domain_error),
            self._borrow_connection() as conn,
            begin_transaction(conn, "BEGIN IMMEDIATE"),
        ):
            return job(SqliteConnection(conn))


STORES: dict[str, type[SqliteStore]] = {"plain": SingleTransactionStore, "in groups": SqliteStore}


@dataclass
class Measurement:
    """One row of the table; the seconds that each acknowledged write took, in order."""

    processes: int
    store_name: str
    seconds: float
    durations: list[float]
    refused: int

    @property
    def rate(self) -> float:
        """Acknowledged writes in a second."""
        return len(self.durations) / self.seconds

    def percentile(self, fraction: float) -> float:
        """Return the milliseconds within which that part of the writes was acknowledged."""
        return (
            self.durations[min(int(fraction * len(self.durations)), len(self.durations) - 1)] * 1000
        )


def make_submission(number: int) -> Submission:
    """Return a small report of a place that other reports have too."""
    place, day = f"place-{number % PLACE_COUNT}", f"2024-12-{number % 28 + 1:02}"
    loaded: Submission = ReportIn().load(
        {
            "reporter": {"id": f"reporter-{number % 5}", "name": f"Reporter {number % 5}"},
            "period": {"from": day, "to": day},
            "places": [{"id": place, "name": place}],
            "figures": [{"outcomes": ["killed", "wounded"], "low": number % 30}],
        }
    )
    return loaded


def submit_until_end(
    store: SqliteStore,
    submissions: Sequence[Submission],
    name: str,
    seconds: float,
    durations: list[float],
    refused_refs: list[str],
) -> None:
    """Submit reports until the time is over, noting how long each took."""
    end = time.perf_counter() + seconds
    for number in count():
        begin = time.perf_counter()
        if begin > end:
            return
        ref = f"{name}-{number}"
        submission = replace(submissions[number % len(submissions)], ref=ref)
        try:
            reports.submit_report(
                store, submission, actor=None, now=datetime.now(UTC), new_id=partial(str, ref)
            )
            durations.append(time.perf_counter() - begin)
        except LockTimeoutError:
            refused_refs.append(ref)


def run_process(
    path: str, store_name: str, seconds: float, name: str, ready: Any, results: Any
) -> None:
    """Let the threads of one process submit, together with all other processes."""
    store = STORES[store_name](Path(path))
    submissions = [make_submission(number) for number in range(PLACE_COUNT)]
    durations: list[float] = []
    refused_refs: list[str] = []
    threads = [
        Thread(
            target=submit_until_end,
            args=(store, submissions, f"{name}-{number}", seconds, durations, refused_refs),
        )
        for number in range(THREADS_PER_PROCESS)
    ]
    ready.wait()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((durations, len(refused_refs)))


def measure_store(processes: int, store_name: str, seconds: float) -> Measurement:
    """Return one row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "casualties.db")
        SqliteStore(Path(path)).migrate()
        ready, results = SPAWN.Barrier(processes), SPAWN.Queue()
        started = [
            SPAWN.Process(
                target=run_process, args=(path, store_name, seconds, f"p{n}", ready, results)
            )
            for n in range(processes)
        ]
        for each in started:
            each.start()
        outcomes = [results.get() for _ in started]
        for each in started:
            each.join()
    durations = sorted(one for durations_of_process, _ in outcomes for one in durations_of_process)
    return Measurement(
        processes, store_name, seconds, durations, sum(refused for _, refused in outcomes)
    )


def format_table(lines: Sequence[Measurement]) -> str:
    """Return the lines as a table for a person."""
    heads = ("writers", "way", "writes/s", "p50", "p99", "slowest", "refused", "to plain")
    rows = [heads]
    plain = {line.processes: line.rate for line in lines if line.store_name == "plain"}
    for line in lines:
        p50, p99, slowest = (f"{line.percentile(part):,.1f} ms" for part in (0.5, 0.99, 1))
        rate, ratio = f"{line.rate:,.0f}", f"{line.rate / plain[line.processes]:.1f} x"
        writers, refused = f"{line.processes} x {THREADS_PER_PROCESS}", f"{line.refused:,}"
        rows.append((writers, line.store_name, rate, p50, p99, slowest, refused, ratio))
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
    arguments = parser.parse_args()
    lines: list[Measurement] = []
    for processes in arguments.processes:
        for store_name in STORES:
            print(f"{processes} x {THREADS_PER_PROCESS} writers, {store_name} …", file=sys.stderr)
            lines.append(measure_store(processes, store_name, arguments.seconds))
    print(format_table(lines))


if __name__ == "__main__":
    main()

"""Write and query performance of one machine, on each engine.

A country of 20 districts with 25 villages each; every report is of one village and day. SQLite
keeps its file, and PostgreSQL (the release that the tests use) its files, in a temporary folder on
the disk; both wait for the disk before a write is acknowledged.

    python benchmarks/database_engines.py                 1,000 and 10,000 reports
    python benchmarks/database_engines.py 100000          so many; these take half an hour
    python benchmarks/database_engines.py --write         also puts the figures into docs/scaling.md
"""

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

from schemas.report_in import ReportIn
from service.domain.list_queries import ReportListQuery
from service.domain.submission import BatchOptions, Submission
from service.domain.totals_query import TotalsQuery
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases import batches, changes, reports, totals
from service.usecases.consistency import MonotonicReader
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget
from tests.faults.results import describe_machine, replace_between_markers
from tests.support import postgres
from tests.support.paths import ROOT

DOCUMENT = ROOT / "docs" / "scaling.md"
BEGIN_FIGURES = "<!-- figures: written by benchmarks/database_engines.py --write -->\n"

DISTRICTS, VILLAGES, DAYS = 20, 25, 300
BATCH_SIZE = 500
WRITERS = 8
SECONDS = 3.0
TOTALS_COUNT = 300
FIRST_DAY = date(2024, 1, 1)
NOW = datetime(2026, 1, 5, tzinfo=UTC)
RELEASE = "18"

_ids = count()
_write_series = count(1)


@dataclass
class Measurement:
    """One row: what is done, and the seconds or the rate on each engine."""

    label: str
    unit: str
    values: dict[str, float]


def make_submission(number: int) -> Submission:
    """Return one report of one village; the first ones describe the country."""
    village = number % (DISTRICTS * VILLAGES)
    district = f"district-{village % DISTRICTS}"
    day = (FIRST_DAY + timedelta(days=number // 7 % DAYS)).isoformat()
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


def submit_in_batches(store: Store, submissions: Iterator[Submission]) -> None:
    """Record the reports in batches."""
    while batch := list(islice(submissions, BATCH_SIZE)):
        options = BatchOptions(is_atomic=True)
        batches.submit_batch(store, batch, options=options, actor=None, now=NOW, new_id=_new_id)


def measure_durations(work: Callable[[], Any], times: int) -> list[float]:
    """Return the milliseconds that the work takes each time, shortest first."""
    milliseconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        milliseconds.append(1000 * (time.perf_counter() - began))
    return sorted(milliseconds)


def measure_median(work: Callable[[], Any], times: int = 1) -> float:
    """Return the median milliseconds that the work takes."""
    return statistics.median(measure_durations(work, times))


def percentile_99(durations: Sequence[float]) -> float:
    """Return within how long 99 of 100 were done, of the times in order."""
    return durations[int(len(durations) * 0.99)]


def measure_writes(store: Store, writers: int) -> tuple[float, list[float]]:
    """Return writes a second by so many threads, and the milliseconds that each took, in order."""
    end, durations = time.perf_counter() + SECONDS, []

    def write(first: int) -> None:
        for number in count(first):
            began = time.perf_counter()
            if began > end:
                return
            reports.submit_report(
                store, make_submission(number), actor=None, now=NOW, new_id=_new_id
            )
            durations.append(1000 * (time.perf_counter() - began))

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, [10_000_000 * next(_write_series) for _ in range(writers)]))
    return len(durations) / SECONDS, sorted(durations)


def measure_store(store: Store, size: int) -> Iterator[tuple[str, str, float]]:
    """Yield what was measured of a new store with so many reports."""
    store.migrate()
    empty = store.size()
    yield (
        f"written in batches of {BATCH_SIZE}",
        "reports/s",
        1000
        * size
        / measure_median(lambda: submit_in_batches(store, map(make_submission, range(size)))),
    )
    store.erase_overwritten()  # What waits in SQLite's log is no part of the size.
    yield "size of the database", "MiB", (store.size() - empty) / 2**20
    snapshots = StateCache()

    def ask(place: str) -> Any:
        query = TotalsQuery(places=(place,))
        reader = RequestReader(MonotonicReader(store), snapshots)
        return totals.compute_totals(reader, query, reader.seq, TimeBudget(60, 600))

    yield "first total after a change", "ms", measure_median(lambda: ask("village-7"))
    villages = cycle(range(min(size, DISTRICTS * VILLAGES)))
    durations = measure_durations(lambda: ask(f"village-{next(villages)}"), TOTALS_COUNT)
    yield "total of a village, half within", "ms", statistics.median(durations)
    yield "total of a village, 99 of 100 within", "ms", percentile_99(durations)
    yield "total of the country", "ms", measure_median(lambda: ask("land"))
    page = ReportListQuery(limit=100)
    yield "100 reports", "ms", measure_median(lambda: reports.list_reports(store, page, NOW), 20)
    search = replace(page, words="wounded village 7")
    yield (
        "100 reports found by words",
        "ms",
        measure_median(lambda: reports.list_reports(store, search, NOW), 20),
    )
    feed = partial(changes.load_changes, store, size // 2, 100)
    yield "100 entries of the feed", "ms", measure_median(feed, 20)
    for writers, by in ((1, "one after another"), (WRITERS, f"by {WRITERS} at once")):
        rate, durations = measure_writes(store, writers)
        yield f"written {by}", "reports/s", rate
        yield f"written {by}, half within", "ms", statistics.median(durations)
        yield f"written {by}, 99 of 100 within", "ms", percentile_99(durations)


@contextmanager
def make_databases() -> Iterator[dict[str, Callable[[str], Path | str]]]:
    """Yield, for each engine, what makes the address of a new database of the name."""
    with tempfile.TemporaryDirectory() as folder:
        address_makers: dict[str, Callable[[str], Path | str]] = {
            "SQLite": lambda name: Path(folder) / f"{name}.db"
        }
        if postgres.find_binaries(RELEASE) is None:
            yield address_makers
            return
        with postgres.run_server(RELEASE, durable=True) as url:
            yield {
                **address_makers,
                f"PostgreSQL {RELEASE}": lambda name: postgres.create_schema(url, name),
            }


def build_rows(lines: Sequence[Measurement], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the cells of the lines, with the ratio of the last engine to the first."""
    table: list[tuple[str, ...]] = [("", *names, "ratio", "")]
    for line in lines:
        cells = [f"{line.values[name]:,.1f}" for name in names]
        ratio = line.values[names[-1]] / line.values[names[0]]
        table.append((line.label, *cells, f"{ratio:.2f}", line.unit))
    return table


def format_for_terminal(cells: Sequence[tuple[str, ...]]) -> str:
    """Return the table for a terminal."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, len(row) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def format_as_markdown(cells: Sequence[tuple[str, ...]]) -> str:
    """Return the table for the document."""
    head, *rest = ["| " + " | ".join(row) + " |\n" for row in cells]
    rule = "|---|" + "---:|" * (len(cells[0]) - 2) + "---|\n"
    return "".join((head, rule, *rest))


def write_document(
    tables: Mapping[int, Sequence[tuple[str, ...]]], document: Path = DOCUMENT
) -> None:
    """Put the tables into the document, by their numbers of reports; writes."""
    programs = f"SQLite {sqlite3.sqlite_version} and PostgreSQL {RELEASE}"
    parts = [f"On {describe_machine()}, {programs}.\n"]
    parts += [
        f"With {size:,} reports:\n\n{format_as_markdown(cells)}" for size, cells in tables.items()
    ]
    replace_between_markers("\n".join(parts), document, BEGIN_FIGURES)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("reports", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    tables = {}
    with make_databases() as address_makers:
        if arguments.write and len(address_makers) < 2:
            parser.error(f"PostgreSQL {RELEASE} is not installed")
        for size in arguments.reports:
            lines: dict[str, Measurement] = {}
            for name, address in address_makers.items():
                print(f"{size:,} reports, {name} …", file=sys.stderr)
                store = open_store(address(f"with_{size}"), 60)
                for label, unit, number in measure_store(store, size):
                    lines.setdefault(label, Measurement(label, unit, {})).values[name] = number
                store.close()
            tables[size] = build_rows([*lines.values()], [*address_makers])
            print(f"\n{size:,} reports\n{format_for_terminal(tables[size])}")
    if arguments.write:
        write_document(tables)


if __name__ == "__main__":
    main()

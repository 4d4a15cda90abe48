"""What one machine carries on each engine: writing and answering, side by side.

A country of 20 districts with 25 villages each; every report is of one village and day. SQLite
keeps its file, and PostgreSQL (the release that the tests use) its files, in a temporary folder on
the disk; both wait for the disk before a write is acknowledged.

    python benchmarks/engines.py                 1,000 and 10,000 reports
    python benchmarks/engines.py 100000          so many; these take half an hour
    python benchmarks/engines.py --write         also puts the figures into docs/scaling.md
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
from service.domain.submission import Submission
from service.domain.totals_query import TotalsQuery
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases import batches, changes, reports, totals
from service.usecases.state_cache import Snapshots
from service.usecases.time_budget import Budget
from tests import postgres
from tests.faults.figures import machine, put
from tests.serving import ROOT

DOCUMENT = ROOT / "docs" / "scaling.md"
BEGIN_FIGURES = "<!-- figures: written by benchmarks/engines.py --write -->\n"

DISTRICTS, VILLAGES, DAYS = 20, 25, 300
TOGETHER = 500
WRITERS = 8
SECONDS = 3.0
ASKED = 300
FIRST = date(2024, 1, 1)
NOW = datetime(2026, 1, 5, tzinfo=UTC)
RELEASE = "18"

_ids = count()
_series = count(1)


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


def waits(work: Callable[[], Any], times: int) -> list[float]:
    """Return the milliseconds that the work takes each time, shortest first."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - began))
    return sorted(found)


def took(work: Callable[[], Any], times: int = 1) -> float:
    """Return the median milliseconds that the work takes."""
    return statistics.median(waits(work, times))


def most(waited: Sequence[float]) -> float:
    """Return within how long 99 of 100 were done, of the times in order."""
    return waited[int(len(waited) * 0.99)]


def written(store: Store, writers: int) -> tuple[float, list[float]]:
    """Return writes a second by so many threads, and the milliseconds that each took, in order."""
    end, waited = time.perf_counter() + SECONDS, []

    def write(first: int) -> None:
        for number in count(first):
            began = time.perf_counter()
            if began > end:
                return
            reports.submit(store, submission(number), actor=None, now=NOW, new_id=_new_id)
            waited.append(1000 * (time.perf_counter() - began))

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, [10_000_000 * next(_series) for _ in range(writers)]))
    return len(waited) / SECONDS, sorted(waited)


def measured(store: Store, size: int) -> Iterator[tuple[str, str, float]]:
    """Yield what was measured of a new store with so many reports."""
    store.migrate()
    empty = store.size()
    yield (
        f"written in batches of {TOGETHER}",
        "reports/s",
        1000 * size / took(lambda: taken_in(store, map(submission, range(size)))),
    )
    store.forget()  # What waits in SQLite's log is no part of the size.
    yield "size of the database", "MiB", (store.size() - empty) / 2**20
    snapshots = Snapshots()

    def ask(place: str) -> Any:
        question = TotalsQuery(places=(place,))
        seq = totals.moment_asked(store, question, NOW)
        return totals.totals(store, snapshots, question, seq, Budget(60, 600))

    yield "first total after a change", "ms", took(lambda: ask("village-7"))
    villages = cycle(range(min(size, DISTRICTS * VILLAGES)))
    asked = waits(lambda: ask(f"village-{next(villages)}"), ASKED)
    yield "total of a village, half within", "ms", statistics.median(asked)
    yield "total of a village, 99 of 100 within", "ms", most(asked)
    yield "total of the country", "ms", took(lambda: ask("land"))
    page = ReportListQuery(limit=100)
    yield "100 reports", "ms", took(lambda: reports.find(store, page, NOW), 20)
    search = replace(page, words="wounded village 7")
    yield "100 reports found by words", "ms", took(lambda: reports.find(store, search, NOW), 20)
    feed = partial(changes.changes, store, size // 2, 100)
    yield "100 entries of the feed", "ms", took(feed, 20)
    for writers, by in ((1, "one after another"), (WRITERS, f"by {WRITERS} at once")):
        rate, waited = written(store, writers)
        yield f"written {by}", "reports/s", rate
        yield f"written {by}, half within", "ms", statistics.median(waited)
        yield f"written {by}, 99 of 100 within", "ms", most(waited)


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


def rows(lines: Sequence[Line], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the cells of the lines, with the ratio of the last engine to the first."""
    found: list[tuple[str, ...]] = [("", *names, "ratio", "")]
    for line in lines:
        cells = [f"{line.found[name]:,.1f}" for name in names]
        ratio = line.found[names[-1]] / line.found[names[0]]
        found.append((line.what, *cells, f"{ratio:.2f}", line.unit))
    return found


def shown(cells: Sequence[tuple[str, ...]]) -> str:
    """Return the table for a terminal."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, len(row) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def marked(cells: Sequence[tuple[str, ...]]) -> str:
    """Return the table for the document."""
    head, *rest = ["| " + " | ".join(row) + " |\n" for row in cells]
    rule = "|---|" + "---:|" * (len(cells[0]) - 2) + "---|\n"
    return "".join((head, rule, *rest))


def write(tables: Mapping[int, Sequence[tuple[str, ...]]], document: Path = DOCUMENT) -> None:
    """Put the tables into the document, by their numbers of reports; writes."""
    programs = f"SQLite {sqlite3.sqlite_version} and PostgreSQL {RELEASE}"
    parts = [f"On {machine()}, {programs}.\n"]
    parts += [f"With {size:,} reports:\n\n{marked(cells)}" for size, cells in tables.items()]
    put("\n".join(parts), document, BEGIN_FIGURES)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("reports", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    tables = {}
    with engines() as made:
        if asked.write and len(made) < 2:
            parser.error(f"PostgreSQL {RELEASE} is not installed")
        for size in asked.reports:
            lines: dict[str, Line] = {}
            for name, address in made.items():
                print(f"{size:,} reports, {name} …", file=sys.stderr)
                store = open_store(address(f"with_{size}"), 60)
                for what, unit, number in measured(store, size):
                    lines.setdefault(what, Line(what, unit, {})).found[name] = number
                store.close()
            tables[size] = rows([*lines.values()], [*made])
            print(f"\n{size:,} reports\n{shown(tables[size])}")
    if asked.write:
        write(tables)


if __name__ == "__main__":
    main()

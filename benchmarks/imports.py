"""How long published files take to be imported, and what their totals are.

    python benchmarks/imports.py                  the published files beside the project
    python benchmarks/imports.py --rows 350000    a made-up register of so many events, too

Each file is imported into an empty SQLite database. Beside its total stands the plain sum of the
published column over all rows, as a spreadsheet gives it. Then the page of the country of the
made-up register is opened three times: the first view reads the whole record.
"""

import argparse
import csv
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from service import create_app
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import OUTCOMES
from service.imports.file_import import FileImport
from service.imports.import_counts import ImportCounts
from service.imports.mapping import Mapping
from service.imports.shipped_maps import describe_import, load_mapping
from service.imports.store_receiver import StoreReceiver
from service.report_id import make_report_id
from service.settings import Settings
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases.consistency import MonotonicReader
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals

DATA: Final = Path(__file__).parents[2] / "shared" / "data"

PROVINCES, DISTRICTS, TOWNS = 20, 400, 5_000
FIRST_DAY: Final = date(1995, 1, 1)
DAYS: Final = 10_957


@dataclass(frozen=True)
class DataSet:
    """A file, its mapping, the place and the outcomes of its total, and the columns to add up."""

    map_name: str
    path: Path
    place: str
    outcomes: frozenset[str]
    columns: tuple[str, ...]


DATA_SETS: Final = (
    DataSet("ucdp-ged", DATA / "ucdp_ged/ged_syria_2016.csv", "syria",
            frozenset({"killed"}), ("low", "high")),
    DataSet("ucdp-ged", DATA / "ucdp_ged/ged_ukraine_to2019.csv", "ukraine",
            frozenset({"killed"}), ("low", "high")),
    DataSet("gaza-daily", DATA / "gaza_daily/casualties_daily_to_2024-06.json", "gaza-strip",
            frozenset({"killed"}), ("killed_cum",)),
    DataSet("general-staff", DATA / "ukr_general_staff/petro_personnel.json", "ukraine",
            frozenset({"killed", "wounded"}), ("personnel",)),
)  # fmt: skip


def write_register(path: Path, rows: int) -> None:
    """Write a made-up register in the columns of UCDP; the same one for the same number of rows."""
    chance = random.Random(rows)
    columns = (
        "id", "date_start", "date_end", "date_prec", "country", "adm_1", "adm_2",
        "where_coordinates", "where_prec", "latitude", "longitude", "side_a", "side_b",
        "type_of_violence", "low", "best", "high", "deaths_a", "deaths_b", "deaths_civilians",
    )  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for number in range(rows):
            town = chance.randrange(TOWNS)
            district = town % DISTRICTS
            day = (FIRST_DAY + timedelta(days=chance.randrange(DAYS))).isoformat()
            low = int(chance.expovariate(0.3))
            best = low + chance.choice((0, 0, 0, 1, 3))
            civilians = chance.randint(0, best)
            writer.writerow(
                (
                    number, day, day, chance.choice((1, 1, 1, 2, 3, 4)), "Testland",
                    f"Province {district % PROVINCES}", f"District {district}", f"Town {town}",
                    chance.choice((1, 1, 1, 2, 3, 4, 6)), 10 + town / 1_000, 20 + town / 1_000,
                    "Government", f"Rebels {chance.randrange(5)}", chance.choice((1, 1, 3)),
                    low, best, best + chance.choice((0, 0, 2, 5)), 0, best - civilians, civilians,
                )
            )  # fmt: skip


def add_up(data_set: DataSet) -> list[int]:
    """Return the plain sum of each column over all rows that have a number."""
    if data_set.path.suffix == ".json":
        rows: list[dict[str, Any]] = json.loads(data_set.path.read_text(encoding="utf-8"))
    else:
        with data_set.path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    return [sum(int(row.get(column) or 0) for row in rows) for column in data_set.columns]


@contextmanager
def open_empty_store() -> Iterator[tuple[Store, Path]]:
    """Yield a store in a temporary file, and the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        store = open_store(path, busy_seconds=10)
        store.prepare()
        try:
            yield store, path
        finally:
            store.close()


def run_import(store: Store, data_set: DataSet) -> tuple[ImportCounts, float]:
    """Return what became of the rows, and how many seconds it took."""
    mapping = load_mapping(data_set.map_name)
    if not isinstance(mapping, Mapping):
        raise TypeError(f"{data_set.map_name} is the mapping of a gazetteer")
    receiver = StoreReceiver(store, lambda: datetime.now(UTC), make_report_id)
    began = time.perf_counter()
    receiver.start_import(describe_import(data_set.path, data_set.map_name))
    file_import = FileImport(mapping, receiver)
    file_import.run(data_set.path)
    receiver.finish_import(file_import.counts)
    return file_import.counts, time.perf_counter() - began


def compute_total(store: Store, data_set: DataSet) -> str:
    """Return the total in words."""
    reader = RequestReader(MonotonicReader(store), StateCache())
    query = TotalsQuery(places=(data_set.place,), outcomes=(data_set.outcomes,))
    (found,) = compute_totals(reader, query, reader.seq, TimeBudget(60, 600)).totals
    return found.text


def report(name: str, counts: ImportCounts, seconds: float) -> None:
    """Print one line about an import, and its problems."""
    rate = counts.rows / seconds
    print(
        f"{name:36}{counts.rows:>9,}{counts.recorded + counts.replaced:>9,}"
        f"{counts.skipped.total():>9,}{counts.refused:>9,}{seconds:>9.1f}{rate:>9,.0f}"
    )
    for problem in counts.problems[:5]:
        print(f"    {problem.count:,} refused: {problem.column}: {problem.reason}")


def main() -> int:
    """Import everything and print what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=0, help="rows of the made-up register")
    rows = parser.parse_args().rows
    names = ("rows", "recorded", "skipped", "refused", "seconds", "rows/s")
    print(f"{'':36}{''.join(f'{name:>9}' for name in names)}")
    for data_set in DATA_SETS:
        if data_set.path.is_file():
            with open_empty_store() as (store, _):
                counts, seconds = run_import(store, data_set)
                report(data_set.path.name, counts, seconds)
                sums = " and ".join(
                    f"{name} {total:,}"
                    for name, total in zip(data_set.columns, add_up(data_set), strict=True)
                )
                print(f"    {data_set.place}: {compute_total(store, data_set)}; sums: {sums}")
    if rows:
        measure_register(rows)
    return 0


def measure_register(rows: int) -> None:
    """Import the made-up register and open the page of its country."""
    with tempfile.TemporaryDirectory() as folder, open_empty_store() as (store, database):
        path = Path(folder) / "register.csv"
        write_register(path, rows)
        data_set = DataSet("ucdp-ged", path, "testland", frozenset(OUTCOMES[:1]), ("low", "high"))
        counts, seconds = run_import(store, data_set)
        report(f"made up, {rows:,} rows", counts, seconds)
        sums = add_up(data_set)
        client = create_app(Settings(database=database, log_level="error")).test_client()
        for view in ("first", "second", "third"):
            began = time.perf_counter()
            page = client.get("/place/testland", buffered=True)
            print(f"    its page, {view}: {time.perf_counter() - began:.2f} s, {page.status_code}")
        print(f"    testland: {compute_total(store, data_set)}; sums: {sums[0]:,} and {sums[1]:,}")


if __name__ == "__main__":
    raise SystemExit(main())

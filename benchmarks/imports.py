"""How long published files take to be imported, and what their totals are.

    python benchmarks/imports.py                      every published file beside the project
    python benchmarks/imports.py syria-2016 katottg   some of them
    python benchmarks/imports.py register             a generated register of 350,000 events
    python benchmarks/imports.py --rows 20000 register --json

Each file is imported into an empty SQLite database, as ``python -m service import`` does it. Beside
its total stands what the published column has in all rows that were not refused: its sum, as a
spreadsheet gives it, or of a running total its last number. The page of the register's country and
its total are then asked for ten times: the first time reads the whole record, and several more
continue what an answer had no time for.
"""

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.generate import COUNTRY, write_register
from service import create_app
from service.cli.commands import GC_THRESHOLD
from service.domain.errors import TimeBudgetExceededError
from service.domain.totals_query import TotalsQuery
from service.imports.cells import parse_count
from service.imports.converted_rows import RefusedRow
from service.imports.file_import import FileImport
from service.imports.gazetteer import Gazetteer
from service.imports.gazetteer_import import GazetteerImport
from service.imports.import_counts import ImportCounts
from service.imports.mapping import Counts, Mapping
from service.imports.row_files import RowFile
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

REGISTER: Final = "register"
REGISTER_ROWS: Final = 350_000
SEED: Final = 1
VIEWS: Final = 10


@dataclass(frozen=True)
class DataSet:
    """A file and its mapping, the place and outcomes of its total, and the published columns.

    Without a place, the total is that of all places.
    """

    name: str
    map_name: str
    path: Path
    place: str = ""
    outcomes: tuple[str, ...] = ("killed",)
    columns: tuple[str, ...] = ()


DATA_SETS: Final = (
    DataSet("ukraine-to-2019", "ucdp-ged", DATA / "ucdp_ged/ged_ukraine_to2019.csv", "ukraine",
            columns=("low", "high")),
    DataSet("syria-2016", "ucdp-ged", DATA / "ucdp_ged/ged_syria_2016.csv", "syria",
            columns=("low", "high")),
    DataSet("world-sample", "ucdp-ged", DATA / "ucdp_ged/ged_global_sample1000_v23.csv",
            columns=("low", "high")),
    DataSet("gaza-daily", "gaza-daily", DATA / "gaza_daily/casualties_daily_to_2024-06.json",
            "gaza-strip", columns=("killed_cum",)),
    DataSet("general-staff", "general-staff", DATA / "ukr_general_staff/petro_personnel.json",
            "ukraine", ("killed", "wounded"), ("personnel",)),
    DataSet("katottg", "katottg", DATA / "gazetteer/ua_katottg.csv"),
)  # fmt: skip


@dataclass
class Measurement:
    """What the import of one file did, how long it took, and its total beside what is published.

    ``published`` has the sum of each column over the rows that were not refused, or the last number
    of a running total. ``page`` and ``answer`` are the seconds and the status of each request.
    """

    name: str
    rows: int
    recorded: int
    skipped: dict[str, int]
    refused: dict[str, int]
    seconds: float
    processor_seconds: float
    total: str = ""
    published: dict[str, int] = field(default_factory=dict)
    killed: int | None = None
    page: list[tuple[float, int]] = field(default_factory=list)
    answer: list[tuple[float, int]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Rows in a second."""
        return self.rows / self.seconds


@contextmanager
def open_empty_store() -> Iterator[tuple[Store, Path]]:
    """Yield a store in a temporary file, and the file."""
    # When it is idle, the store still empties its write-ahead log, perhaps while the folder goes.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "x.db"
        store = open_store(path, busy_seconds=10, is_bulk=True)
        store.prepare()
        try:
            yield store, path
        finally:
            store.close()


def measure_import(store: Store, data_set: DataSet) -> Measurement:
    """Import the file; return what became of its rows, and its total."""
    mapping = load_mapping(data_set.map_name)
    receiver = StoreReceiver(store, lambda: datetime.now(UTC), make_report_id)
    refused_lines: set[int] = set()

    def refuse(row: RefusedRow) -> None:
        refused_lines.add(row.line)

    began = _read_clocks()
    if isinstance(mapping, Gazetteer):
        gazetteer_import = GazetteerImport(mapping, receiver, refuse)
        gazetteer_import.run(data_set.path)
        recorded = gazetteer_import.ends.total()
        return _make_measurement(data_set, gazetteer_import.counts, recorded, began)
    receiver.start_import(describe_import(data_set.path, data_set.map_name))
    file_import = FileImport(mapping, receiver, refuse, converts_ahead=True)
    file_import.run(data_set.path)
    counts = file_import.counts
    receiver.finish_import(counts)
    measured = _make_measurement(data_set, counts, counts.recorded + counts.replaced, began)
    measured.total = compute_total(store, data_set)
    measured.published = read_published(mapping, data_set, refused_lines)
    return measured


def _read_clocks() -> tuple[float, float]:
    """Return the time, and the processor time of this process and of those that it has ended."""
    times = os.times()
    return time.perf_counter(), sum(times[:4])


def _make_measurement(
    data_set: DataSet, counts: ImportCounts, recorded: int, began: tuple[float, float]
) -> Measurement:
    seconds, processor_seconds = (
        now - then for now, then in zip(_read_clocks(), began, strict=True)
    )
    return Measurement(
        name=data_set.name,
        rows=counts.rows,
        recorded=recorded,
        skipped=dict(counts.skipped),
        refused={
            f"{each.column or 'row'}: {each.reason}": each.count for each in counts.problems
        },
        seconds=round(seconds, 3),
        processor_seconds=round(processor_seconds, 3),
    )  # fmt: skip


def compute_total(store: Store, data_set: DataSet) -> str:
    """Return the total in words."""
    reader = RequestReader(MonotonicReader(store), StateCache())
    places = (data_set.place,) if data_set.place else ()
    query = TotalsQuery(places=places, outcomes=(frozenset(data_set.outcomes),))
    try:
        (found,) = compute_totals(reader, query, reader.seq, TimeBudget(60, 600)).totals
    except TimeBudgetExceededError:
        return "not computed within ten minutes"
    return found.text


def read_published(mapping: Mapping, data_set: DataSet, refused_lines: set[int]) -> dict[str, int]:
    """Return the sum of each column over the rows that are not refused; the last running total."""
    numbers: dict[str, list[int]] = {column: [] for column in data_set.columns}
    for row in RowFile(data_set.path, mapping):
        if row.line not in refused_lines:
            for column, found in numbers.items():
                if row.cells[column]:
                    found.append(parse_count(row.cells[column]))
    if mapping.counts == Counts.RUNNING:
        return {f"last {column}": found[-1] for column, found in numbers.items()}
    return {f"sum of {column}": sum(found) for column, found in numbers.items()}


def measure_register(rows: int) -> Measurement:
    """Import a generated register; time the page of its country, and its total."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        open_empty_store() as (store, database),
    ):
        path = Path(folder) / "register.csv"
        killed = write_register(path, rows, SEED)
        data_set = DataSet(REGISTER, "ucdp-ged", path, COUNTRY.id, columns=("low", "high"))
        measured = measure_import(store, data_set)
        measured.killed = killed
        measured.page = _time_requests(database, f"/place/{COUNTRY.id}")
        measured.answer = _time_requests(database, f"/v1/totals?place={COUNTRY.id}&outcomes=killed")
    return measured


def _time_requests(database: Path, address: str) -> list[tuple[float, int]]:
    """Return how many seconds the same request takes a new service, and again, with the status."""
    client = create_app(Settings(database=database, log_level="error")).test_client()
    requests = []
    for _ in range(VIEWS):
        began = time.perf_counter()
        answer = client.get(address, buffered=True)
        requests.append((round(time.perf_counter() - began, 3), answer.status_code))
    return requests


HEADER: Final = (
    "| set | rows | recorded | skipped | refused | seconds | of processors | rows/s | total"
    " | published |\n|---|---:|---:|---:|---:|---:|---:|---:|---|---|"
)


def show_row(measured: Measurement) -> None:
    """Print one row of the table, and below it what needs more room."""
    published = ", ".join(f"{name} {number:,}" for name, number in measured.published.items())
    skipped, refused = sum(measured.skipped.values()), sum(measured.refused.values())
    print(
        f"| {measured.name} | {measured.rows:,} | {measured.recorded:,} | {skipped:,} |"
        f" {refused:,} | {measured.seconds:.1f} | {measured.processor_seconds:.1f} |"
        f" {measured.rate:,.0f} |"
        f" {measured.total or 'places'} | {published} |",
        flush=True,
    )


def show_notes(measured: Measurement) -> None:
    """Print why rows were refused or skipped, and what the register's requests took."""
    for title, reasons in (("refused", measured.refused), ("skipped", measured.skipped)):
        for reason, count in reasons.items():
            print(f"{measured.name}: {count:,} {title}: {reason}")
    if measured.killed is not None:
        print(f"{measured.name}: {measured.killed:,} people were killed in fact")
    for title, requests in (("page", measured.page), ("total", measured.answer)):
        if requests:
            first, *again = (f"{seconds:.2f} s ({status})" for seconds, status in requests)
            print(f"{measured.name}: {title} of the country: {first}, again {', '.join(again)}")


def main() -> int:
    """Import the chosen files and print the measurements."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*(each.name for each in DATA_SETS), REGISTER]
    parser.add_argument(
        "sets", nargs="*", metavar="SET",
        help=f"{', '.join(names)} (all published files that are there)",
    )  # fmt: skip
    parser.add_argument(
        "--rows",
        type=int,
        default=REGISTER_ROWS,
        help=f"events of the register ({REGISTER_ROWS:,})",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    unknown = [each for each in options.sets if each not in names]
    if unknown:
        parser.error(f"there is no set {', '.join(unknown)}")
    chosen = options.sets or names[:-1]
    gc.set_threshold(*GC_THRESHOLD)  # As every command does.
    measured = []
    if not options.json:
        print(HEADER)
    for measure in _list_measures(chosen, options.rows):
        measured.append(measure())
        if not options.json:
            show_row(measured[-1])
    if options.json:
        print(json.dumps([_describe(each) for each in measured], ensure_ascii=False, indent=2))
        return 0
    print()
    for each in measured:
        show_notes(each)
    return 0


def _list_measures(chosen: list[str], rows: int) -> Iterator[Callable[[], Measurement]]:
    """Yield what measures each of the chosen sets that is there."""
    for data_set in DATA_SETS:
        if data_set.name in chosen and data_set.path.is_file():
            yield lambda data_set=data_set: measure_file(data_set)
    if REGISTER in chosen:
        yield lambda: measure_register(rows)


def measure_file(data_set: DataSet) -> Measurement:
    """Import the file into an empty database; return what became of its rows, and its total."""
    with open_empty_store() as (store, _):
        return measure_import(store, data_set)


def _describe(measured: Measurement) -> dict[str, Any]:
    return {**asdict(measured), "rows_per_second": round(measured.rate)}


if __name__ == "__main__":
    raise SystemExit(main())

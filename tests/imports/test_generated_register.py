"""The generated register of the benchmarks: its total holds those who were killed in fact."""

import csv
from pathlib import Path

from benchmarks.generate import COUNTRY, write_register
from service.domain.totals_query import TotalsQuery
from service.imports.file_import import FileImport
from service.imports.mapping import Mapping
from service.imports.shipped_maps import load_mapping
from service.imports.store_receiver import StoreReceiver
from service.report_id import make_report_id
from service.store.interface import Store
from service.usecases.consistency import MonotonicReader
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals
from tests.conftest import START_TIME

EVENT_COUNT = 200


def test_the_total_of_a_generated_register_is_its_sum_and_holds_the_truth(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "register.csv"
    killed = write_register(path, EVENT_COUNT, seed=7)
    mapping = load_mapping("ucdp-ged")
    assert isinstance(mapping, Mapping)
    file_import = FileImport(mapping, StoreReceiver(store, lambda: START_TIME, make_report_id))
    file_import.run(path)
    assert file_import.counts.ends["added"] == EVENT_COUNT
    query = TotalsQuery(places=(COUNTRY.id,), outcomes=(frozenset({"killed"}),))
    reader = RequestReader(MonotonicReader(store), StateCache())
    (found,) = compute_totals(reader, query, reader.seq, TimeBudget(60, 600)).totals
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    low, high = (sum(int(row[name]) for row in rows) for name in ("low", "high"))
    assert (found.total.low, found.total.high) == (low, high)
    assert low < killed < high


def test_a_register_of_the_same_size_and_seed_is_the_same(tmp_path: Path) -> None:
    texts = []
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        write_register(tmp_path / name, EVENT_COUNT, seed)
        texts.append((tmp_path / name).read_text(encoding="utf-8"))
    assert texts[0] == texts[1] != texts[2]

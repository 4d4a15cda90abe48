"""docs/datasets.md is true: its table is what an import of each published file gives."""

import json
import re

import pytest

from benchmarks.imports import DATA_SETS, DataSet, Measurement, measure_file
from tests.support.paths import ROOT
from tests.support.real_records import FOLDER, require_data

TEXT = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")

ROWS = {
    name: cells
    for name, *cells in (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TEXT.splitlines()
        if line.startswith("| ") and line.count("|") == 8
    )
    if name != "set"
}


def make_cells(measured: Measurement) -> list[str]:
    """Return the cells of the table for one measurement."""
    counts = (
        measured.rows,
        measured.recorded,
        sum(measured.skipped.values()),
        sum(measured.refused.values()),
    )
    published = ", ".join(f"{name} {number:,}" for name, number in measured.published.items())
    return [*(f"{each:,}" for each in counts), measured.total or "places", published]


def test_every_set_has_a_row_and_a_time() -> None:
    assert list(ROWS) == [each.name for each in DATA_SETS]
    times = TEXT[TEXT.index("## Time") :]
    for data_set in DATA_SETS:
        assert re.search(rf"^\| {data_set.name} \| [\d.]+ \| [\d,]+ \|$", times, re.MULTILINE)


@pytest.mark.sqlite
@pytest.mark.parametrize("data_set", DATA_SETS, ids=lambda each: each.name)
def test_a_row_is_what_an_import_gives(data_set: DataSet) -> None:
    require_data()
    measured = measure_file(data_set)
    assert make_cells(measured) == ROWS[data_set.name]


def test_the_sums_of_running_totals_are_those_of_the_file() -> None:
    require_data()
    path = FOLDER / "gaza_daily" / "casualties_daily_to_2024-06.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert f"{sum(row.get('killed_cum') or 0 for row in rows):,}" in TEXT


def test_the_refused_rows_are_counted_together() -> None:
    events = [ROWS[name] for name in ("ukraine-to-2019", "syria-2016", "world-sample")]
    rows, refused = (sum(int(cells[at].replace(",", "")) for cells in events) for at in (0, 3))
    # One of them is refused for another reason.
    assert f"{refused - 1} of the {rows:,} rows" in TEXT

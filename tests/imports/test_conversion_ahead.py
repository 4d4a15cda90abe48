"""Another process converts a file as this one does, and ends when this one does."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from service.imports import file_import
from service.imports.conversion_ahead import BATCH_ROWS, ConversionAhead
from service.imports.converted_rows import RefusedRow
from service.imports.errors import FileError
from service.imports.file_import import FileImport
from service.imports.mapping_schema import parse_mapping
from service.imports.row_converter import Conversion, FileConversion
from service.imports.store_receiver import StoreReceiver
from service.report_id import make_report_id
from service.store.interface import Store
from tests.conftest import START_TIME
from tests.imports.tables import EVENTS, make_event, write_table

MAPPING = parse_mapping(EVENTS)
MORE_ROWS = 2 * BATCH_ROWS + 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of some batches with each kind of row: good, refused, skipped, and one repeated."""
    rows = [make_event(1 + number % 28, id=number) for number in range(MORE_ROWS)]
    rows[3] = rows[2]
    rows[5] |= {"low": "9", "high": "1"}
    rows[7] |= {"low": "", "high": ""}
    rows[BATCH_ROWS] |= {"id": "2"}
    write_table(tmp_path / "rows.csv", rows)
    return tmp_path / "rows.csv"


def test_another_process_gives_the_same_conversions_in_the_same_order(path: Path) -> None:
    expected = list(FileConversion(path, MAPPING))
    assert {type(each).__name__ for each in expected} == {
        "ConvertedRow",
        "RefusedRow",
        "SkippedRow",
    }
    assert len(expected) == MORE_ROWS
    ahead = ConversionAhead(path, MAPPING)
    assert ahead.fraction is None
    assert list(ahead) == expected
    assert ahead.fraction == 1.0
    assert not multiprocessing.active_children()


def _read_until_error(conversions: Iterable[Conversion]) -> tuple[list[Conversion], str]:
    """Return what comes before the error in the file, and its text."""
    found: list[Conversion] = []
    try:
        for each in conversions:
            found.append(each)
    except FileError as error:
        return found, error.detail
    raise AssertionError("there is no error")


def test_what_comes_before_an_error_in_the_file_is_given_first(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\xff\xfe not UTF-8\n")
    found, detail = _read_until_error(ConversionAhead(path, MAPPING))
    assert found
    assert "is not utf-8" in detail
    assert (found, detail) == _read_until_error(FileConversion(path, MAPPING))


def test_a_file_that_lacks_a_column_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "rows.csv", [{"id": "1"}])
    with pytest.raises(FileError, match="lacks columns"):
        list(ConversionAhead(tmp_path / "rows.csv", MAPPING))


def test_a_process_that_was_killed_is_an_error_and_not_the_end_of_the_file(path: Path) -> None:
    rows = iter(ConversionAhead(path, MAPPING))
    next(rows)
    (process,) = multiprocessing.active_children()
    process.kill()
    process.join()
    with pytest.raises(FileError, match="continues"):
        list(rows)


def test_the_process_ends_when_its_rows_are_not_wanted_any_more(path: Path) -> None:
    rows = iter(ConversionAhead(path, MAPPING))
    assert len(list(islice(rows, 3))) == 3
    del rows
    assert not multiprocessing.active_children()


def test_an_interrupt_of_all_processes_is_not_seen_by_the_one_that_is_ahead(path: Path) -> None:
    rows = iter(ConversionAhead(path, MAPPING))
    first = next(rows)
    (process,) = multiprocessing.active_children()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    assert [first, *rows] == list(FileConversion(path, MAPPING))


def test_a_large_file_is_imported_ahead_with_the_same_counts(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_import, "MIN_AHEAD_BYTES", 0)
    imports = []
    for converts_ahead in (True, False):
        refused: list[RefusedRow] = []
        receiver = StoreReceiver(store, lambda: START_TIME, make_report_id)
        one = FileImport(MAPPING, receiver, refused.append, converts_ahead=converts_ahead)
        one.run(path)
        imports.append((one.counts.ends, one.counts.problems, one.counts.skipped, refused))
    ahead, here = imports
    assert here[0] == ahead[0] | {"added": 0, "known": ahead[0]["added"]}
    assert ahead[0]["added"] == MORE_ROWS - 4
    assert ahead[1:] == here[1:]


def test_only_the_guard_of_the_main_module_runs_the_commands() -> None:
    # Processes that a command starts import it too, and would otherwise run the command again.
    code = "import runpy; runpy.run_module('service', run_name='__mp_main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")

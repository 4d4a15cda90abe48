"""The import of a file: every row has one end, and the record says what the file says."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.file_import import ImportedFile
from service.domain.totals_query import TotalsQuery
from service.imports.converted_rows import RefusedRow
from service.imports.errors import FileError
from service.imports.file_import import FileImport, RowChange
from service.imports.import_counts import ImportCounts
from service.imports.mapping_schema import parse_mapping
from service.imports.receivers import ItemOutcome
from service.imports.refused_rows import RefusedRowFile
from service.imports.row_ends import find_column
from service.imports.store_receiver import StoreReceiver
from service.report_id import make_report_id
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases.consistency import MonotonicReader
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals
from tests.conftest import START_TIME
from tests.imports.tables import EVENTS, RUNNING, make_day, make_event, read_table, write_table

KILLED = frozenset({"killed"})


class Importer:
    """Imports rows into one store and keeps what it was told."""

    def __init__(self, store: Store, folder: Path, mapping: str = EVENTS) -> None:
        self.store, self.mapping = store, parse_mapping(mapping)
        self._path = folder / "rows.csv"
        self.refused: list[RefusedRow] = []
        self.changes: list[RowChange] = []

    def run(self, rows: Sequence[dict[str, str]], *, retracts: bool = False) -> ImportCounts:
        write_table(self._path, rows)
        self.refused.clear()
        self.changes.clear()
        file_import = FileImport(
            self.mapping,
            StoreReceiver(self.store, lambda: START_TIME, make_report_id),
            self.refused.append,
            note_change=self.changes.append,
            finds_vanished=retracts,
        )
        file_import.run(self._path)
        file_import.retract_vanished(file_import.list_vanished())
        counts = file_import.counts
        ends = (counts.recorded, counts.replaced, counts.known, counts.refused)
        assert sum(ends) + counts.skipped.total() == counts.rows == len(rows)
        assert len(self.refused) == counts.refused
        return counts

    def total(self, place: str = "syria") -> tuple[int | None, int | None]:
        reader = RequestReader(MonotonicReader(self.store), StateCache())
        query = TotalsQuery(places=(place,), outcomes=(KILLED,))
        (found,) = compute_totals(reader, query, reader.seq, TimeBudget(60, 600)).totals
        return found.total.low, found.total.high


@pytest.fixture
def importer(store: Store, tmp_path: Path) -> Importer:
    return Importer(store, tmp_path)


@pytest.fixture
def running(store: Store, tmp_path: Path) -> Importer:
    return Importer(store, tmp_path, RUNNING)


EVENT_ROWS = [make_event(number) for number in range(1, 8)]


def test_the_total_of_events_is_the_sum_of_their_ends(importer: Importer) -> None:
    counts = importer.run(EVENT_ROWS)
    assert (counts.recorded, counts.warnings) == (7, {})
    assert importer.total() == (14, 35)
    assert {each.kind for each in importer.changes} == {"added"}


def test_the_same_file_changes_nothing_the_second_time(importer: Importer) -> None:
    importer.run(EVENT_ROWS)
    counts = importer.run(EVENT_ROWS)
    assert (counts.known, counts.recorded) == (7, 0)
    assert importer.changes == []


def test_a_corrected_row_replaces_its_report(importer: Importer) -> None:
    importer.run(EVENT_ROWS)
    counts = importer.run([*EVENT_ROWS[:-1], make_event(7, low=3, high=3)])
    assert (counts.known, counts.replaced) == (6, 1)
    assert importer.total() == (15, 33)
    (change,) = importer.changes
    assert (change.kind, change.line, change.ref) == ("revised", 8, "ev-7")
    assert (change.before, change.after) == ("2 to 5 killed", "3 killed")


def test_a_bad_row_does_not_lose_the_others(importer: Importer) -> None:
    rows = [
        make_event(1), make_event(2, day="soon"), make_event(3, low=9), make_event(4),
        # Of this one the service says what is wrong, not the importer.
        make_event(5, id="x" * 300), make_event(6, high=""), make_event(7, low="", high=""),
    ]  # fmt: skip
    counts = importer.run(rows)
    assert (counts.recorded, counts.skipped.total()) == (3, 1)
    assert [(each.line, each.column) for each in importer.refused] == [
        (3, "day"), (4, "high"), (6, "id"),
    ]  # fmt: skip
    assert "is not a day" in importer.refused[0].reason
    assert importer.total() == (6, None)
    assert {(each.column, each.count) for each in counts.problems} == {
        ("day", 1), ("high", 1), ("id", 1),
    }  # fmt: skip


def test_rows_that_would_replace_each_other_are_refused(importer: Importer) -> None:
    rows = [make_event(1), make_event(1, low=3), make_event(1), make_event(2)]
    counts = importer.run(rows)
    assert (counts.recorded, counts.skipped.total(), counts.refused) == (2, 1, 1)
    (refused,) = importer.refused
    assert (refused.line, refused.column) == (3, "id") and "'ev-1'" in refused.reason
    assert importer.total() == (4, 10)


def test_problems_are_counted_by_their_kind(importer: Importer) -> None:
    counts = importer.run([make_event(number, low=number + 50) for number in range(1, 9)])
    (problem,) = counts.problems
    assert (problem.column, problem.count, problem.line) == ("high", 8, 2)
    assert "low 51, high 5" in problem.reason


def test_a_running_total_is_the_latest_also_after_a_fall(running: Importer) -> None:
    rows = [make_day(day, killed) for day, killed in enumerate((90, 120, 130, 100), start=1)]
    counts = running.run(rows[::-1])
    assert (counts.recorded, counts.retracted) == (4, 1)
    assert running.total("strip") == (100, 100)
    again = running.run(rows)
    assert (again.known, again.retracted) == (4, 0)
    assert running.total("strip") == (100, 100)


def test_a_newer_edition_retracts_what_is_gone(importer: Importer) -> None:
    elsewhere = make_event(2, country="Iraq", town="Mosul")
    importer.run([*EVENT_ROWS, elsewhere | {"id": "20"}])
    newer = [each for each in EVENT_ROWS if each["id"] not in ("3", "4")]
    counts = importer.run(newer)
    assert counts.retracted == 0
    counts = importer.run(newer, retracts=True)
    assert counts.retracted == 2
    assert importer.total() == (10, 25)
    assert importer.total("iraq") == (2, 5)  # The edition says nothing of Iraq.
    assert sorted((each.kind, each.ref) for each in importer.changes) == [
        ("gone", "ev-3"), ("gone", "ev-4"),
    ]  # fmt: skip


def test_days_outside_of_an_edition_are_kept(importer: Importer) -> None:
    importer.run(EVENT_ROWS)
    counts = importer.run(EVENT_ROWS[2:4], retracts=True)
    assert counts.retracted == 0
    assert importer.total() == (14, 35)


def test_a_refused_row_is_not_gone(importer: Importer) -> None:
    importer.run(EVENT_ROWS)
    counts = importer.run([*EVENT_ROWS[:2], make_event(3, low="x"), *EVENT_ROWS[3:]], retracts=True)
    assert (counts.refused, counts.retracted) == (1, 0)
    with pytest.raises(FileError, match="Line 4 was refused and has no ref"):
        importer.run([*EVENT_ROWS[:2], make_event(3, id=""), *EVENT_ROWS[3:]], retracts=True)
    assert importer.total() == (14, 35)


def test_nothing_is_sent_of_a_file_that_is_no_such_file(importer: Importer) -> None:
    with pytest.raises(FileError, match=r"high \(there is highest\)"):
        importer.run([{name.replace("high", "highest"): "2" for name in make_event(1)}])
    reader = MonotonicReader(importer.store)
    with reader.read_transaction():
        assert reader.seq == 0


class LostError(Exception):
    """The process was stopped in the middle of an import."""


class FailingReceiver(StoreReceiver):
    """Records some batches, and then is lost."""

    batches_left = 2

    def submit(self, reports: Sequence[dict[str, Any]], row_count: int = 0) -> list[ItemOutcome]:
        if not self.batches_left:
            raise LostError
        self.batches_left -= 1
        return super().submit(reports, row_count)


def test_an_interrupted_import_continues_where_it_ended(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.imports.file_import.BATCH_SIZE", 3)
    path = write_table(
        tmp_path / "rows.csv",
        [
            make_event(1), make_event(2, low="x"), make_event(3), make_event(4),
            make_event(5, id="x" * 300), make_event(6), make_event(7, low="x"), make_event(8),
            make_event(9), make_event(1, low=9), make_event(10, low="x"), make_event(11),
        ],
    )  # fmt: skip
    mapping, imported = parse_mapping(EVENTS), ImportedFile("rows.csv", "1" * 64, "x", "2" * 64)

    def run(receiver: StoreReceiver) -> ImportCounts:
        started = receiver.start_import(imported)
        with RefusedRowFile(path, continues=started.row_count > 0) as refused:
            file_import = FileImport(
                mapping, receiver, refused.write, done_rows=started.row_count,
                refused_lines=refused.known_lines,
            )  # fmt: skip
            file_import.run(path)
        receiver.finish_import(file_import.counts)
        return file_import.counts

    with pytest.raises(LostError):
        run(FailingReceiver(store, lambda: START_TIME, make_report_id))
    sent: list[str] = []

    class Receiver(StoreReceiver):
        def submit(
            self, reports: Sequence[dict[str, Any]], row_count: int = 0
        ) -> list[ItemOutcome]:
            sent.extend(each["ref"] for each in reports)
            return super().submit(reports, row_count)

    receiver = Receiver(store, lambda: START_TIME, make_report_id)
    counts = run(receiver)
    assert sent == ["ev-9", "ev-11"]
    (found,) = receiver.list_imports()
    assert (found.state, found.row_count, found.report_count) == ("finished", 12, 7)
    assert (counts.rows, counts.recorded, counts.known, counts.refused) == (12, 2, 5, 5)
    rows = read_table(path.with_name("rows.csv.refused.csv"))
    assert sorted(int(row["line"]) for row in rows) == [3, 6, 8, 11, 12]


# Editions -----------------------------------------------------------------------------------

CELLS = st.fixed_dictionaries(
    {
        "low": st.integers(0, 4),
        "high": st.one_of(st.just(""), st.integers(0, 6)),
        "town": st.sampled_from(("Azaz", "Idlib", "")),
    }
)
EDITIONS = st.dictionaries(st.integers(1, 6), CELLS, min_size=1)


@contextmanager
def open_new_store() -> Iterator[tuple[Store, Path]]:
    with TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "x.db", busy_seconds=10)
        store.prepare()
        try:
            yield store, Path(folder)
        finally:
            store.close()


def make_rows(edition: dict[int, dict[str, Any]]) -> list[dict[str, str]]:
    # All on the first and the last day, so that every edition reaches over the same days.
    always = [make_event(8, day="2016-01-01"), make_event(9, day="2016-01-31")]
    return [*always, *(make_event(number, **cells) for number, cells in edition.items())]


@pytest.mark.sqlite
@settings(max_examples=15)
@given(EDITIONS, EDITIONS)
def test_an_edition_over_another_says_what_it_says_alone(
    first: dict[int, dict[str, Any]], second: dict[int, dict[str, Any]]
) -> None:
    """But for the rows that it refuses, whose reports of the first edition stay."""
    with open_new_store() as (store, folder):
        importer = Importer(store, folder)
        importer.run(make_rows(first))
        importer.run(make_rows(second), retracts=True)
        found = importer.total()
    rows = make_rows(second)
    refused = {row.cells["id"] for row in importer.refused}
    rows = [row for row in rows if row["id"] not in refused]
    rows += [row for row in make_rows(first) if row["id"] in refused]
    valid = [row for row in rows if row["high"] == "" or int(row["low"]) <= int(row["high"])]
    lows = sum(int(row["low"]) for row in valid)
    is_open = any(row["high"] == "" for row in valid)
    assert found == (lows, None if is_open else sum(int(row["high"]) for row in valid))


# What else can happen -----------------------------------------------------------------------


def test_a_row_of_too_many_cells_is_refused(importer: Importer, tmp_path: Path) -> None:
    path = write_table(tmp_path / "rows.csv", EVENT_ROWS[:2])
    path.write_text(path.read_text("utf-8") + "9,2016-01-09,Syria,Azaz,1,2,3\n", encoding="utf-8")
    receiver = StoreReceiver(importer.store, lambda: START_TIME, make_report_id)
    file_import = FileImport(importer.mapping, receiver)
    file_import.run(path)
    assert file_import.list_vanished() == []  # They were not asked for.
    assert (file_import.counts.recorded, file_import.counts.refused) == (2, 1)
    receiver.finish_import(file_import.counts)  # None was started.
    assert list(receiver.list_imports()) == []


def test_too_many_running_totals_are_refused_before_anything_is_sent(
    running: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.imports.file_import.MAX_RUNNING_ROWS", 2)
    with pytest.raises(FileError, match="more than 2 rows of running totals"):
        running.run([make_day(day, day) for day in range(1, 4)])


def test_kinds_of_problems_have_a_limit(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.imports.import_counts.MAX_PROBLEMS", 1)
    counts = importer.run([make_event(1, low="x"), make_event(2, day="x"), make_event(3, id="")])
    assert [(each.column, each.count) for each in counts.problems] == [("", 2), ("low", 1)]


@pytest.mark.parametrize(
    ("pointer", "column"),
    [
        ("/figures/0/low", "low"), ("/figures/0/wording", "low"), ("/figures/0/note", ""),
        ("/figures", ""), ("/places/0/name", "town"), ("/period/from", "day"), ("/ref", "id"),
        ("/reporter", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_field_leads_to_its_column(pointer: str, column: str) -> None:
    assert find_column(parse_mapping(EVENTS), pointer) == column


def test_reports_with_other_refs_or_longer_days_are_not_gone(importer: Importer) -> None:
    importer.run(EVENT_ROWS)
    other = parse_mapping(EVENTS.replace('ref = "ev-{id}"', 'ref = "other-{id}"'))
    first = importer.mapping
    importer.mapping = other
    importer.run([make_event(number, town="Idlib") for number in (20, 21)])
    importer.mapping = first
    assert importer.run(EVENT_ROWS, retracts=True).retracted == 0


def test_an_edition_with_an_open_beginning_reaches_back_without_limit(running: Importer) -> None:
    mapping = parse_mapping(RUNNING.replace('from = "2023-10-07"\n', ""))
    running.mapping = mapping
    running.run([make_day(day, day) for day in range(1, 4)])
    assert running.run([make_day(day, day) for day in (1, 3)], retracts=True).retracted == 1


def test_a_report_that_is_retracted_already_is_not_counted(importer: Importer) -> None:
    importer.run(EVENT_ROWS[:1])
    (change,) = importer.changes
    receiver = StoreReceiver(importer.store, lambda: START_TIME, make_report_id)
    assert receiver.retract(change.report, "x")
    assert not receiver.retract(change.report, "x")
    assert list(receiver.list_reports("register", "atlantis", None, date.max)) == []


def test_reports_are_listed_over_several_pages(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.imports.store_receiver.PAGE_SIZE", 2)
    importer.run(EVENT_ROWS)
    assert importer.run(EVENT_ROWS[:1] + EVENT_ROWS[-1:], retracts=True).retracted == 5


def test_a_group_that_is_refused_is_named_by_its_column(store: Store, tmp_path: Path) -> None:
    mapping = f'{EVENTS}\n[[groups]]\nname = "{{side}}"\n'
    importer = Importer(store, tmp_path, mapping)
    importer.run([{**make_event(1), "side": "A"}, {**make_event(2), "side": "x" * 201}])
    (refused,) = importer.refused
    assert (refused.line, refused.column) == (3, "side")
    assert "200 characters" in refused.reason

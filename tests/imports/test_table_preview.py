"""A preview of a table says what its import does, and does none of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from service.domain.access import Principal
from service.domain.errors import InvalidInputError, TimeBudgetExceededError
from service.domain.periods import Period
from service.domain.totals_query import TotalsQuery
from service.domain.wording.range_text import NO_FIGURE
from service.imports.errors import FileError
from service.imports.file_import import FileImport
from service.imports.file_totals import SubjectTotal
from service.imports.mapping import FileFormat
from service.imports.mapping_schema import parse_mapping
from service.imports.row_files import RowFile
from service.imports.store_receiver import StoreReceiver
from service.imports.table_preview import (
    MAX_CELL_LENGTH,
    MAX_ROWS,
    PlainTable,
    TablePreview,
    preview_table,
    read_table,
)
from service.report_id import make_report_id
from service.store import event_log
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals_reader import TotalsReader
from tests.conftest import START_TIME
from tests.imports.tables import EVENTS, RUNNING, make_day, make_event, write_table

CLAIMS = """
title = "Claims"
counts = "totals"
[reporter]
name = "{reporter}"
[report]
ref = "claim-{id}"
[period]
from = "{from}"
to = "{to}"
[[places]]
name = "{country}"
[[places]]
name = "{town}"
split = ";"
[[figures]]
wording = "{words}"
"""


def preview(
    store: Store,
    path: Path,
    mapping: str,
    principal: Principal | None = None,
    budget: TimeBudget | None = None,
) -> TablePreview:
    parsed = parse_mapping(mapping)
    return preview_table(
        store,
        StateCache(),
        path,
        read_table(path, parsed.file),
        parsed,
        now=START_TIME,
        time_budget=budget or TimeBudget(60, 600),
        principal=principal,
    )


def find_totals(store: Store, previewed: TablePreview) -> list[tuple[int | None, int | None, str]]:
    """Return the recorded totals that the preview is about, as they are now."""
    found = []
    with TotalsReader(store) as reader:
        for each in previewed.totals or ():
            assert previewed.period is not None
            query = TotalsQuery(
                places=(each.after.place_id,),
                period=previewed.period,
                outcomes=(frozenset(each.after.outcomes),),
            )
            try:
                (total,) = reader.compute(query).totals
            except InvalidInputError:  # The place is not recorded yet.
                found.append((None, None, NO_FIGURE))
            else:
                found.append((total.total.low, total.total.high, total.text))
    return found


def read_ends(totals: Iterable[SubjectTotal]) -> list[tuple[int | None, int | None, str]]:
    return [(each.low, each.high, each.text) for each in totals]


def run_import(store: Store, path: Path, mapping: str) -> FileImport:
    receiver = StoreReceiver(store, lambda: START_TIME, make_report_id)
    file_import = FileImport(parse_mapping(mapping), receiver)
    file_import.run(path)
    return file_import


def check_preview(store: Store, path: Path, mapping: str) -> TablePreview:
    """Return the preview after comparing it with the import that follows it."""
    with store.read_transaction() as db:
        seq = event_log.last_seq(db)
    previewed = preview(store, path, mapping)
    with store.read_transaction() as db:
        assert event_log.last_seq(db) == seq
    before = find_totals(store, previewed)
    assert read_ends(each.before for each in previewed.totals or ()) == before
    file_import = run_import(store, path, mapping)
    assert previewed.counts.ends == file_import.counts.ends
    assert previewed.counts.warnings == file_import.counts.warnings
    after = find_totals(store, previewed)
    assert read_ends(each.after for each in previewed.totals or ()) == after
    return previewed


def check_editions(mapping: str, *editions: Sequence[Mapping[str, str]]) -> TablePreview:
    """Return the preview of the last edition; each is previewed and imported in turn."""
    with TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "t.db", 5.0)
        store.migrate()
        try:
            for rows in editions:
                path = write_table(Path(folder) / "t.csv", rows)
                previewed = check_preview(store, path, mapping)
        finally:
            store.close()
    return previewed


EVENT_ROWS = st.lists(
    st.builds(
        make_event,
        st.integers(1, 6),
        town=st.sampled_from(["Azaz", "Idlib", ""]),
        low=st.integers(0, 4),
        high=st.sampled_from(["", "2", "5", "x"]),
    ),
    min_size=1,
    max_size=6,
)

CLAIM_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from("123456"),
            "reporter": st.sampled_from(["A Ministry", "A Monitor"]),
            "from": st.sampled_from(["", "2024-12-14"]),
            "to": st.sampled_from(["2024-12-14", "2024-12-15"]),
            "country": st.just("Russia"),
            "town": st.sampled_from(["Plekhovo", "Plekhovo; Vorozhba", ""]),
            "words": st.sampled_from(
                ["at least 30 killed", "10 killed", "dozens wounded", "12 killed", "heavy losses"]
            ),
        }
    ),
    min_size=1,
    max_size=6,
)

DAY_ROWS = st.lists(
    st.builds(make_day, st.integers(1, 9), st.integers(90, 110)), min_size=1, max_size=7
)


@pytest.mark.sqlite
@settings(max_examples=12)
@given(EVENT_ROWS, EVENT_ROWS)
def test_a_preview_of_events_is_their_import(
    first: list[dict[str, str]], second: list[dict[str, str]]
) -> None:
    check_editions(EVENTS, first, second)


@pytest.mark.sqlite
@settings(max_examples=12)
@given(CLAIM_ROWS, CLAIM_ROWS)
def test_a_preview_of_claims_is_their_import(
    first: list[dict[str, str]], second: list[dict[str, str]]
) -> None:
    check_editions(CLAIMS, first, second)


@pytest.mark.sqlite
@settings(max_examples=12)
@given(DAY_ROWS, DAY_ROWS)
def test_a_preview_of_running_totals_is_their_import(
    first: list[dict[str, str]], second: list[dict[str, str]]
) -> None:
    check_editions(RUNNING, first, second)


def test_each_row_has_its_end_and_its_reason(store: Store, tmp_path: Path) -> None:
    run_import(store, write_table(tmp_path / "a.csv", [make_event(1), make_event(2)]), EVENTS)
    rows = [
        make_event(1),
        make_event(2, low=3),
        make_event(3),
        make_event(4, low="", high=""),
        make_event(5, low=9, high=1),
        make_event(6, day="2016-13-01"),
    ]
    found = check_preview(store, write_table(tmp_path / "b.csv", rows), EVENTS)
    assert [each.end for each in found.rows] == [
        "known", "revised", "added", "skipped", "refused", "refused",
    ]  # fmt: skip
    assert [each.line for each in found.rows] == [2, 3, 4, 5, 6, 7]
    assert found.rows[1].replaced == "2 to 5 killed · syria-azaz · 2016-01-02"
    assert [bool(each.report) for each in found.rows] == [True, True, True, False, False, False]
    assert found.rows[3].reason == "no number in it"
    assert found.rows[4].reason == "the numbers do not fit each other: low 9, high 1"
    assert found.rows[5].column == "day"
    assert found.rows[0].cells == ("1", "2016-01-01", "Syria", "Azaz", "2", "5")
    killed = [each for each in found.totals or () if each.after.outcomes == ("killed",)]
    assert [(each.before.low, each.after.low) for each in killed] == [(4, 7)]


def test_totals_that_take_too_long_are_left_out(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(*args: Any, **options: Any) -> Any:
        raise TimeBudgetExceededError("This takes too long.")

    monkeypatch.setattr("service.imports.table_preview.compute_totals_in", give_up)
    found = preview(store, write_table(tmp_path / "a.csv", [make_event(1)]), EVENTS)
    assert found.totals is None
    assert [each.end for each in found.rows] == ["added"]


def test_planning_has_a_limit_of_time(store: Store, tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", [make_event(1)])
    with pytest.raises(FileError, match="takes too long to preview"):
        preview(store, path, EVENTS, budget=TimeBudget(0, -1))


def test_columns_that_the_mapping_does_not_name_are_listed(store: Store, tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", [{**make_event(1), "colour": "red"}])
    assert preview(store, path, EVENTS).unused_columns == ("colour",)


def test_rows_of_reporters_of_others_are_refused(store: Store, tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", [make_event(1)])
    other = Principal("k", "report", ("somebody-else",))
    (row,) = preview(store, path, EVENTS, other).rows
    assert row.end == "refused"
    assert "register" in row.reason


def test_warnings_are_those_of_the_record_and_of_the_rows_before(
    store: Store, tmp_path: Path
) -> None:
    claim = {"reporter": "A Ministry", "from": "", "to": "2024-12-14", "country": "Russia"}
    rows = [
        {"id": "1", **claim, "town": "Plekhovo", "words": "10 killed"},
        {"id": "2", **claim, "town": "Plekhovo", "words": "12 killed"},
    ]
    first, second = check_preview(store, write_table(tmp_path / "a.csv", rows), CLAIMS).rows
    assert first.warnings == ()
    assert "same_reporter_conflict" in [each.code for each in second.warnings]


# Bounds -------------------------------------------------------------------------------------


def test_a_table_has_a_limit_of_rows(tmp_path: Path) -> None:
    rows = [make_event(1)] * (MAX_ROWS + 1)
    assert len(read_table(write_table(tmp_path / "a.csv", rows[1:]), FileFormat()).rows) == MAX_ROWS
    with pytest.raises(FileError, match="more than 1,000 rows"):
        read_table(write_table(tmp_path / "a.csv", rows), FileFormat())


def test_a_cell_has_a_limit(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", [{"a": "x" * (MAX_CELL_LENGTH + 1)}])
    with pytest.raises(FileError, match=r"Line 2 has a cell of over 5,000 characters\."):
        read_table(path, FileFormat())


def test_a_table_needs_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n", encoding="utf-8")
    with pytest.raises(FileError, match="no rows below its header"):
        read_table(path, FileFormat())


def test_reports_have_a_limit_together(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.imports.table_preview.MAX_REPORTS_LENGTH", 500)
    path = write_table(tmp_path / "a.csv", [make_event(each) for each in range(1, 5)])
    with pytest.raises(FileError, match="up to line 3 have more than 500 characters"):
        preview(store, path, EVENTS)


def test_a_workbook_that_is_large_when_unpacked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", bytes(17 << 20))
    assert path.stat().st_size < 100_000
    with pytest.raises(FileError, match="17 MiB when it is unpacked"):
        read_table(path, FileFormat())


def make_workbook(path: Path) -> Path:
    book = Workbook()
    book.active.append(["id", "place"])  # type: ignore[union-attr]
    book.active.append([1, "Плехово"])  # type: ignore[union-attr]
    book.save(path)
    return path


def test_a_row_far_below_the_others_is_found_or_refused(tmp_path: Path) -> None:
    path = make_workbook(tmp_path / "a.xlsx")
    assert read_table(path, FileFormat()).rows == {2: {"id": "1", "place": "Плехово"}}
    book = load_workbook(path)
    book.active.cell(200, 1, "far")  # type: ignore[union-attr]
    book.save(path)
    assert list(read_table(path, FileFormat()).rows) == [2, 200]
    book.active.cell(1_000_000, 1, "farther")  # type: ignore[union-attr]
    book.save(path)
    with pytest.raises(FileError, match="goes on after line 10,000"):
        read_table(path, FileFormat())


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", ""])
def test_a_broken_workbook_is_refused(tmp_path: Path, part: str) -> None:
    whole = make_workbook(tmp_path / "whole.xlsx")
    path = tmp_path / "a.xlsx"
    if part:
        with ZipFile(whole) as source, ZipFile(path, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                target.writestr(name, content[: len(content) // 2] if name == part else content)
    else:
        path.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(FileError, match="is not a workbook of Excel"):
        read_table(path, FileFormat())


def test_an_object_nested_too_deep_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": ' + '{"a": ' * 5_000 + "1" + "}" * 5_000 + "}]", encoding="utf-8")
    mapping = EVENTS.replace("{id}", "{a}")
    rows = list(RowFile(path, parse_mapping(mapping)))
    assert [str(each.error) for each in rows] == ["this is nested too deep"]


def test_the_shipped_mappings_that_fit_a_table_are_listed(tmp_path: Path) -> None:
    columns = ["id", "reporter", "from", "to", "country", "place", "side", "words", "url"]
    path = write_table(tmp_path / "a.csv", [dict.fromkeys(columns, "x")])
    assert read_table(path, FileFormat()).list_fitting_maps() == ["infobox"]
    path = write_table(tmp_path / "a.csv", [dict.fromkeys(columns[1:], "x")])
    assert read_table(path, FileFormat()).list_fitting_maps() == []


def test_a_table_without_a_report_has_no_totals(store: Store, tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", [make_event(1, low="", high="")])
    found = preview(store, path, EVENTS)
    assert (found.period, found.totals) == (None, [])


def test_a_retraction_that_is_left_to_do_is_seen(store: Store, tmp_path: Path) -> None:
    """The reports were sent, and the client ended before it retracted one."""
    falls = [make_day(1, 100), make_day(2, 110), make_day(3, 90)]
    path = write_table(tmp_path / "a.csv", falls)
    found = preview(store, path, RUNNING)
    assert [each.ref for each in found.corrections] == ["day-2023-11-01"]
    receiver = StoreReceiver(store, lambda: START_TIME, make_report_id)
    receiver.submit([row.report for row in found.rows if row.report is not None])
    again = check_preview(store, path, RUNNING)
    assert [each.end for each in again.rows] == ["known"] * 3
    assert [each.ref for each in again.corrections] == ["day-2023-11-01"]
    assert check_preview(store, path, RUNNING).corrections == []


def send(store: Store, found: TablePreview) -> None:
    """Send the answer of a preview as a client does it."""
    receiver = StoreReceiver(store, lambda: START_TIME, make_report_id)
    reports: list[Any] = [json.loads(json.dumps(row.report)) for row in found.rows if row.report]
    ids = {}
    for report, outcome in zip(reports, receiver.submit(reports), strict=True):
        assert outcome.id is not None, outcome
        ids[report["ref"]] = outcome.id
    for each in found.corrections:
        assert receiver.retract(ids[each.ref], each.reason)


@pytest.mark.sqlite
@settings(max_examples=12)
@given(DAY_ROWS)
def test_the_reports_of_a_preview_can_be_sent_in_its_order(rows: list[dict[str, str]]) -> None:
    """Whatever the order of the rows: a running total can correct one that is below it."""
    with TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "t.db", 5.0)
        store.migrate()
        try:
            found = preview(store, write_table(Path(folder) / "t.csv", rows), RUNNING)
            send(store, found)
            after = find_totals(store, found)
        finally:
            store.close()
    assert read_ends(each.after for each in found.totals or ()) == after


def test_a_withdrawn_report_is_known_and_does_not_count(store: Store, tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", [make_event(1)])
    run_import(store, path, EVENTS)
    receiver = StoreReceiver(store, lambda: START_TIME, make_report_id)
    (known,) = receiver.list_reports("register", "syria", None, date(2016, 12, 31))
    receiver.retract(known.id, "A draft")
    (row,) = check_preview(store, path, EVENTS).rows
    assert (row.end, row.reason) == ("known", "It was withdrawn, and does not count again.")


def test_totals_are_of_the_replaced_reports_too(store: Store, tmp_path: Path) -> None:
    run_import(store, write_table(tmp_path / "a.csv", [make_event(1)]), EVENTS)
    path = write_table(tmp_path / "b.csv", [make_event(1, day="2016-03-01", low=1)])
    found = check_preview(store, path, EVENTS)
    assert found.period == Period(date(2016, 1, 1), date(2016, 3, 1))
    (total,) = found.totals or ()
    assert (total.before.low, total.after.low) == (2, 1)


def test_rows_that_are_refused_are_in_no_total(store: Store, tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", [make_event(1, country="x" * 201)])
    found = preview(store, path, EVENTS)
    assert [(each.end, each.column) for each in found.rows] == [("refused", "country")]
    assert found.totals == []


def test_a_new_country_beside_a_known_one_is_asked_about(store: Store, tmp_path: Path) -> None:
    named = EVENTS.replace('name = "{country}"', 'name = "{country}"\nid = "sy"')
    run_import(store, write_table(tmp_path / "a.csv", [make_event(1)]), named)
    path = write_table(tmp_path / "b.csv", [make_event(2, town="Homs")])
    (row,) = check_preview(store, path, EVENTS).rows
    (warning,) = row.warnings
    assert warning.code == "ambiguous_place"
    assert "Syria is also the name of sy" in warning.text


@pytest.mark.parametrize("name", ["a.json", "a.ndjson"])
def test_deep_values_are_refused_before_they_take_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('[{"a": ' + "[" * 20_000 + "]" * 20_000 + "}]", encoding="utf-8")
    with pytest.raises(FileError, match="nested more than 50 deep"):
        read_table(path, FileFormat())
    path.write_text('[{"a": "' + "[" * 200 + '\\"{"}]', encoding="utf-8")
    if name == "a.json":
        assert list(read_table(path, FileFormat()).rows) == [1]


def test_a_workbook_under_another_name_is_checked_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", bytes(17 << 20))
    with pytest.raises(FileError, match="17 MiB when it is unpacked"):
        read_table(path, FileFormat(format="xlsx"))


def test_columns_have_a_limit(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", [{f"c{each}": "x" for each in range(501)}])
    with pytest.raises(FileError, match="more than 500 columns"):
        read_table(path, FileFormat())
    path.write_text(",".join(f"c{each}" for each in range(6_000)) + "\n", encoding="utf-8")
    with pytest.raises(FileError, match="more than 5,000 columns"):
        read_table(path, FileFormat())


def test_cells_have_a_limit_together(tmp_path: Path) -> None:
    rows = [{f"c{each}": "x" * 4_900 for each in range(50)}] * 9
    with pytest.raises(FileError, match="up to line 10 have over 2,000,000 characters"):
        read_table(write_table(tmp_path / "a.csv", rows), FileFormat())


def test_a_long_reason_is_cut(store: Store, tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", [make_event(1, day="x" * 4_000)])
    (row,) = preview(store, path, EVENTS).rows
    assert len(row.reason) == 1_001
    mapping = EVENTS.replace('from = "{day}"', "").replace("{day}", "{day}" * 50)
    (row,) = preview(store, path, mapping).rows
    assert row.reason == "the text made of it has over 100,000 characters"


def test_a_row_that_has_more_cells_than_the_header_is_refused(store: Store, tmp_path: Path) -> None:
    """The header can be a title, and the names of the columns come after it."""
    book = Workbook()
    sheet: Any = book.active
    for cells in (["Losses of 2016"], ["id", "day"], [1, "2016-01-01"]):
        sheet.append(cells)
    book.save(tmp_path / "a.xlsx")
    rows = list(RowFile(tmp_path / "a.xlsx", PlainTable(FileFormat())))
    assert [str(each.error) for each in rows] == ["the row has 2 cells, the header 1"] * 2

"""Files are read row by row, whatever their format; what is no such file is refused at once."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from service.imports.errors import FileError
from service.imports.mapping import Mapping
from service.imports.mapping_schema import parse_mapping
from service.imports.row_files import RowFile, SourceRow

MAPPING = """
title = "A table"
counts = "totals"
[file]
{file}
[reporter]
name = "A Register"
[report]
ref = "{{id}}"
[period]
to = "{{day}}"
[[places]]
name = "{{town}}"
[[figures]]
outcomes = ["killed"]
exactly = "{{killed}}"
"""

ROWS = [
    {"id": "1", "day": "2016-01-05", "town": "Azaz", "killed": "2"},
    {"id": "2", "day": "2016-01-06", "town": "حلب", "killed": ""},
]


def make_mapping(file: str = "") -> Mapping:
    return parse_mapping(MAPPING.format(file=file))


def read(path: Path, file: str = "") -> list[SourceRow]:
    return list(RowFile(path, make_mapping(file)))


def read_cells(path: Path, file: str = "") -> list[dict[str, str]]:
    return [row.cells for row in read(path, file)]


def write_csv(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    lines = [delimiter.join(cells) for cells in (ROWS[0], *(row.values() for row in ROWS))]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_is_read_whatever_its_delimiter(tmp_path: Path, delimiter: str, encoding: str) -> None:
    assert read_cells(write_csv(tmp_path / "rows.csv", delimiter, encoding)) == ROWS


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('id,day,town,killed\n1,d,"a\nb",2\n\n2,d,c,3\n')
    assert [row.line for row in read(path)] == [2, 5]


def test_json_is_read_with_nested_values(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    record: dict[str, Any] = {
        "id": 1,
        "day": "2016-01-05",
        "killed": 2.0,
        "place": {"town": "Azaz"},
    }
    path.write_text(json.dumps({"data": {"rows": [record, {"id": None, "list": ["a", 3]}, 5]}}))
    rows = read(path, 'records = "data.rows"')
    assert rows[0].cells == ROWS[0] | {"town": "", "place.town": "Azaz"}
    assert rows[1].cells["list"] == "a, 3" and rows[1].cells["id"] == ""
    assert rows[2].error is not None and "no object" in rows[2].error.reason


def test_a_bad_line_of_ndjson_does_not_lose_the_others(tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_text(f"{json.dumps(ROWS[0])}\n{{\n\n{json.dumps(ROWS[1])}\n", encoding="utf-8")
    rows = read(path)
    assert [row.error is None for row in rows] == [True, False, True]
    assert [row.line for row in rows] == [1, 2, 4]
    assert rows[2].cells == ROWS[1]


def test_workbooks_are_read_with_their_days_and_numbers(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["About this file"])
    second = book.create_sheet("Data")
    second.append([*ROWS[0], None])
    second.append([1, date(2016, 1, 5), "Azaz", 2.0])
    second.append([None, None, None, None])
    midnight = datetime(2016, 1, 6)  # noqa: DTZ001 - as a workbook has it
    second.append(["2", midnight, "حلب", None, "beside the table"])
    book.save(tmp_path / "rows.xlsx")
    assert read_cells(tmp_path / "rows.xlsx", 'sheet = "Data"') == ROWS
    with pytest.raises(FileError, match="lacks columns"):
        read(tmp_path / "rows.xlsx")
    with pytest.raises(FileError, match="It has: Sheet, Data"):
        read(tmp_path / "rows.xlsx", 'sheet = "Figures"')


def test_a_row_with_too_many_cells_is_an_error_of_that_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,day,town,killed\n1,d,Azaz, and more,2\n2,d,c,3\n")
    first, second = read(path)
    assert first.error is not None and "5 cells, the header 4" in first.error.reason
    assert second.error is None


@pytest.mark.parametrize("text", ["-", "NA", "null", "NaN"])
def test_signs_for_a_missing_value_are_empty_cells(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"id,day,town,killed\n1,d,c,{text}\n")
    assert read_cells(path)[0]["killed"] == ""
    assert read_cells(path, 'missing = ["?"]')[0]["killed"] == text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", b"id,day,towm,killed\n1,d,c,2\n", r"town \(there is towm\)"),
        ("rows.csv", b"id,id,day,town,killed\n", "two columns with the name id"),
        ("rows.csv", b"", "has no header"),
        ("rows.csv", b"id,day,town,killed\n1,d,\xff,2\n", "is not utf-8"),
        ("rows.json", b"[{]", "not valid JSON"),
        ("rows.xlsx", b"PK", "no workbook|not a workbook"),
        ("rows.pdf", b"%PDF", "give the format"),
    ],
)
def test_what_is_no_such_file_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileError, match=message):
        read(path)


def test_another_encoding_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("id,day,town,killed\n1,d,Изюм,2\n".encode("cp1251"))
    assert read_cells(path, 'encoding = "cp1251"')[0]["town"] == "Изюм"


def test_rows_are_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,day,town,killed\n" + "1,d,c,2\n" * 50_000 + "x\n")
    rows = iter(RowFile(path, make_mapping()))
    assert next(rows).line == 2
    assert path.stat().st_size > 300_000
    rows.close()  # type: ignore[attr-defined]


def test_how_much_was_read_is_known_but_of_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,day,town,killed\n" + "1,d,c,2\n" * 50_000, encoding="utf-8")
    file = RowFile(path, make_mapping())
    assert file.fraction is None
    rows = iter(file)
    next(rows)
    fraction = file.fraction
    assert fraction is not None and 0 < fraction < 0.1
    assert len(list(rows)) == 49_999
    assert file.fraction == 1


def test_codes_can_have_names(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,day,town,killed\n1,d,A,2\n2,d,B,2\n", encoding="utf-8")
    values = 'values = {town = {A = "Azaz"}, absent = {A = "B"}}'
    assert [row["town"] for row in read_cells(path, values)] == ["Azaz", "B"]


def test_a_file_without_a_header_has_its_columns_from_the_mapping(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('1,d,Azaz "old,2\n', encoding="utf-8")
    file = 'columns = ["id", "day", "town", "killed"]\nquotes = false'
    assert read_cells(path, file) == [{"id": "1", "day": "d", "town": 'Azaz "old', "killed": "2"}]
    with pytest.raises(FileError, match="lacks columns"):
        read(path, 'columns = ["id", "day", "town"]')


def test_a_file_that_is_absent_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="There is no file"):
        read(tmp_path / "absent.csv")

"""Every exported file holds the same figures, each in its format, and says what it is."""

import io
import json
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from pyarrow import parquet

from service.domain.errors import InvalidInputError
from service.exports import entity_rows, figure_rows, workbook
from service.exports.export_files import TABLE_FILES
from service.exports.fields import ExportTable, Field
from service.http.export_response import EXPORT_FILES
from tests.conftest import SendRequest
from tests.exports.records import fetch_rows, fetch_text, record_everything
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded


def fetch_bytes(client: FlaskClient, name: str) -> bytes:
    answer = client.get(f"/v1/exports/{name}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert f"filename={name.partition('?')[0]}" in answer.headers["Content-Disposition"]
    return answer.get_data()


@pytest.fixture
def record(send: SendRequest) -> dict[str, str]:
    """A record with everything."""
    return record_everything(send)


def test_all_formats_have_the_same_figures(
    record: dict[str, str], client: FlaskClient, tmp_path: Path
) -> None:
    rows = fetch_rows(client, "/v1/exports/figures.csv")
    ids = [row["figure"] or row["report"] for row in rows]
    assert len(ids) == len(set(ids)) == 12
    assert record["first"] not in {row["report"] for row in rows}  # It is superseded.
    lines = [
        json.loads(line) for line in fetch_text(client, "/v1/exports/figures.ndjson").splitlines()
    ]
    features = json.loads(fetch_text(client, "/v1/exports/figures.geojson"))["features"]
    book = load_workbook(io.BytesIO(fetch_bytes(client, "figures.xlsx")))
    cells = [list(row) for row in book["figures"].iter_rows(values_only=True)]
    table = parquet.read_table(io.BytesIO(fetch_bytes(client, "figures.parquet"))).to_pylist()
    named = [dict(zip(cells[0], each, strict=True)) for each in cells[1:]]
    for others in (lines, [each["properties"] for each in features], named, table):
        assert [each["figure"] or each["report"] for each in others] == ids
        for end in ("low", "high"):
            numbers = [int(row[end]) if row[end] else None for row in rows]
            assert [each[end] for each in others] == numbers
        assert [each["wording"] or "" for each in others] == [row["wording"] for row in rows]


def test_a_spreadsheet_has_types_and_says_what_it_is(
    record: dict[str, str], client: FlaskClient
) -> None:
    book = load_workbook(io.BytesIO(fetch_bytes(client, "figures.xlsx")))
    header, first = (list(row) for row in book["figures"].iter_rows(max_row=2))
    cells = {name.value: cell for name, cell in zip(header, first, strict=True)}
    assert (cells["low"].value, cells["low"].data_type) == (30, "n")
    assert cells["high"].value is None
    assert (cells["from"].value.date(), cells["from"].number_format) == (
        date(2024, 12, 14),
        "yyyy-mm-dd",
    )
    # A text is never a formula.
    assert (cells["figure_note"].value, cells["figure_note"].data_type) == ("=1+1", "s")
    about = [row[0].value for row in book["About"].iter_rows(max_col=1) if row[0].value]
    assert any("Do not add figures up" in each for each in about)
    assert any("As known after event" in each for each in about)
    assert any("exported on 2026-01-05" in each for each in about)
    described = {
        row[1]: row[2] for row in book["About"].iter_rows(values_only=True) if row[0] == "figures"
    }
    assert described == {field.name: field.description for field in figure_rows.FIELDS}


def test_parquet_has_types_and_descriptions(record: dict[str, str], client: FlaskClient) -> None:
    schema = parquet.read_schema(io.BytesIO(fetch_bytes(client, "figures.parquet")))
    assert [str(schema.field(name).type) for name in ("low", "from", "recorded_at", "wording")] == [
        "int64", "date32[day]", "timestamp[us, tz=UTC]", "string",
    ]  # fmt: skip
    for field in figure_rows.FIELDS:
        assert schema.field(field.name).metadata[b"description"].decode() == field.description
    (row, *_) = parquet.read_table(io.BytesIO(fetch_bytes(client, "figures.parquet"))).to_pylist()
    assert row["from"] == date(2024, 12, 14)
    assert row["recorded_at"].tzinfo is not None


def test_places_are_a_map(record: dict[str, str], client: FlaskClient) -> None:
    features = json.loads(fetch_text(client, "/v1/exports/places.geojson"))["features"]
    points = {each["id"]: each["geometry"] for each in features}
    assert points["west"] == {"type": "Point", "coordinates": [24.0, 49.8]}
    assert points["town"] is None
    assert fetch_rows(client, "/v1/exports/places.csv")[0]["aliases"] == "'=Місто; a; b"


@pytest.mark.parametrize("file", [each.name for each in TABLE_FILES])
def test_every_file_of_an_empty_record_is_valid(client: FlaskClient, file: str) -> None:
    data = fetch_bytes(client, file)
    if file.endswith(".xlsx"):
        assert load_workbook(io.BytesIO(data)).sheetnames[-1] == "About"
    elif file.endswith(".parquet"):
        parquet.read_table(io.BytesIO(data))
    elif file.endswith(".geojson"):
        assert json.loads(data)["features"] == []
    elif file.endswith(".csv"):
        assert data.decode().splitlines()


def test_filters_select_reports(record: dict[str, str], client: FlaskClient) -> None:
    for query, names in (
        ("place=village", ["words"]),
        ("reporter=paper", ["relay"]),
        ("incident=acled:17", ["event"]),
        ("state=superseded", ["first"]),
        ("from=2025-01-01", []),
    ):
        rows = fetch_rows(client, f"/v1/exports/figures.csv?{query}")
        assert {row["report"] for row in rows} == {record[name] for name in names}


@pytest.mark.parametrize(
    ("address", "status", "pointer"),
    [
        ("figures.pdf", 404, None),
        ("reports.csv", 404, None),
        ("figures.csv?place=nowhere", 422, "place"),
        ("figures.csv?as_of=99999", 422, "as_of"),
        ("figures.csv?limit=3", 422, "limit"),
        ("figures.xlsx?bom=true", 422, "bom"),
        ("figures.ndjson?about=true", 422, "about"),
        ("places.csv?place=west", 422, "place"),
        ("places.csv?as_of=1", 422, "as_of"),
        ("casualties.zip?state=live", 422, "state"),
        ("casualties.db?q=a", 422, "q"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_said(
    record: dict[str, str], client: FlaskClient, address: str, status: int, pointer: str | None
) -> None:
    pointers = () if pointer is None else (pointer,)
    problem = assert_problem(client.get(f"/v1/exports/{address}"), status, *pointers)
    assert pointer is not None or "figures.csv" in problem["detail"]


def test_a_csv_says_what_it_is_about(record: dict[str, str], client: FlaskClient) -> None:
    text = fetch_text(client, "/v1/exports/figures.csv?place=town&about=true&bom=true")
    assert text.startswith("\ufeff# ")
    lines = [line for line in text.splitlines() if line.startswith(("#", "\ufeff#"))]
    assert lines[-1] == "# http://localhost/v1/exports/figures.csv?place=town&about=true&bom=true"


def test_an_earlier_state_is_exported(record: dict[str, str], client: FlaskClient) -> None:
    first = json.loads(fetch_text(client, f"/v1/reports/{record['first']}"))
    rows = fetch_rows(client, f"/v1/exports/figures.csv?as_of={first['seq']}")
    assert record["first"] in {row["report"] for row in rows}
    assert record["second"] not in {row["report"] for row in rows}


@pytest.mark.parametrize("file", EXPORT_FILES)
def test_an_export_that_has_not_changed_is_not_sent_again(
    send: SendRequest, client: FlaskClient, file: str
) -> None:
    assert_recorded(send(bodies.make_report()))
    address = f"/v1/exports/{file}"
    first = client.get(address)
    first.get_data()
    tag = first.headers["ETag"]
    assert tag.startswith("W/")
    again = client.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.get_data()) == (304, b"")
    assert_recorded(send(bodies.make_report(ref="another")))
    changed = client.get(address, headers={"If-None-Match": tag})
    assert (changed.status_code, bool(changed.get_data())) == (200, True)


def test_more_than_a_page_is_exported(
    send: SendRequest, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.exports.record_reader.PAGE_SIZE", 2)
    for number in range(5):
        assert_recorded(send(bodies.make_report(places=[bodies.make_place(f"p{number}")])))
    for table in ("figures", "places"):
        assert len(fetch_rows(client, f"/v1/exports/{table}.csv")) == 5
    assert len(json.loads(fetch_text(client, "/v1/exports/figures.geojson"))["features"]) == 5


def test_a_table_that_no_sheet_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_ROWS", 3)
    table = ExportTable("t", "T", (Field("a", "a"),), [{"a": str(number)} for number in range(3)])
    with pytest.raises(InvalidInputError, match="more than 2 rows"):
        workbook.write_workbook([table], (), io.BytesIO())


def test_cells_that_no_spreadsheet_holds_are_texts() -> None:
    fields = (Field("day", "d", "date"), Field("text", "t"), Field("is", "b", "boolean"))
    rows = [
        {"day": "1850-01-01", "text": "x" * 40_000, "is": True},
        {"day": date(2024, 1, 2), "text": "10-12", "is": None},
    ]
    file = io.BytesIO()
    workbook.write_workbook([ExportTable("t", "T", fields, rows)], (), file)
    first, second = load_workbook(file)["t"].iter_rows(min_row=2)
    assert (first[0].value, first[0].data_type) == ("1850-01-01", "s")
    assert len(first[1].value) == 32_767
    assert first[1].value.endswith(" […]")
    assert first[2].value is True
    assert second[0].value.date() == date(2024, 1, 2)
    assert (second[1].value, second[1].data_type) == ("10-12", "s")
    assert second[2].value is None


def test_without_pyarrow_the_error_says_what_to_install(
    record: dict[str, str], client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    problem = assert_problem(client.get("/v1/exports/figures.parquet"), 422)
    assert "requirements-parquet.txt" in problem["detail"]


def test_the_archive_describes_its_files(record: dict[str, str], client: FlaskClient) -> None:
    with ZipFile(io.BytesIO(fetch_bytes(client, "casualties.zip"))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        package = json.loads(archive.read("datapackage.json"))
        readme = archive.read("README.txt").decode()
        tables = {name: archive.read(name).decode() for name in names if name.endswith(".csv")}
    assert {each["path"] for each in package["resources"]} == set(names) - {
        "README.txt",
        "datapackage.json",
    }
    assert "Cite as: Casualty figures, record after event" in readme
    for resource in package["resources"]:
        assert resource["path"] in readme
        if "schema" in resource:
            columns = [field["name"] for field in resource["schema"]["fields"]]
            assert tables[resource["path"]].splitlines()[0].split(",") == columns
            assert all(field["description"] for field in resource["schema"]["fields"])
    assert tables["totals.csv"].count("\r\n") > 5
    assert {field.name for field in entity_rows.FIELDS["place"]} == set(
        tables["places.csv"].splitlines()[0].split(",")
    )


def test_the_database_is_tidy(record: dict[str, str], client: FlaskClient, tmp_path: Path) -> None:
    path = tmp_path / "tidy.db"
    path.write_bytes(fetch_bytes(client, "casualties.db"))
    with sqlite3.connect(path) as db:
        db.row_factory = sqlite3.Row

        def ask(query: str, *values: str) -> list[Any]:
            return [tuple(row) for row in db.execute(query, values)]

        assert ask("PRAGMA integrity_check") == [("ok",)]
        tables = {name for (name,) in ask("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert tables == {
            "figures", "figure_places", "figure_groups", "figure_outcomes", "places", "groups",
            "reporters", "totals", "about", "columns",
        }  # fmt: skip
        joint = ask(
            'SELECT place, place_name, outcome, low, high, "from", place_count, outcome_count'
            " FROM figures_by_place WHERE report = ? ORDER BY place, outcome",
            record["words"],
        )
        assert joint == [
            ("town", "Town; of two", "killed", 30, None, "2024-12-14", 2, 2),
            ("town", "Town; of two", "wounded", 30, None, "2024-12-14", 2, 2),
            ("village", "قرية", "killed", 30, None, "2024-12-14", 2, 2),
            ("village", "قرية", "wounded", 30, None, "2024-12-14", 2, 2),
        ]
        described = set(ask('SELECT "table", "column" FROM columns'))
        for table in ("figures", "places", "totals"):
            columns = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
            assert {(table, each) for each in columns} <= described
        assert ask("SELECT count(*) FROM about WHERE name = 'rule'") == [(3,)]


def test_totals_are_tables_too(record: dict[str, str], client: FlaskClient) -> None:
    query = "place=west&by=month&from=2024-12-01&to=2024-12-31"
    rows = fetch_rows(client, f"/v1/totals?{query}&format=csv")
    lines = fetch_text(client, f"/v1/totals?{query}&format=ndjson").splitlines()
    assert [json.loads(line)["text"] for line in lines] == [row["text"] for row in rows]
    book = load_workbook(io.BytesIO(client.get(f"/v1/totals?{query}&format=xlsx").get_data()))
    assert book.sheetnames == ["totals", "caveats", "About"]
    texts = [row[0].value for row in book["About"].iter_rows(max_col=1)]
    assert texts[0].startswith("How many people were reported")
    assert any(each and "http://localhost/, exported on 2026-01-05" in each for each in texts)
    caveats = list(book["caveats"].iter_rows(min_row=2, values_only=True))
    assert {"open_above", "party_to_conflict"} <= {row[4] for row in caveats}
    data = client.get(f"/v1/totals?{query}&format=parquet").get_data()
    table = parquet.read_table(io.BytesIO(data)).to_pylist()
    assert [each["text"] for each in table] == [row["text"] for row in rows]


def test_the_dashboard_has_the_archive(client: FlaskClient, send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report()))
    answer = client.get("/download")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert "casualties.zip" in answer.headers["Content-Disposition"]
    assert_problem(client.get("/download?x=1", headers={"Accept": "application/json"}), 422, "x")


def test_a_full_disk_is_an_error_of_the_service(
    record: dict[str, str], client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("service.http.export_response.write_binary_file", fail)
    problem = assert_problem(client.get("/v1/exports/figures.xlsx"), 503)
    assert "No space left on device" in problem["detail"]


def test_times_are_in_utc(record: dict[str, str], client: FlaskClient) -> None:
    (row, *_) = fetch_rows(client, "/v1/exports/figures.csv")
    assert datetime.fromisoformat(row["recorded_at"]).tzinfo == UTC

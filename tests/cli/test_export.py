"""The command export writes files that say what they are, and replaces none by accident."""

import csv
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook
from sqlite_utils import Database

from service.cli.commands import commands
from service.exports import figure_rows
from tests.conftest import SendRequest
from tests.exports.records import record_everything


@pytest.fixture
def run(settings: Any, send: SendRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command on a record with everything, in a folder of its own."""
    record_everything(send)
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.chdir(folder)
    environment = {
        "CASUALTY_DATABASE": str(settings.database),
        "CASUALTY_PUBLIC_URL": "https://figures.example.org/",
    }

    def run_command(*arguments: str, name: str = "export") -> Result:
        return CliRunner().invoke(commands, [name, *arguments], env=environment)

    return run_command


def read_package(path: str) -> dict[str, Any]:
    package: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return package


def test_a_table_comes_with_its_description(run: Any) -> None:
    result = run("figures.csv", "--place", "village")
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert "figures.csv: " in result.stderr and "As known after event" in result.stderr
    with open("figures.csv", encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["wording"] == "at least 30 killed or wounded"
    package = read_package("figures.datapackage.json")
    (resource,) = package["resources"]
    assert resource["path"] == "figures.csv"
    described = [(each["name"], each["description"]) for each in resource["schema"]["fields"]]
    assert described == [(field.name, field.description) for field in figure_rows.FIELDS]
    assert package["homepage"] == "https://figures.example.org"


@pytest.mark.parametrize(
    "name",
    ["figures.ndjson", "figures.geojson", "figures.xlsx", "figures.parquet", "reports.ndjson",
     "places.csv", "groups.xlsx", "reporters.ndjson", "totals.csv", "totals.ndjson",
     "totals.parquet"],
)  # fmt: skip
def test_every_table_can_be_written(run: Any, name: str) -> None:
    assert run(name).exit_code == 0
    assert Path(name).stat().st_size > 0
    assert read_package(f"{Path(name).stem}.datapackage.json")["resources"][0]["path"] == name
    assert sorted(each.name for each in Path().iterdir()) == sorted(
        [name, f"{Path(name).stem}.datapackage.json"]
    )


def test_totals_take_their_options(run: Any) -> None:
    arguments = ("--place", "west", "--by", "month", "--from", "2024-12-01", "--to", "2024-12-31")
    result = run("by-month.xlsx", "--table", "totals", *arguments, "--outcomes", "killed")
    assert result.exit_code == 0, result.output
    book = load_workbook("by-month.xlsx")
    rows = list(book["totals"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == ["part", "whole", "unplaced"]
    assert rows[0][1] == "2024-12"


def test_standard_output_is_for_pipes(run: Any) -> None:
    lines = run("-", "--table", "figures", "--format", "ndjson").stdout.splitlines()
    assert {json.loads(line)["reporter"] for line in lines} == {"ua-hur", "paper"}
    assert list(Path().iterdir()) == []


def test_everything_is_an_archive_or_a_database(run: Any) -> None:
    assert run("all.zip").exit_code == 0
    with ZipFile("all.zip") as archive:
        assert "https://figures.example.org, exported on" in archive.read("README.txt").decode()
    assert run("all.db").exit_code == 0
    database = Database("all.db")
    assert database["figures"].count == 12
    database.close()
    metadata = read_package("all.metadata.json")
    described = metadata["databases"]["all"]["tables"]["figures"]["columns"]
    assert described == {field.name: field.description for field in figure_rows.FIELDS}
    assert metadata["source_url"] == "https://figures.example.org"


def test_the_archive_is_imported_without_a_mapping(run: Any, tmp_path: Path) -> None:
    assert run("all.zip").exit_code == 0
    environment = {"CASUALTY_DATABASE": str(tmp_path / "second.db")}
    for arguments, added in ((["--check"], 10), ([], 10), ([], 0)):
        result = CliRunner().invoke(commands, ["import", "all.zip", *arguments], env=environment)
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["added"] == added
    listed = CliRunner().invoke(commands, ["import", "list"], env=environment)
    assert "all.zip" in listed.stdout
    refused = CliRunner().invoke(commands, ["import", "figures.csv"], env=environment)
    assert (refused.exit_code, "--map is missing" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x.csv",), "give --table"),
        (("figures",), "give --format"),
        (("figures.pdf",), "give --format"),
        (("reports.csv",), "reports can be ndjson"),
        (("totals.geojson",), "totals can be csv"),
        (("all.zip", "--table", "figures"), "has all tables"),
        (("figures.csv", "--place", "No Slug"), "--place"),
        (("figures.csv", "--by", "month"), "--by"),
        (("totals.csv", "--by", "moon"), "--by"),
        (("totals.csv", "--place", "nowhere"), "There is no place nowhere"),
        (("totals.csv", "--state", "live"), "--state"),
        (("places.csv", "--place", "west"), "Filters are for"),
        (("all.zip", "--place", "west"), "Filters are for"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    run: Any, arguments: tuple[str, ...], words: str
) -> None:
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert words in result.stderr and "Traceback" not in result.stderr
    assert list(Path().iterdir()) == []


def test_no_file_is_replaced_by_accident(run: Any, settings: Any) -> None:
    Path("figures.csv").write_text("mine", encoding="utf-8")
    refused = run("figures.csv")
    assert (refused.exit_code, "--force" in refused.stderr) == (2, True)
    assert Path("figures.csv").read_text(encoding="utf-8") == "mine"
    assert run("figures.csv", "--force", "--place", "nowhere").exit_code == 1
    assert Path("figures.csv").read_text(encoding="utf-8") == "mine"
    assert run("figures.csv", "--force").exit_code == 0
    assert Path("figures.csv").read_text(encoding="utf-8").startswith("report,")


@pytest.mark.sqlite
def test_the_database_of_the_service_is_never_replaced(run: Any, settings: Any) -> None:
    own = Path(settings.database)
    content = own.read_bytes()
    named = own.with_name("casualties.db") if own.suffix != ".db" else own
    if named != own:
        pytest.fail("The database of tests has no name that an export could have.")
    refused = run(str(own), "--force")
    assert (refused.exit_code, "is the database of the service" in refused.stderr) == (2, True)
    assert own.read_bytes() == content

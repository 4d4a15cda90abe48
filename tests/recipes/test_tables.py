"""Tools that read tables have the numbers that the API has."""

import csv
import re
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.recipes.recipes import (
    DOCUMENT,
    Kitchen,
    fetch_when_up,
    read_csv_rows,
    read_printed_rows,
)
from tests.support.capabilities import RECIPE_PATH, require_recipe_tools
from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.ports import find_free_port

SHAPES = {"exactly", "range", "up_to", "at_least", "unknown", "not_reported"}


@pytest.mark.parametrize(
    ("heading", "program"),
    [("pandas", "python"), ("polars", "python"), ("R", "Rscript"), ("DuckDB", "python")],
)
def test_a_data_frame_has_the_numbers_of_the_api(
    kitchen: Kitchen, heading: str, program: str
) -> None:
    require_recipe_tools(program, "curl")
    output = kitchen.run_section(heading)[-1]
    assert read_printed_rows(output) == kitchen.fetch_rows()
    assert set(re.findall("|".join(SHAPES), output)) == SHAPES


def test_jq_has_the_numbers_of_the_api(kitchen: Kitchen) -> None:
    require_recipe_tools("curl", "jq")
    (output,) = kitchen.run_section("curl and jq")
    rows = list(csv.reader(output.splitlines()))
    assert read_csv_rows(rows) == kitchen.fetch_rows()
    assert ["example-north", "2024-02", "5", "8", "5", "8"] == rows[7][:6]


def test_datasette_has_the_numbers_of_the_api_and_describes_them(kitchen: Kitchen) -> None:
    require_recipe_tools("python", "jq")
    output = kitchen.run_section("Datasette")[-1]
    assert read_csv_rows(list(csv.reader(output.splitlines()))) == kitchen.fetch_rows()
    shown = re.findall(r"^    (datasette .+)$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    address = f"127.0.0.1:{(port := find_free_port())}"
    (command,) = shown
    with subprocess.Popen(
        [*command.split(), "--port", str(port)],
        cwd=kitchen.folder,
        env={"PATH": RECIPE_PATH},
        stderr=subprocess.DEVNULL,
    ) as datasette:
        try:
            page = fetch_when_up(f"http://{address}/casualties/totals")
        finally:
            datasette.terminate()
            datasette.wait(timeout=TIMEOUT_SECONDS)
    assert "the fewest people; empty if nothing was reported" in page
    assert "محافظة الساحل" in page and "Східна область" in page


def test_a_spreadsheet_keeps_texts_numbers_and_days(kitchen: Kitchen) -> None:
    require_recipe_tools("soffice", "curl")
    kitchen.run_section("A spreadsheet")
    for file in ("from-xlsx/figures.ods", "from-csv/figures.ods"):
        header, *rows = _read_cells(kitchen.folder / file)
        names = [text for _, text in header]
        cells = [dict(zip(names, row, strict=False)) for row in rows]
        of_coast = [each for each in cells if each["ref"][1] == "coast-2024-01"]
        (wounded,) = (each for each in of_coast if each["outcomes"][1] == "wounded")
        assert wounded["wording"] == ("string", "10-12"), file
        assert wounded["quote"] == ("string", "У січні загинули 12 людей. أصيب 10-12 شخصا."), file
        assert wounded["high"] == ("float", "12"), file
        assert wounded["from"] == ("date", "2024-01-01"), file
    header, *rows = _read_cells(kitchen.folder / "from-xlsx" / "totals.ods")
    names = [text for _, text in header]
    parts = [dict(zip(names, row, strict=False)) for row in rows if row[0][1] == "part"]
    columns = ["key", "key2", "low", "high", "placed_low", "placed_high"]
    read = [[part.get(name, ("", ""))[1] for name in columns] for part in parts]
    assert read_csv_rows(read) == kitchen.fetch_rows()
    assert {part["name"][1] for part in parts} >= {"محافظة الساحل", "Східна область"}


_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def _read_cells(file: Path) -> list[list[tuple[str, str]]]:
    """Return the type and the text of each cell of the first sheet."""
    with zipfile.ZipFile(file) as archive:
        document = ElementTree.fromstring(archive.read("content.xml"))  # noqa: S314
    table = next(document.iter(f"{_TABLE}table"))
    rows = []
    for row in table.iter(f"{_TABLE}table-row"):
        cells: list[tuple[str, str]] = []
        for cell in row.iter(f"{_TABLE}table-cell"):
            text = "".join("".join(each.itertext()) for each in cell.iter(f"{_TEXT}p"))
            kind = cell.get(f"{_OFFICE}value-type", "")
            count = int(cell.get(f"{_TABLE}number-columns-repeated", 1)) if len(cells) < 100 else 1
            cells += [(kind, text)] * min(count, 100)
        rows.append(cells)
    return [row for row in rows if any(text for _, text in row)]

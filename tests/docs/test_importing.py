"""docs/importing.md is true: its example, its keys, its mappings, its limits and its options."""

import ast
import re
from importlib import import_module
from pathlib import Path

from click.testing import CliRunner

from service.cli.commands import commands
from service.imports import mapping_schema
from service.imports.conversion import convert_row
from service.imports.file_check import MAX_SAMPLED_ROWS
from service.imports.gazetteer_schema import GazetteerPlaceSchema, GazetteerSchema
from service.imports.mapping_schema import parse_mapping
from service.imports.receivers import BATCH_SIZE
from service.imports.row_files import RowFile
from service.imports.shipped_maps import list_map_names
from tests.support.paths import ROOT

TEXT = (ROOT / "docs" / "importing.md").read_text(encoding="utf-8")


def read_block(language: str) -> str:
    """Return the one block of code in the language."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE)
    return str(block)


def test_the_example_gives_reports(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(read_block("csv"), encoding="utf-8")
    mapping = parse_mapping(read_block("toml"))
    first, second = (convert_row(mapping, row.cells) for row in RowFile(path, mapping))
    assert isinstance(first, dict) and isinstance(second, dict)
    assert first["places"][0]["id"] == "syria-aleppo-azaz"
    assert first["places"][0]["latitude"] == 36.58
    assert first["groups"][0]["name"] == "Government"
    assert second["places"] == [
        {"id": "syria-aleppo", "name": "Aleppo", "parent": {"id": "syria", "name": "Syria"}}
    ]
    assert second["figures"] == [{"outcomes": ["killed"], "low": 3}]
    assert "groups" not in second


def test_the_python_of_the_page_imports_what_there_is() -> None:
    for node in ast.walk(ast.parse(read_block("python"))):
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            module = import_module(node.module)
            assert all(hasattr(module, each.name) for each in node.names)


def test_every_key_of_a_mapping_is_in_the_reference() -> None:
    reference = TEXT[TEXT.index("## Reference") :]
    for schema in (
        mapping_schema.MappingSchema, mapping_schema.FileSchema, mapping_schema.ReporterSchema,
        mapping_schema.ReportSchema, mapping_schema.SourceSchema, mapping_schema.PeriodSchema,
        mapping_schema.PlaceSchema, mapping_schema.GroupSchema, mapping_schema.FigureSchema,
        GazetteerSchema, GazetteerPlaceSchema,
    ):  # fmt: skip
        for name, field in schema().fields.items():
            key = field.data_key or name
            is_table = f"[{key}]" in reference or f"[[{key}]]" in reference
            assert is_table or re.search(rf"`[^`]*\b{key}\b[^`]*`", reference), (schema, key)


def test_every_shipped_mapping_is_listed() -> None:
    section = TEXT[TEXT.index("## Shipped mappings") : TEXT.index("## Write a mapping")]
    assert sorted(re.findall(r"^\| `([\w-]+)` ", section, flags=re.MULTILINE)) == list_map_names()


def test_options_and_limits_are_those_of_the_command() -> None:
    text = "".join(
        CliRunner().invoke(commands, ["import", command, "--help"]).stdout
        for command in ("file", "withdraw")
    )
    for option in set(re.findall(r"--[a-z]+", TEXT)):
        assert option in text, option
    assert f"first {MAX_SAMPLED_ROWS:,} rows" in " ".join(TEXT.split())
    assert f"batches of {BATCH_SIZE:,}" in " ".join(TEXT.split())


def test_the_page_is_linked() -> None:
    assert "(docs/importing.md)" in (ROOT / "README.md").read_text(encoding="utf-8")

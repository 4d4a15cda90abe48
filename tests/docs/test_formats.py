"""docs/formats.md describes every column in its order, with the text of data packages."""

import re

import pytest

from service.exports import figure_rows, total_rows
from service.exports.fields import Field
from service.http.negotiation import MEDIA_TYPES
from tests.support.paths import ROOT

_TEXT = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")

_TOTALS = (
    *total_rows.FIELDS[:3],
    *total_rows.PAIR_FIELDS,
    *total_rows.FIELDS[3:],
    *total_rows.COMPARISON_FIELDS,
)


@pytest.mark.parametrize(
    ("heading", "fields"),
    [("The table of reports", figure_rows.FIELDS), ("The table of totals", _TOTALS)],
)
def test_every_column_is_described(heading: str, fields: tuple[Field, ...]) -> None:
    section = _TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = section.partition("| column | content |\n")[2].partition("\n\n")[0]
    described = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, flags=re.MULTILINE)
    assert described == [(field.name, field.description) for field in fields]


def test_the_columns_of_totals_are_listed() -> None:
    assert f"`{','.join(field.name for field in total_rows.FIELDS)}`" in _TEXT


@pytest.mark.parametrize("name", [each for each in MEDIA_TYPES if each not in ("db", "zip")])
def test_every_format_is_listed(name: str) -> None:
    assert f"| `{name}` | `{MEDIA_TYPES[name]}` |" in _TEXT

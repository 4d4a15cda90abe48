"""The API reference is up to date, its links lead somewhere, and nothing in it is undescribed."""

import re

from schemas.enums import ENUMS
from scripts import make_api_doc
from tests.support.paths import ROOT

REFERENCE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^#+ (.+)$", REFERENCE, re.MULTILINE)


def test_it_is_what_the_generator_writes() -> None:
    assert make_api_doc.make_document() == REFERENCE, "run make api-doc"


def test_every_link_in_it_leads_to_a_heading_or_a_file() -> None:
    anchors = [make_api_doc.slugify(heading) for heading in HEADINGS]
    assert len(set(anchors)) == len(anchors)
    targets = set(re.findall(r"\]\((?!http)([^)]+)\)", REFERENCE))
    assert len(targets) > 50
    for target in targets:
        name, _, anchor = target.partition("#")
        assert anchor in anchors if anchor else (ROOT / "docs" / name).exists(), target


def test_every_cell_of_its_tables_is_filled() -> None:
    rows = [line for line in REFERENCE.splitlines() if line.startswith("|")]
    assert len(rows) > 300
    without_headers = re.compile(r"^\| \d{3} \|")  # Few errors have headers of their own.
    for row in rows:
        assert "|  |" not in row or without_headers.match(row), row


def test_it_has_every_enum_value() -> None:
    for enum in ENUMS:
        assert f"### {enum.name}\n" in REFERENCE
        for value in enum.values:
            assert f"| `{value}` | " in REFERENCE

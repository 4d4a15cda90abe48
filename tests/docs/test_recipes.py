"""docs/recipes.md shows the files of examples as they are, and its recipes are run by tests."""

import re

from tests.support.markdown import read_code_blocks
from tests.support.paths import ROOT

DOCUMENT = ROOT / "docs" / "recipes.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
BLOCKS = read_code_blocks(DOCUMENT)
SHOWN_LANGUAGES = {"sh", "text"}
"""The languages of commands and of what they print; blocks in others are files."""


def test_every_file_is_shown_as_it_is() -> None:
    shown = set()
    for heading, blocks in BLOCKS.items():
        section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        for block in blocks:
            if block.language in SHOWN_LANGUAGES:
                continue
            before = section.partition(block.text)[0]
            name = re.findall(r"\[(examples/[\w./-]+)\]\(\.\./", before)[-1]
            assert (ROOT / name).read_text(encoding="utf-8") == block.text, name
            shown.add(name)
    assert len(shown) >= 10


def test_every_section_with_commands_is_run_by_a_test() -> None:
    tests = "".join(
        each.read_text(encoding="utf-8") for each in (ROOT / "tests" / "recipes").glob("*.py")
    )
    commands = [name for name, blocks in BLOCKS.items() if any(b.language == "sh" for b in blocks)]
    assert len(commands) >= 13
    for heading in commands:
        assert f'"{heading}"' in tests, heading


def test_every_section_is_in_the_table_of_contents() -> None:
    listed = re.findall(r"^- \[(.+)\]\(#", TEXT.partition("\n## ")[0], re.MULTILINE)
    assert listed == re.findall(r"^## (.+)$", TEXT, re.MULTILINE)


def test_every_example_is_in_a_document() -> None:
    documents = "".join(each.read_text(encoding="utf-8") for each in (ROOT / "docs").glob("*.md"))
    folders = {each.name for each in (ROOT / "examples").iterdir() if each.is_dir()}
    assert folders > {"pandas", "grafana", "prometheus", "systemd"}
    for name in folders - {"node_modules"}:
        assert f"examples/{name}/" in documents, name


def test_it_is_linked() -> None:
    assert "(docs/recipes.md)" in (ROOT / "README.md").read_text(encoding="utf-8")

"""docs/exporting.md is true: its files, its commands and its limits."""

import re

from click.testing import CliRunner

from service.cli.commands import commands
from service.exports.export_files import TABLE_FILES
from service.exports.record_reader import PAGE_SIZE
from tests.support.paths import ROOT

TEXT = (ROOT / "docs" / "exporting.md").read_text(encoding="utf-8")


def test_every_table_and_format_is_listed() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| .* \| (`.*`) \|$", TEXT, re.MULTILINE)
    listed = set()
    for names, formats in rows:
        for name in re.findall(r"\w+", names):
            listed |= {f"{name}.{each}" for each in re.findall(r"\w+", formats)}
    offered = {each.name for each in TABLE_FILES}
    assert {each for each in listed if not each.startswith("totals.")} == offered


def test_every_option_exists() -> None:
    for command in ("export", "follow", "import file"):
        help_text = CliRunner().invoke(commands, [*command.split(), "--help"]).stdout
        for line in re.findall(rf"python -m service {command} (.*)", TEXT):
            for option in re.findall(r"--[a-z-]+", line):
                assert option in help_text, (command, option)


def test_the_limits_are_those_of_the_code() -> None:
    assert f"{PAGE_SIZE} reports at a time" in TEXT
    assert "docs/exporting.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    help_text = CliRunner().invoke(commands, ["export", "--help"]).stdout
    assert "docs/exporting.md" in help_text

"""docs/commands.md lists every command, and its examples are commands."""

import re

import click
from click.testing import CliRunner

from service.cli.commands import commands
from tests.support.paths import ROOT

CONTEXT = click.Context(commands)

TEXT = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def test_every_command_is_listed() -> None:
    rows = re.findall(r"^\| (`.*?`) \| .* \| `python -m service ([a-z-]+)", TEXT, re.MULTILINE)
    listed = {name for names, _ in rows for name in re.findall(r"`([a-z-]+)`", names)}
    assert listed == set(commands.list_commands(CONTEXT))
    for names, example in rows:
        assert f"`{example}`" in names


def test_every_option_of_an_example_exists() -> None:
    for name, rest in re.findall(r"python -m service ([a-z-]+)(.*)", TEXT):
        command = commands.get_command(CONTEXT, name)
        path = [name]
        if isinstance(command, click.Group):
            named = rest.split()[0]
            path.append(named if named in command.commands else "file")
        help_text = CliRunner().invoke(commands, [*path, "--help"]).stdout
        for option in re.findall(r" (--[a-z-]+)", rest):
            assert option in help_text or name == "serve", (name, option)


def test_it_is_linked() -> None:
    assert "(docs/commands.md)" in (ROOT / "README.md").read_text(encoding="utf-8")

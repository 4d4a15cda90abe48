"""The commands: their answers alone on standard output, all else on standard error."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service import cli
from service.cli import commands


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run a command on a database of the test's own."""
    environment = {"CASUALTY_DATABASE": str(tmp_path / "new" / "x.db")}

    def ran(*arguments: str, **more: str) -> Result:
        return CliRunner().invoke(commands, arguments, env={**environment, **more})

    return ran


def test_help_teaches_every_command_and_setting(run: Any) -> None:
    text = run("--help").stdout
    for word in (
        "migrate",
        "backup",
        "restore",
        "key",
        "CASUALTY_DATABASE",
        "CASUALTY_READING",
        "gunicorn",
        "curl",
    ):
        assert word in text
    for name in ("create", "list", "revoke"):
        assert name in run("key", "--help").stdout


def test_migrate_says_what_it_did(run: Any) -> None:
    first, second = run("migrate"), run("migrate")
    assert (first.exit_code, first.stdout) == (0, "")
    assert "5 steps" in first.stderr
    assert "up to date" in second.stderr


def test_a_key_is_printed_alone_and_once(run: Any) -> None:
    made = run("key", "create", "--name", "Desk", "--scope", "report")
    assert made.exit_code == 0
    assert made.stdout.startswith("cas_")
    assert len(made.stdout.split()) == 1
    listed = run("key", "list").stdout
    assert made.stdout.split("_")[1] in listed
    assert made.stdout.split("_")[2].strip() not in listed


def test_a_pipe_gets_lines_with_tabs(run: Any) -> None:
    run("key", "create", "--name", "Desk", "--scope", "read")
    head, row = run("key", "list").stdout.splitlines()
    assert head.split("\t") == ["id", "name", "scope", "created_at", "revoked_at"]
    assert row.split("\t")[1:3] == ["Desk", "read"]


def test_a_terminal_gets_a_table(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_in_terminal", lambda: True)
    assert "No keys yet" in run("key", "list").stderr
    run("key", "create", "--name", "Desk", "--scope", "read")
    head, row = run("key", "list").stdout.splitlines()
    assert head.index("name") == row.index("Desk")


def test_a_key_is_revoked_once(run: Any) -> None:
    id = run("key", "create", "--name", "Desk", "--scope", "read").stdout.split("_")[1]
    assert run("key", "revoke", id).exit_code == 0
    again = run("key", "revoke", id)
    assert (again.exit_code, again.stdout) == (1, "")
    assert id in again.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("key", "create", "--name", "Desk"),
        ("key", "create", "--name", "Desk", "--scope", "root"),
        ("key", "create", "--name", "", "--scope", "read"),
        ("key", "create", "--name", "a\tb", "--scope", "read"),
        ("nonsense",),
    ],
)
def test_a_wrong_command_fails_without_an_answer(run: Any, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert result.stdout == ""
    assert "Error" in result.stderr


def test_a_bad_setting_is_told_in_one_line(run: Any) -> None:
    result = run("migrate", CASUALTY_READING="maybe")
    assert result.exit_code == 1
    assert result.stderr == "Error: CASUALTY_READING='maybe': use open or closed\n"

"""The commands: results on standard output, everything else on standard error."""

import re
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli.commands import commands
from service.settings import Settings
from service.store.event_log import NewEvent
from service.store.projections.dispatch import record_events
from service.store.sqlite.engine import SqliteStore
from tests.conftest import START_TIME


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run a command on a database for one test."""
    environment = {"CASUALTY_DATABASE": str(tmp_path / "new" / "x.db")}

    def run_command(*arguments: str, **more: str) -> Result:
        return CliRunner().invoke(commands, arguments, env={**environment, **more})

    return run_command


def test_help_names_every_command_and_setting(run: Any) -> None:
    text = run("--help").stdout
    for word in (
        "migrate",
        "backup",
        "restore",
        "key",
        "CASUALTY_DATABASE",
        "CASUALTY_READING",
        "serve",
        "curl",
    ):
        assert word in text
    for field in fields(Settings):
        assert f"CASUALTY_{field.name.upper()} " in text
    for name in ("create", "list", "revoke"):
        assert name in run("key", "--help").stdout


def test_migrate_reports_the_steps_it_ran(run: Any) -> None:
    first, second = run("migrate"), run("migrate")
    assert (first.exit_code, first.stdout) == (0, "")
    assert re.search(r": \d+ migrations run, up to date\n$", first.stderr)
    assert "up to date" in second.stderr


def test_a_key_is_printed_alone_and_once(run: Any) -> None:
    created = run("key", "create", "--name", "Desk", "--scope", "report")
    assert created.exit_code == 0
    assert created.stdout.startswith("cas_")
    assert len(created.stdout.split()) == 1
    listing = run("key", "list").stdout
    assert created.stdout.split("_")[1] in listing
    assert created.stdout.split("_")[2].strip() not in listing


def test_a_pipe_gets_tab_separated_lines(run: Any) -> None:
    run("key", "create", "--name", "Desk", "--scope", "read")
    head, row = run("key", "list").stdout.splitlines()
    assert head.split("\t") == [
        "id", "name", "scope", "reporters", "created_at", "expires_at", "last_used_at", "revoked_at"
    ]  # fmt: skip
    assert row.split("\t")[1:4] == ["Desk", "read", ""]
    assert row.split("\t")[5:] == ["", "", ""]


def test_a_key_can_be_bound_to_reporters_and_expire(run: Any) -> None:
    created = run(
        *("key", "create", "--name", "Desk", "--scope", "report"),
        *("--reporter", "ua-hur", "--reporter", "ru-mod", "--expires", "2999-01-31"),
    )
    assert len(created.stdout.split()) == 1
    assert "no reporter ua-hur yet" in created.stderr
    cells = run("key", "list").stdout.splitlines()[1].split("\t")
    assert (cells[3], cells[5]) == ("ua-hur,ru-mod", "2999-01-31T23:59:59.999999Z")


def test_a_key_can_expire_after_some_days(run: Any) -> None:
    run("key", "create", "--name", "Desk", "--scope", "read", "--days", "90")
    cells = run("key", "list").stdout.splitlines()[1].split("\t")
    created_at, expires_at = (datetime.fromisoformat(cells[column]) for column in (4, 5))
    assert expires_at - created_at == timedelta(days=90)


def test_a_terminal_gets_a_table(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.cli.tables.is_terminal", lambda: True)
    assert "No keys yet" in run("key", "list").stderr
    run("key", "create", "--name", "Desk", "--scope", "read")
    head, row = run("key", "list").stdout.splitlines()
    assert head.index("name") == row.index("Desk")


def test_a_key_is_revoked_once(run: Any) -> None:
    key_id = run("key", "create", "--name", "Desk", "--scope", "read").stdout.split("_")[1]
    assert run("key", "revoke", key_id).exit_code == 0
    again = run("key", "revoke", key_id)
    assert (again.exit_code, again.stdout) == (1, "")
    assert key_id in again.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("key", "create", "--name", "Desk"),
        ("key", "create", "--name", "Desk", "--scope", "root"),
        ("key", "create", "--name", "", "--scope", "read"),
        ("key", "create", "--name", "a\tb", "--scope", "read"),
        ("key", "create", "--name", "a", "--scope", "read", "--reporter", "ua-hur"),
        ("key", "create", "--name", "a", "--scope", "admin", "--reporter", "ua-hur"),
        ("key", "create", "--name", "a", "--scope", "report", "--reporter", "UA,HUR"),
        ("key", "create", "--name", "a", "--scope", "read", "--expires", "2020-01-31"),
        ("key", "create", "--name", "a", "--scope", "read", "--expires", "soon"),
        ("key", "create", "--name", "a", "--scope", "read", "--days", "0"),
        ("key", "create", "--name", "a", "--scope", "read", "--days", "9", "--expires=2999-01-01"),
        ("nonsense",),
    ],
)
def test_a_wrong_command_fails_without_output(run: Any, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert result.stdout == ""
    assert "Error" in result.stderr


def test_a_bad_setting_is_reported_in_one_line(run: Any) -> None:
    result = run("migrate", CASUALTY_READING="maybe")
    assert result.exit_code == 1
    assert result.stderr == "Error: CASUALTY_READING='maybe': use open or closed\n"


def test_an_event_log_is_dumped_loaded_and_verified(run: Any, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "new" / "x.db")
    store.migrate()
    with store.write_transaction() as db:
        record_events(
            db, [NewEvent("place_added", "a", {"id": "a", "name": "A"})], None, START_TIME
        )
    file = tmp_path / "ledger.ndjson"
    assert run("dump", str(file)).exit_code == 0
    assert run("dump").stdout == file.read_text()
    other_database = {"CASUALTY_DATABASE": str(tmp_path / "other.db")}
    assert "1 events" in run("load", str(file), **other_database).stderr
    assert run("verify", **other_database).stdout == run("verify").stdout
    again = run("load", str(file), **other_database)
    assert (again.exit_code, "not empty" in again.stderr) == (1, True)


def test_verify_fails_where_anything_is_wrong(run: Any, tmp_path: Path) -> None:
    assert run("verify").exit_code == 0
    with SqliteStore(tmp_path / "new" / "x.db").write_transaction() as db:
        db.execute("DELETE FROM entries")
    result = run("verify")
    assert result.exit_code == 1
    assert result.stdout == 'The table entries lacks the row ["group", "everyone", 0].\n'


def test_a_record_is_copied_and_no_file_is_made_for_a_mistyped_name(
    run: Any, tmp_path: Path
) -> None:
    source, target = tmp_path / "new" / "x.db", tmp_path / "target.db"
    store = SqliteStore(source)
    store.migrate()
    with store.write_transaction() as db:
        record_events(
            db, [NewEvent("place_added", "a", {"id": "a", "name": "A"})], None, START_TIME
        )
    mistyped = run("copy", f"{source}x", str(target))
    assert (mistyped.exit_code, mistyped.stdout) == (2, "")
    assert f"there is no file {source}x" in mistyped.stderr
    assert not target.exists() and not Path(f"{source}x").exists()
    unreadable = run("copy", str(source), "postgresql://me:%zzsecret@db/casualties")
    assert unreadable.exit_code == 2 and "%40 for @" in unreadable.stderr
    assert "secret" not in unreadable.stderr
    copied = run("copy", str(source), str(target))
    assert copied.exit_code == 0 and "1 events (1 new)" in copied.stdout
    assert run("dump", CASUALTY_DATABASE=str(target)).stdout == run("dump").stdout

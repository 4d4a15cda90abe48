"""The command import: words for a person, JSON for a pipe, and an exit code for a script."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import import_commands, tables
from service.cli.commands import commands
from service.imports.shipped_maps import list_map_names
from tests.imports.tables import (
    EVENTS,
    RUNNING,
    make_day,
    make_event,
    read_table,
    write_table,
)
from tests.support.gunicorn_server import run_server

ROWS = [make_event(number) for number in range(1, 8)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file of events, and mappings of events and of running totals."""
    (tmp_path / "events.toml").write_text(EVENTS, encoding="utf-8")
    (tmp_path / "running.toml").write_text(RUNNING, encoding="utf-8")
    write_table(tmp_path / "rows.csv", ROWS)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Any:
    """Run the command on a database for one test, with files of the folder."""
    environment = {"CASUALTY_DATABASE": str(folder / "x.db")}

    def run_command(*arguments: str, typed: str | None = None) -> Result:
        paths = [
            str(folder / each) if each.endswith((".csv", ".toml")) else each for each in arguments
        ]
        return CliRunner().invoke(commands, ["import", *paths], env=environment, input=typed)

    return run_command


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command think that a person reads the result."""
    monkeypatch.setattr(import_commands, "is_terminal", lambda: True)
    monkeypatch.setattr(tables, "is_terminal", lambda: True)


def test_a_pipe_gets_the_counts_as_json(run: Any, folder: Path) -> None:
    result = run("rows.csv", "--map", "events.toml")
    assert result.exit_code == 0 and result.stderr.startswith("Recorded as the import ")
    counts = json.loads(result.stdout)
    assert (counts["rows"], counts["added"], counts["refused"]) == (7, 7, 0)
    assert not (folder / "rows.csv.refused.csv").exists()
    assert json.loads(run("rows.csv", "--map", "events.toml").stdout)["known"] == 7


@pytest.mark.usefixtures("terminal")
def test_a_person_gets_words(run: Any) -> None:
    result = run("rows.csv", "--map", "events.toml")
    assert result.stdout == "7 rows: 7 added.\n"


def test_refused_rows_can_be_corrected_and_imported(run: Any, folder: Path) -> None:
    write_table(folder / "rows.csv", [*ROWS[:5], make_event(6, low="many"), make_event(7, low=9)])
    result = run("rows.csv", "--map", "events.toml")
    assert result.exit_code == 1
    refused = folder / "rows.csv.refused.csv"
    assert str(refused) in result.stderr
    rows = read_table(refused)
    assert [(row["line"], row["column"]) for row in rows] == [("7", "low"), ("8", "high")]
    assert [row["id"] for row in rows] == ["6", "7"]
    write_table(refused, [{**row, "low": "1"} for row in rows])
    result = run("rows.csv.refused.csv", "--map", "events.toml")
    assert (result.exit_code, json.loads(result.stdout)["added"]) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("rows.csv", "--map", "nothing"),
            "no mapping nothing: give the path of a file",
        ),
        (("absent.csv", "--map", "events.toml"), "There is no file"),
        (("rows.csv", "--map", "running.toml"), "lacks columns that the mapping names"),
        (("rows.csv",), "--map is missing"),
        (("rows.csv", "--map", "events.toml", "--to", "http://127.0.0.1:1"), "needs an API key"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_2(
    run: Any, folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr and "Traceback" not in result.stderr


def test_a_question_stops_a_script_until_it_says_yes(run: Any, folder: Path) -> None:
    days = [make_day(day, 100 + day) for day in range(1, 9)]
    write_table(folder / "days.csv", days)
    (folder / "totals.toml").write_text(RUNNING.replace('"running"', '"totals"'), encoding="utf-8")
    result = run("days.csv", "--map", "totals.toml")
    assert result.exit_code == 2
    assert "look like running totals" in result.stderr and 'counts = "running"' in result.stderr
    result = run("days.csv", "--map", "totals.toml", "--yes")
    assert (result.exit_code, json.loads(result.stdout)["added"]) == (0, 8)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("typed", "exit_code"), [("y\n", 0), ("n\n", 2)])
def test_a_person_is_asked(run: Any, folder: Path, typed: str, exit_code: int) -> None:
    (folder / "plain.toml").write_text(EVENTS.replace("incident =", "note ="), encoding="utf-8")
    result = run("rows.csv", "--map", "plain.toml", typed=typed)
    assert result.exit_code == exit_code
    assert ("7 added" in result.stdout) == (exit_code == 0)


def test_a_check_sends_nothing_and_tells_everything(run: Any, folder: Path) -> None:
    run("rows.csv", "--map", "events.toml")
    write_table(folder / "rows.csv", [*ROWS[:6], make_event(7, low=4), make_event(8, low=9)])
    result = run("rows.csv", "--map", "events.toml", "--check")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["columns"] == ["id", "day", "country", "town", "low", "high"]
    assert (told["known"], told["revised"], told["refused"]) == (6, 1, 1)
    assert [each["ref"] for each in told["examples"]] == ["ev-1", "ev-2", "ev-3"]
    assert told["totals"] == [
        {
            "place": "Syria",
            "outcomes": ["killed"],
            "before": {"low": 14, "high": 35},
            "after": {"low": 16, "high": 35},
        }
    ]
    assert not (folder / "rows.csv.refused.csv").exists()
    write_table(folder / "rows.csv", ROWS)
    assert json.loads(run("rows.csv", "--map", "events.toml").stdout)["known"] == 7


@pytest.mark.usefixtures("terminal")
def test_a_person_reads_what_was_understood(run: Any, folder: Path) -> None:
    write_table(folder / "rows.csv", [{**row, "notes": "x"} for row in ROWS])
    text = run("rows.csv", "--map", "events.toml", "--check").stdout
    assert "Events of a register: a row counts events." in text
    assert "Not read: notes." in text
    assert '"ref": "ev-1"' in text and '"ref": "ev-4"' not in text
    assert "Syria, killed: no figure reported → between 14 and 35 killed" in text


def test_every_change_of_an_edition_is_listed(run: Any, folder: Path) -> None:
    run("rows.csv", "--map", "events.toml")
    write_table(folder / "rows.csv", [*ROWS[:3], *ROWS[4:6], make_event(7, low=3), make_event(8)])
    arguments = ("rows.csv", "--map", "events.toml", "--changes", "changes.csv")
    result = run(*arguments, "--vanished", "retract")
    assert "Reports without a row in this edition: 1 (ev-4)." in result.stderr
    assert "Add --yes to retract them" in result.stderr
    result = run(*arguments, "--vanished", "retract", "--yes")
    assert json.loads(result.stdout)["retracted"] == 1
    changes = read_table(folder / "changes.csv")
    assert [(each["change"], each["ref"], each["before"]) for each in changes] == [
        ("gone", "ev-4", "2 to 5 killed")
    ]


def test_an_import_into_a_service_needs_its_address_and_a_key(folder: Path) -> None:
    with run_server(folder) as server:
        arguments = [str(folder / "rows.csv"), "--map", str(folder / "events.toml")]
        result = CliRunner().invoke(
            commands, ["import", *arguments, "--to", server.url], env={"CASUALTY_KEY": server.key}
        )
    assert (result.exit_code, json.loads(result.stdout)["added"]) == (0, 7)


def list_imports(run: Any) -> list[list[str]]:
    lines = run("list").stdout.splitlines()
    assert lines[0].split("\t") == list(import_commands.IMPORT_COLUMNS)
    return [line.split("\t") for line in lines[1:]]


def test_imports_are_listed_and_withdrawn(run: Any, folder: Path) -> None:
    assert list_imports(run) == []
    run("rows.csv", "--map", "events.toml")
    write_table(folder / "rows.csv", [*ROWS[:6], make_event(7, low=3)])
    run("rows.csv", "--map", "events.toml")
    newer, older = list_imports(run)
    assert newer[1:2] + newer[3:] == ["finished", "rows.csv", "Events of a register", "7", "1", "1"]
    assert older[5:] == ["7", "7", "6"]  # One of its reports was superseded.
    result = run("withdraw", older[0], "--reason", "Published by mistake")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "is withdrawn: 6 reports retracted" in result.stderr
    assert [each[1] for each in list_imports(run)] == ["finished", "withdrawn"]
    again = run("withdraw", older[0], "--reason", "Once more")
    assert (again.exit_code, "0 reports retracted" in again.stderr) == (0, True)
    assert "There is no such import" in run("withdraw", "nothing", "--reason", "x").stderr


@pytest.mark.usefixtures("terminal")
def test_a_person_reads_a_table_of_imports(run: Any) -> None:
    assert "No imports yet" in run("list").stderr
    run("rows.csv", "--map", "events.toml")
    header, row = run("list").stdout.splitlines()
    assert header.split() == list(import_commands.IMPORT_COLUMNS)
    assert row.split()[1] == "finished"


def test_shipped_mappings_are_listed_and_printed(run: Any) -> None:
    listed = run("maps").stdout.splitlines()
    assert [line.partition("\t")[0] for line in listed] == list_map_names()
    assert run("map", "ucdp-ged").stdout.startswith("title = ")
    assert run("map", "nothing").exit_code == 1

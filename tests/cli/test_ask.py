"""The commands that ask: text with charts for a person, tables and JSON for a program."""

import csv
import io
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import totals_commands
from service.cli.commands import commands
from tests.conftest import SendRequest
from tests.exports.records import record_everything
from tests.support import bodies
from tests.support.assertions import assert_recorded


@pytest.fixture
def run(settings: Any, send: SendRequest) -> Any:
    """Run a command on a record with everything."""
    record_everything(send)
    environment = {"CASUALTY_DATABASE": str(settings.database), "COLUMNS": "80"}
    return lambda *arguments: CliRunner().invoke(commands, arguments, env=environment)


def test_a_pipe_gets_the_csv_of_the_api(run: Any, client: Any) -> None:
    result: Result = run("totals", "--place", "west", "--by", "place")
    assert result.exit_code == 0, result.output
    expected = client.get("/v1/totals?place=west&by=place&format=csv").get_data(as_text=True)
    assert result.stdout_bytes.decode() == expected


def test_every_format_has_the_same_totals(run: Any) -> None:
    arguments = ("totals", "--place", "west", "--outcomes", "killed", "--format")
    (row,) = csv.DictReader(io.StringIO(run(*arguments, "csv").stdout))
    (line,) = run(*arguments, "ndjson").stdout.splitlines()
    answer = json.loads(run(*arguments, "json").stdout)
    texts = {row["text"], json.loads(line)["text"], answer["totals"][0]["text"]}
    assert len(texts) == 1
    assert texts.pop() in run(*arguments, "text").stdout


def test_a_person_gets_a_chart(run: Any, send: SendRequest) -> None:
    figure = {"outcomes": ["killed"], "low": 900, "high": 1_000}
    place = bodies.make_place("south", name="[red]South[/red] " + "x" * 60, parent="west")
    assert_recorded(send(bodies.make_report(figures=[figure], places=[place])))
    text = run(
        "totals", "--place", "west", "--by", "place", "--outcomes", "killed", "--format", "text"
    ).stdout
    assert text.startswith("How many people were reported killed in Захід, by place?")
    lines = {line.split("  ")[0].strip(): line for line in text.splitlines()}
    assert "├" in lines["Town; of two"] and "▶" in lines["Town; of two"]
    (south,) = (line for name, line in lines.items() if name.startswith("[red]South[/red] xx"))
    assert "900–1,000" in south and "┤" in south
    assert "…" in south
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "- No ceiling is known" in text


def test_many_sets_and_caveats_are_cut(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals_commands, "MAX_CAVEATS", 2)
    text = run("totals", "--by", "place", "--format", "text").stdout
    assert text.count("0   ") >= totals_commands.MAX_CHARTS
    assert sum(line.startswith("- ") for line in text.splitlines()) == 3
    assert "more: --format json" in text


def test_nothing_reported_is_said(run: Any) -> None:
    text = run("totals", "--from", "2025-01-01", "--format", "text").stdout
    assert "no figure reported" in text


def test_a_disputed_range_says_so(run: Any, send: SendRequest) -> None:
    for reporter, number in (("one", 10), ("two", 90)):
        figure = {"outcomes": ["wounded"], "exactly": number}
        body = bodies.make_report(
            reporter={"id": reporter, "name": reporter},
            figures=[figure],
            places=[bodies.make_place("east")],
        )
        assert_recorded(send(body))
    arguments = ("totals", "--by", "place", "--outcomes", "wounded", "--format", "text")
    (line,) = (each for each in run(*arguments).stdout.splitlines() if each.startswith("East"))
    assert line.rstrip().endswith("disputed")


def test_wrong_options_are_one_line(run: Any) -> None:
    for arguments, words in (
        (("--by", "moon"), "--by"),
        (("--place", "nowhere"), "There is no place nowhere"),
        (("--from", "yesterday"), "--from"),
    ):
        result = run("totals", *arguments)
        assert result.exit_code in (1, 2)
        assert words in result.stderr and "Traceback" not in result.stderr


def test_words_are_read(run: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "at least 30 killed or wounded"
    result = run("wording", words, "dozens")
    assert result.exit_code == 0
    first, second = map(json.loads, result.stdout.splitlines())
    assert first == client.post("/v1/wording", json={"text": words}).get_json()
    assert second["low"] == 12
    failed = run("wording", "xyzzy", "dozens")
    assert (failed.exit_code, len(failed.stdout.splitlines())) == (1, 1)
    assert "xyzzy" in failed.stderr
    monkeypatch.setattr(totals_commands, "is_terminal", lambda: True)
    assert "at least 30 killed or wounded (at_least" in run("wording", words).stdout
    assert "people (dozens" in run("wording", "dozens").stdout

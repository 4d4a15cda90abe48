"""The README is true: its commands run as printed, its answers are given, its files exist."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.gunicorn_server import RunningServer, run_server
from tests.support.paths import ROOT
from tests.support.text_search import find_some

README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"
ANYTHING = "…"

EXAMPLES = [
    (command, json.loads(answer))
    for command, answer in re.findall(
        r"```sh\n(curl .*?)```\n.*?```json\n(.*?)```", README, flags=re.DOTALL
    )
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_server(tmp_path_factory.mktemp("readme")) as server:
        yield server


def _run_curl(command: str, server: RunningServer) -> Any:
    assert ADDRESS in command
    completed = subprocess.run(
        ["sh", "-c", command.replace(ADDRESS, server.url)],
        env=os.environ | {"KEY": server.key},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(completed.stdout)


def _assert_shown(shown: Any, answer: Any, path: str = "") -> None:
    """Everything that the README shows is in the answer; the answer may hold more fields."""
    if shown == ANYTHING:
        assert answer, path
    elif isinstance(shown, dict):
        for name, value in shown.items():
            assert name in answer, f"{path}/{name}"
            _assert_shown(value, answer[name], f"{path}/{name}")
    elif isinstance(shown, list):
        assert len(shown) == len(answer), path
        for number, value in enumerate(shown):
            _assert_shown(value, answer[number], f"{path}/{number}")
    else:
        assert shown == answer, path


def test_the_examples_post_a_report_and_query_totals() -> None:
    commands = [command for command, _ in EXAMPLES]
    assert len(commands) >= 3
    assert "/v1/reports" in commands[0] and all("totals" in command for command in commands[1:])
    assert README.count("```sh\ncurl") == len(commands)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_commands_give_the_answers_shown(server: RunningServer) -> None:
    for command, shown in EXAMPLES:
        _assert_shown(shown, _run_curl(command, server))


def test_every_file_it_points_to_exists() -> None:
    for target in find_some(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_target_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(find_some(r"\bmake ([a-z-]+)\b(?=[ `\n]|$)", README)):
        assert f"\n{target}:" in makefile, target

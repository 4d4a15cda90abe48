"""The recipes of docs/recipes.md, run as they are printed."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.capabilities import RECIPE_PATH
from tests.support.gunicorn_server import TIMEOUT_SECONDS, RunningServer
from tests.support.markdown import read_code_blocks
from tests.support.paths import ROOT

DOCUMENT: Final = ROOT / "docs" / "recipes.md"
ADDRESS: Final = "http://127.0.0.1:8000"
QUESTION: Final = "/v1/totals?place=example-country&outcomes=killed&by=place,month"

_NOT_COPIED: Final = shutil.ignore_patterns("node_modules", "__pycache__", "casualties.d.ts")

Row = tuple[str, str, int | None, int | None, int | None, int | None]
"""An oblast, a month, and the ends of its range and of what is placed there."""


@dataclass(frozen=True)
class Kitchen:
    """A folder like the root of the project, whose examples ask a running server."""

    folder: Path
    server: RunningServer

    def run_section(self, heading: str) -> list[str]:
        """Return what each command block of the section prints, which must be what it shows."""
        outputs = []
        for block in read_code_blocks(DOCUMENT)[heading]:
            if block.language == "sh":
                outputs.append(self.run(block.text))
            elif block.language == "text":
                assert _strip_lines(outputs[-1]) == _strip_lines(block.text), heading
        assert outputs, heading
        return outputs

    def run(self, script: str) -> str:
        """Return what the shell prints to standard output; fails if a command fails."""
        completed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.point(script)],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
        )
        assert completed.returncode == 0, f"{script}\n{completed.stdout}{completed.stderr}"
        return completed.stdout

    def point(self, text: str) -> str:
        """Return the text with the address and the database of the server."""
        database = self.server.environment["CASUALTY_DATABASE"]
        return text.replace(ADDRESS, self.server.url).replace("data/recipes.db", database)

    def fetch_json(self, path: str) -> Any:
        """Return the answer of the server."""
        with urllib.request.urlopen(self.server.url + path) as response:
            return json.load(response)

    def fetch_rows(self) -> list[Row]:
        """Return the ranges of all oblasts and months, as the API has them."""
        rows = []
        for part in self.fetch_json(QUESTION)["parts"]:
            (total,) = part["totals"]
            placed = total["placed"]
            numbers = (total["low"], total["high"], placed["low"], placed["high"])
            rows.append((part["key"], part["key2"], *numbers))
        return rows

    @property
    def _environment(self) -> dict[str, str]:
        return self.server.environment | {
            "PATH": RECIPE_PATH,
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "KEY": self.server.key,
            "LC_ALL": "C.UTF-8",
        }


def make_kitchen(folder: Path, server: RunningServer) -> Kitchen:
    """Return a kitchen in the folder."""
    kitchen = Kitchen(folder, server)
    examples = folder / "examples"
    shutil.copytree(ROOT / "examples", examples, ignore=_NOT_COPIED)
    for file in examples.rglob("*"):
        if file.is_file():
            file.write_text(kitchen.point(file.read_text("utf-8")), encoding="utf-8")
    (examples / "node_modules").symlink_to(ROOT / "examples" / "node_modules")
    (folder / ".venv").symlink_to(sys.prefix)
    return kitchen


def fetch_when_up(url: str) -> str:
    """Return the page of a server that has just been started; fails if it does not answer."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
                return str(response.read().decode())
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)


def _strip_lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def read_printed_rows(output: str) -> list[Row]:
    """Return the rows of a printed table: a key that is not repeated is that of the row above."""
    rows: list[Row] = []
    for line in output.splitlines():
        cells = re.sub(r"[│┆|]", " ", line).split()
        months = [each for each in cells if re.fullmatch(r"\d{4}-\d{2}(-01)?", each)]
        if not months:
            continue
        (month,) = months
        place = cells.index(month)
        key = cells[0] if place else rows[-1][0]
        low, high, placed_low, placed_high = map(_read_number, cells[place + 1 : place + 5])
        rows.append((key, month[:7], low, high, placed_low, placed_high))
    return rows


def _read_number(cell: str) -> int | None:
    return None if cell.lower() in ("", "<na>", "na", "null") else int(cell)


def read_csv_rows(lines: list[list[str]]) -> list[Row]:
    """Return the rows of a CSV table without a header."""
    return [
        (
            *(key, month),
            *(_read_number(low), _read_number(high)),
            *(_read_number(placed_low), _read_number(placed_high)),
        )
        for key, month, low, high, placed_low, placed_high, *_ in lines
    ]

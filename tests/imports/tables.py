"""Small files and their mappings, for tests of imports."""

import csv
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from pathlib import Path
from typing import Any

EVENTS = """
title = "Events of a register"
counts = "events"
[reporter]
id = "register"
name = "A Register"
[report]
ref = "ev-{id}"
incident = "register:{id}"
[period]
from = "{day}"
to = "{day}"
[[places]]
name = "{country}"
[[places]]
name = "{town}"
[[figures]]
outcomes = ["killed"]
low = "{low}"
high = "{high}"
"""

RUNNING = """
title = "Daily totals of a ministry"
counts = "running"
[reporter]
id = "ministry"
name = "A Ministry"
party = true
[report]
ref = "day-{day}"
[period]
from = "2023-10-07"
to = "{day}"
[[places]]
id = "strip"
name = "A Strip"
[[figures]]
outcomes = ["killed"]
exactly = "{killed}"
"""


def make_event(number: int, **cells: Any) -> dict[str, str]:
    """Return a row of the register: 2 to 5 people killed in Azaz, on another day each."""
    row = {
        "id": number, "day": f"2016-01-{number:02}", "country": "Syria", "town": "Azaz",
        "low": 2, "high": 5,
    }  # fmt: skip
    return {name: str(cell) for name, cell in (row | cells).items()}


def make_day(day: int, killed: object) -> dict[str, str]:
    """Return a row of the ministry: so many people killed until this day of November."""
    return {"day": f"2023-11-{day:02}", "killed": str(killed)}


def write_table(path: Path, rows: Sequence[MappingABC[str, str]]) -> Path:
    """Return the path after writing the rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))

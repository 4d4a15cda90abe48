"""What looks like a mistake of a mapping is asked about, and nothing else is."""

from pathlib import Path

import pytest

from service.imports.file_check import ask_about_file
from service.imports.mapping_schema import parse_mapping
from tests.imports.tables import EVENTS, RUNNING, make_day, make_event, write_table

EVENT_ROWS = [make_event(number) for number in range(1, 9)]
RUNNING_ROWS = [make_day(day, 100 + 10 * day) for day in range(1, 9)]
AS_TOTALS = RUNNING.replace('"running"', '"totals"')
WORDS = 'wording = "{killed}"'


def ask(tmp_path: Path, mapping: str, rows: list[dict[str, str]]) -> list[str]:
    path = write_table(tmp_path / "rows.csv", rows)
    return [each.code for each in ask_about_file(parse_mapping(mapping), path)]


@pytest.mark.parametrize(
    ("mapping", "rows"),
    [
        (EVENTS, EVENT_ROWS),
        (RUNNING, RUNNING_ROWS),
        # Too few rows to know, and numbers that fall, as those of separate weeks do.
        (AS_TOTALS, RUNNING_ROWS[:3]),
        (AS_TOTALS, [make_day(day, 100 + 10 * (day % 3)) for day in range(1, 9)]),
        (
            RUNNING.replace('exactly = "{killed}"', WORDS),
            [make_day(day, f"at least {day}") for day in range(1, 9)],
        ),
        (RUNNING.replace('exactly = "{killed}"', 'wording = "about {killed}"'), RUNNING_ROWS),
    ],
)
def test_nothing_is_asked_about_a_mapping_that_fits(
    tmp_path: Path, mapping: str, rows: list[dict[str, str]]
) -> None:
    assert ask(tmp_path, mapping, rows) == []


@pytest.mark.parametrize(
    ("mapping", "rows", "code"),
    [
        (EVENTS.replace("incident =", "note ="), EVENT_ROWS, "events_without_incident"),
        (
            RUNNING.replace("ref =", 'incident = "m:{day}"\nref ='),
            RUNNING_ROWS,
            "running_with_incident",
        ),
        (RUNNING.replace("2023-10-07", "{day}"), RUNNING_ROWS, "running_from_column"),
        (AS_TOTALS, RUNNING_ROWS, "looks_running"),
        (RUNNING.replace('exactly = "{killed}"', WORDS), RUNNING_ROWS, "numbers_as_words"),
        (
            RUNNING.replace('exactly = "{killed}"', WORDS),
            [make_day(day, f"{day}-{day + 2}") for day in range(1, 9)],
            "numbers_as_words",
        ),
        (
            EVENTS.replace('name = "{town}"', 'name = "{town}"\nsplit = ";"'),
            [make_event(1, town="Azaz; Syria"), make_event(2)],
            "nested_places",
        ),
    ],
)
def test_what_looks_like_a_mistake_is_asked_about(
    tmp_path: Path, mapping: str, rows: list[dict[str, str]], code: str
) -> None:
    assert ask(tmp_path, mapping, rows) == [code]

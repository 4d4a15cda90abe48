"""Running totals that fall: the later one is right, and every earlier one above it is replaced."""

import pytest

from service.imports.conversion import convert_row
from service.imports.converted_rows import ConvertedRow
from service.imports.mapping_schema import parse_mapping
from service.imports.running_totals import resolve_falls
from tests.imports.tables import RUNNING, make_day

MAPPING = parse_mapping(RUNNING)
WORDS = parse_mapping(RUNNING.replace('exactly = "{killed}"', 'wording = "{killed}"'))


def resolve(*numbers: object, words: bool = False) -> tuple[dict[str, str], list[str]]:
    """Return which report each report supersedes, and which are retracted, by their days."""
    mapping = WORDS if words else MAPPING
    rows = []
    for day, number in enumerate(numbers, start=1):
        cells = make_day(day, number)
        report = convert_row(mapping, cells)
        assert isinstance(report, dict)
        rows.append(ConvertedRow(day + 1, cells, report))
    falls = resolve_falls(rows[::-1])
    assert [row.line for row in falls.rows] == sorted(row.line for row in rows)
    superseded = {
        row.report["ref"][-2:]: row.report["supersedes"]["ref"][-2:]
        for row in falls.rows
        if "supersedes" in row.report
    }
    return superseded, sorted(each.ref[-2:] for each in falls.corrections)


@pytest.mark.parametrize(
    ("numbers", "superseded", "retracted"),
    [
        ((1, 2, 2, 5), {}, []),
        ((1, 9, 5, 6), {"03": "02"}, []),
        # Two are above the third: it can supersede one, and the other one is retracted.
        ((1, 8, 9, 5), {"04": "03"}, ["02"]),
        # What was replaced once is not replaced again.
        ((9, 8, 7), {"02": "01", "03": "02"}, []),
    ],
)
def test_each_total_above_a_later_one_is_replaced(
    numbers: tuple[int, ...], superseded: dict[str, str], retracted: list[str]
) -> None:
    assert resolve(*numbers) == (superseded, retracted)


def test_words_fall_only_where_their_ranges_do() -> None:
    assert resolve("about 100", "exactly 98", words=True) == ({}, [])
    assert resolve("more than 100", "exactly 98", words=True) == ({"02": "01"}, [])
    assert resolve("at least 100", "at least 98", words=True) == ({}, [])
    assert resolve("gibberish", "exactly 98", words=True) == ({}, [])


def test_the_reason_names_both_totals() -> None:
    rows = []
    for day, number in enumerate((8, 9, 5), start=1):
        cells = make_day(day, number)
        report = convert_row(MAPPING, cells)
        assert isinstance(report, dict)
        rows.append(ConvertedRow(day + 1, cells, report))
    (correction,) = resolve_falls(rows).corrections
    assert correction.by_ref == "day-2023-11-03"
    assert "of 2023-11-01 was 8, above that of 2023-11-03" in correction.reason

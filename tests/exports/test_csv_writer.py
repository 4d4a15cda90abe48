"""CSV: what a spreadsheet could take for a formula, in cells and in the lines above them."""

import csv

import pytest

from service.exports.csv_writer import BYTE_ORDER_MARK, describe_state, write_csv


def test_lines_about_the_table_come_before_its_header() -> None:
    text = write_csv(("a", "b"), [{"a": 1}], bom=True, about=["What is it?", "https://x.org/?a=1"])
    assert text == f"{BYTE_ORDER_MARK}# What is it?\r\n# https://x.org/?a=1\r\na,b\r\n1,\r\n"


@pytest.mark.parametrize(
    "name",
    [
        "Kursk,=1+1", "Kursk, =1+1", "Kursk;@SUM(A1)", 'Kursk,"=1+1"', "Kursk,\u200b-1",
        "Kursk,＝1", "Kursk,'+1", ',"open',
    ],
)  # fmt: skip
def test_no_part_of_a_line_is_a_formula(name: str) -> None:
    """Also if a spreadsheet divides the line at its commas or semicolons."""
    first, header = write_csv(("a",), (), about=[name]).splitlines()
    assert header == "a"
    for delimiter in ",;":
        (cells,) = csv.reader([first], delimiter=delimiter)
        assert all(cell.startswith(("#", "'")) or "=" not in cell for cell in cells)
        assert not any(cell.lstrip(" \u200b").startswith(tuple("=+-@＝")) for cell in cells)


@pytest.mark.parametrize("separator", ["\r\n", "\n", "\t", "\x00", "\u2028", "\x85"])
def test_a_text_is_one_line(separator: str) -> None:
    assert write_csv((), (), about=[f"a{separator}=b"]) == "# a =b\r\n\r\n"


def test_a_quotation_mark_begins_no_cell_of_several_lines() -> None:
    lines = write_csv(("a",), [{"a": 1}], about=['x,"y']).splitlines()
    assert list(csv.reader(lines)) == [["# x", "'y"], ["a"], ["1"]]


def test_a_state_without_events_has_no_moment() -> None:
    assert describe_state(0, None) == "As known after event 0 of the record"
    moment = "2026-01-05T10:00:00Z"
    assert describe_state(3, moment).endswith(f"event 3 of the record, recorded at {moment}")

"""docs/reliability.md is true: its tests exist, none is missing, its results are good."""

import ast
import re
from pathlib import Path

import pytest

from tests.cluster.test_leader_loss import FAULTS
from tests.faults.results import (
    BEGIN_MARKER,
    CLUSTER_BEGIN_MARKER,
    COLUMN_NAMES,
    DOCUMENT,
    END_MARKER,
    FaultResults,
    write_table,
)
from tests.support.paths import ROOT

TEXT = DOCUMENT.read_text(encoding="utf-8")
NAMED_TESTS = set(re.findall(r"`(tests/[a-z_/]+\.py)::(test_[a-z_]+)`", TEXT))


def _list_functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_every_test_it_names_exists() -> None:
    assert len(NAMED_TESTS) > 10
    for path, name in NAMED_TESTS:
        assert name in _list_functions(ROOT / path), (path, name)


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for names in ("faults/test_*.py", "cluster/test_*.py", "store/postgresql/test_failover.py")
        for path in (ROOT / "tests").glob(names)
    ),
)
def test_it_names_every_test_of_a_fault(path: Path) -> None:
    named = {name for file, name in NAMED_TESTS if ROOT / file == path}
    assert {name for name in _list_functions(path) if name.startswith("test_")} == named


def _read_table(begin: str) -> list[list[str]]:
    table = TEXT.partition(begin)[2].partition(END_MARKER)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if line.startswith("| ")
    ]
    assert tuple(rows[0]) == COLUMN_NAMES
    return rows[1:]


def test_the_results_are_of_every_fault_and_nothing_was_lost() -> None:
    rows = _read_table(BEGIN_MARKER)
    counted = {
        label
        for path in (ROOT / "tests" / "faults").glob("test_*.py")
        for label in re.findall(r'begin_results\(f?"(.+?)(?: \(\{kind\}\))?"\)', path.read_text())
    }
    assert {row[0].partition(" (")[0] for row in rows} == counted
    assert all(row[3] == row[4] == "0" and int(row[1]) >= 10 for row in rows)


def test_the_results_of_the_cluster_are_of_every_fault_and_no_gap_is_long() -> None:
    rows = _read_table(CLUSTER_BEGIN_MARKER)
    assert [row[0] for row in rows] == list(FAULTS)
    assert all(row[3] == row[4] == "0" and int(row[1]) >= 3 for row in rows)
    assert all(float(row[7].removesuffix(" s")) <= 15 for row in rows)


def test_a_table_is_written_between_its_markers_and_nowhere_else(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text(f"before\n{BEGIN_MARKER}old\n{END_MARKER}after\n", encoding="utf-8")
    for times in (10, 2_000):
        write_table(
            [FaultResults("something done", times, 3, in_doubt=1, longest_gap=1.26)], document
        )
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN_MARKER}") and text.endswith(f"{END_MARKER}after\n")
    assert "| something done | 2,000 | 3 | 0 | 0 | 1 | – | 1.3 s |\n" in text
    assert "old" not in text and "| 10 |" not in text


def test_the_readme_points_to_it() -> None:
    assert "(docs/reliability.md)" in (ROOT / "README.md").read_text(encoding="utf-8")

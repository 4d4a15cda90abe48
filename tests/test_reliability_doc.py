"""docs/reliability.md is true: its tests exist, none is missing, its results are good."""

import ast
import re
from pathlib import Path

import pytest

from tests.cluster.test_faults import FAULTS
from tests.faults.figures import BEGIN, BEGIN_OF_CLUSTER, DOCUMENT, END, HEAD, Figures, write
from tests.serving import ROOT

TEXT = DOCUMENT.read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(tests/[a-z_/]+\.py)::(test_[a-z_]+)`", TEXT))


def _tests(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_every_test_that_it_names_exists() -> None:
    assert len(NAMED) > 10
    for path, name in NAMED:
        assert name in _tests(ROOT / path), (path, name)


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for names in ("faults/test_*.py", "cluster/test_*.py", "store/postgresql/test_leaders.py")
        for path in (ROOT / "tests").glob(names)
    ),
)
def test_it_names_every_test_of_a_fault(path: Path) -> None:
    told = {name for file, name in NAMED if ROOT / file == path}
    assert {name for name in _tests(path) if name.startswith("test_")} == told


def _rows(begin: str) -> list[list[str]]:
    table = TEXT.partition(begin)[2].partition(END)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if line.startswith("| ")
    ]
    assert tuple(rows[0]) == HEAD
    return rows[1:]


def test_its_figures_are_of_every_fault_and_nothing_was_lost() -> None:
    rows = _rows(BEGIN)
    counted = {
        label
        for path in (ROOT / "tests" / "faults").glob("test_*.py")
        for label in re.findall(r'counting\(f?"(.+?)(?: \(\{kind\}\))?"\)', path.read_text())
    }
    assert {row[0].partition(" (")[0] for row in rows} == counted
    assert all(row[3] == row[4] == "0" and int(row[1]) >= 10 for row in rows)


def test_its_figures_of_the_cluster_are_of_every_fault_and_no_gap_is_long() -> None:
    rows = _rows(BEGIN_OF_CLUSTER)
    assert [row[0] for row in rows] == list(FAULTS)
    assert all(row[3] == row[4] == "0" and int(row[1]) >= 3 for row in rows)
    assert all(float(row[7].removesuffix(" s")) <= 15 for row in rows)


def test_a_table_is_written_between_its_marks_and_nowhere_else(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text(f"before\n{BEGIN}old\n{END}after\n", encoding="utf-8")
    for times in (10, 2_000):
        write([Figures("something done", times, 3, in_doubt=1, longest_gap=1.26)], document)
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}") and text.endswith(f"{END}after\n")
    assert "| something done | 2,000 | 3 | 0 | 0 | 1 | – | 1.3 s |\n" in text
    assert "old" not in text and "| 10 |" not in text


def test_the_readme_points_to_it() -> None:
    assert "(docs/reliability.md)" in (ROOT / "README.md").read_text(encoding="utf-8")

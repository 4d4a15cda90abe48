"""docs/scaling.md is true: its statements, its links, its figures."""

import re
from pathlib import Path

from benchmarks import engines as benchmark
from service.store.named_queries import STATEMENTS
from tests.faults.figures import END
from tests.serving import ROOT

TEXT = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")

DISTRIBUTED = ("reports", "figures", "report_places", "report_groups", "report_words")
"""The tables that would be spread over machines by the country."""

ONE_ROW = re.compile(r"WHERE (?:(?:id|seq) = :\w+|reporter IN .* AND ref = :ref)", re.DOTALL)


def _looks_up_without_the_country(sql: str) -> bool:
    (table,) = re.findall(r"(?:FROM|UPDATE|INTO) (\w+)", sql)[:1] or [""]
    return table in DISTRIBUTED and ONE_ROW.search(sql) is not None


def test_it_names_every_statement_that_would_have_to_be_told_the_country() -> None:
    found = {name for name, sql in STATEMENTS.items() if _looks_up_without_the_country(sql)}
    part = TEXT.partition("What would have to change")[2]
    named = set(re.findall(r"`([a-z]+_\w+)`", part.partition("\n\n")[0]))
    assert len(found) > 8 and found <= named
    assert named <= set(STATEMENTS)


def test_everything_that_it_points_to_exists() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", TEXT):
        file, _, part = target.partition("#")
        page = (ROOT / "docs" / (file or "scaling.md")).read_text(encoding="utf-8")
        headings = {each.lower().replace(" ", "-") for each in re.findall(r"^#+ (.+)$", page, re.M)}
        assert not part or part in headings, target


def test_its_examples_hold_no_password() -> None:
    for page in ("docs/scaling.md", "docs/running.md", "docs/cluster.md", "README.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for url in re.findall(r"^.*service copy.*postgresql://\S+", text, re.MULTILINE):
            assert not re.search(r"//[^@/\s]*:[^@/\s]*@", url), (page, url)


def test_its_figures_are_of_both_engines() -> None:
    block = TEXT.partition(benchmark.BEGIN_FIGURES)[2].partition(END)[0]
    assert re.search(r"^On a machine with \d+ cores", block, re.MULTILINE)
    sizes = re.findall(r"^With ([\d,]+) reports:$", block, re.MULTILINE)
    rows = re.findall(r"^\| ([^|]+) \| ([\d,.]+) \| ([\d,.]+) \| ([\d.]+) \|", block, re.MULTILINE)
    assert {"1,000", "10,000"} <= set(sizes)
    assert len(rows) == len(sizes) * len({what for what, *_ in rows})
    assert all(float(found.replace(",", "")) > 0 for _, *both, _ in rows for found in both)


def test_the_figures_are_written_between_their_marks(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text(f"before\n{benchmark.BEGIN_FIGURES}old\n{END}after\n", encoding="utf-8")
    line = benchmark.Measurement("written", "reports/s", {"SQLite": 1500.0, "PostgreSQL 18": 75.0})
    benchmark.write_document({1_000: benchmark.build_rows([line], [*line.values])}, document)
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{benchmark.BEGIN_FIGURES}\nOn a machine with ")
    assert "\nWith 1,000 reports:\n\n|  | SQLite | PostgreSQL 18 | ratio |  |\n|---|---:|" in text
    assert "\n| written | 1,500.0 | 75.0 | 0.05 | reports/s |\n" in text
    assert text.endswith(f"\n{END}after\n") and "old" not in text

"""docs/scaling.md: its figures are those of the benchmark."""

import re
from pathlib import Path

from benchmarks import database_engines as benchmark
from tests.faults.results import END_MARKER
from tests.support.paths import ROOT
from tests.support.text_search import find_some

TEXT = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")


def test_no_document_has_a_password_in_an_address() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for url in find_some(r"postgresql://\S+", text):
        assert not re.search(r"//[^@/\s]*:[^@/\s]*@", url), url


def test_the_tables_have_figures_of_both_engines() -> None:
    block = TEXT.partition(benchmark.BEGIN_FIGURES)[2].partition(END_MARKER)[0]
    assert re.search(r"^On a machine with \d+ cores", block, re.MULTILINE)
    sizes = re.findall(r"^With ([\d,]+) reports:$", block, re.MULTILINE)
    rows = re.findall(r"^\| ([^|]+) \| ([\d,.]+) \| ([\d,.]+) \| ([\d.]+) \|", block, re.MULTILINE)
    assert {"1,000", "10,000"} <= set(sizes)
    assert len(rows) == len(sizes) * len({what for what, *_ in rows})
    assert all(float(found.replace(",", "")) > 0 for _, *both, _ in rows for found in both)


def test_the_size_of_a_report_is_that_of_the_larger_table() -> None:
    block = (
        TEXT.partition(benchmark.BEGIN_FIGURES)[2].partition(END_MARKER)[0].rpartition("With ")[2]
    )
    reports = int(block.partition(" reports")[0].replace(",", ""))
    measured = re.findall(r"^\| size of the database \| ([\d,.]+) \| ([\d,.]+) ", block, re.M)[0]
    stated = [float(kilobytes) for kilobytes in find_some(r"\b([\d.]+) KB\b", TEXT)]
    for megabytes in measured:
        size = float(megabytes.replace(",", "")) * 2**20 / reports / 1000
        assert any(abs(size - kilobytes) < 0.1 * size for kilobytes in stated), size


def test_the_tables_that_hold_redacted_texts_are_those_that_the_service_vacuums() -> None:
    sources = [each.read_text(encoding="utf-8") for each in (ROOT / "service").rglob("*.py")]
    (vacuumed,) = re.findall(r'"VACUUM ([a-z_, ]+)"', "\n".join(sources))
    assert f"VACUUM FULL {vacuumed}" in TEXT


def test_the_figures_are_written_between_their_markers(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text(
        f"before\n{benchmark.BEGIN_FIGURES}old\n{END_MARKER}after\n", encoding="utf-8"
    )
    line = benchmark.Measurement("written", "reports/s", {"SQLite": 1500.0, "PostgreSQL 18": 75.0})
    benchmark.write_document({1_000: benchmark.build_rows([line], [*line.values])}, document)
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{benchmark.BEGIN_FIGURES}\nOn a machine with ")
    assert "\nWith 1,000 reports:\n\n|  | SQLite | PostgreSQL 18 | ratio |  |\n|---|---:|" in text
    assert "\n| written | 1,500.0 | 75.0 | 0.05 | reports/s |\n" in text
    assert text.endswith(f"\n{END_MARKER}after\n") and "old" not in text

"""The figures of a full run, and the table of them in docs/reliability.md."""

import os
import platform
import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from tests.faults import run_size
from tests.faults.posting_clients import Differences, SentReports
from tests.support.capabilities import ARE_FAULTS_REQUIRED
from tests.support.paths import ROOT

DOCUMENT: Final = ROOT / "docs" / "reliability.md"
BEGIN_MARKER: Final = "<!-- figures: written by make faults -->\n"
CLUSTER_BEGIN_MARKER: Final = "<!-- figures: written by make cluster -->\n"
END_MARKER: Final = "<!-- end of figures -->\n"

COLUMN_NAMES: Final = (
    "what was done", "times", "acknowledged", "lost", "doubled", "in doubt",
    "of these recorded", "longest gap",
)  # fmt: skip


@dataclass
class FaultResults:
    """What was counted in one test; None where there was nothing of the kind to count."""

    fault: str
    times: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    in_doubt: int | None = None
    recorded: int | None = None
    longest_gap: float | None = None

    def add_differences(self, differences: Differences) -> None:
        """Count what was found to be lost or doubled."""
        self.lost += len(differences.lost)
        self.doubled += len(differences.doubled)

    def add_sent_reports(self, sent_reports: SentReports, with_gap: bool = True) -> None:
        """Count what the clients know."""
        self.acknowledged = len(sent_reports.acknowledged)
        self.in_doubt, self.recorded = sent_reports.doubts, sent_reports.settled
        self.longest_gap = sent_reports.longest_gap if with_gap else None

    def format_row(self) -> str:
        """Return the row of the table."""
        gap = "–" if self.longest_gap is None else f"{self.longest_gap:.1f} s"
        counts = (self.acknowledged, self.lost, self.doubled, self.in_doubt, self.recorded)
        shown = ["–" if count is None else f"{count:,}" for count in counts]
        return f"| {' | '.join([self.fault, f'{self.times:,}', *shown, gap])} |\n"


class ResultsTable:
    """The figures of all tests of one kind, for the document."""

    def __init__(self) -> None:
        self.rows: list[FaultResults] = []

    def begin_row(self, fault: str) -> FaultResults:
        """Return new figures under the words that say what is done."""
        results = FaultResults(fault)
        self.rows.append(results)
        return results

    def is_due(self, exitstatus: int) -> bool:
        """Whether this was a full run, in which every test ran and passed."""
        return run_size.IS_FULL_RUN and ARE_FAULTS_REQUIRED and exitstatus == 0 and bool(self.rows)


def write_table(
    rows: list[FaultResults],
    document: Path = DOCUMENT,
    begin: str = BEGIN_MARKER,
    programs: str = f"SQLite {sqlite3.sqlite_version}",
) -> None:
    """Put the table of the figures between the mark and the next end of figures; writes."""
    rules = "|".join(["---", *["---:"] * (len(COLUMN_NAMES) - 1)])
    table = (
        f"| {' | '.join(COLUMN_NAMES)} |\n|{rules}|\n{''.join(each.format_row() for each in rows)}"
    )
    run = f"Last full run: {date.today()}, on {describe_machine()} and {programs}."  # noqa: DTZ011
    replace_between_markers(f"{run}\n\n{table}", document, begin)


def replace_between_markers(text: str, document: Path, begin: str) -> None:
    """Put the text between the mark and the next end of figures; writes."""
    before, _, rest = document.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(END_MARKER)
    document.write_text(f"{before}{begin}\n{text}\n{END_MARKER}{after}", encoding="utf-8")


def describe_machine() -> str:
    """Return what was measured on, up to the Python that ran."""
    kind = f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}"
    release = ".".join(platform.release().split("-")[0].split(".")[:2])
    python = ".".join(platform.python_version_tuple()[:2])
    return f"a machine with {kind} {release}, Python {python}"

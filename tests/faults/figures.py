"""The figures of a full run, and the table of them in docs/reliability.md."""

import os
import platform
import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from tests.faults import size
from tests.faults.posting import Found, Sent
from tests.serving import ROOT

DOCUMENT: Final = ROOT / "docs" / "reliability.md"
BEGIN: Final = "<!-- figures: written by make faults -->\n"
BEGIN_OF_CLUSTER: Final = "<!-- figures: written by make cluster -->\n"
END: Final = "<!-- end of figures -->\n"

HEAD: Final = (
    "what was done", "times", "acknowledged", "lost", "doubled", "in doubt",
    "of these recorded", "longest gap",
)  # fmt: skip


@dataclass
class Figures:
    """What was counted in one test; None where there was nothing of the kind to count."""

    done: str
    times: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    in_doubt: int | None = None
    recorded: int | None = None
    longest_gap: float | None = None

    def add(self, found: Found) -> None:
        """Count what was found to be lost or doubled."""
        self.lost += len(found.lost)
        self.doubled += len(found.doubled)

    def take(self, sent: Sent, gap: bool = True) -> None:
        """Count what the clients know."""
        self.acknowledged = len(sent.acknowledged)
        self.in_doubt, self.recorded = sent.doubts, sent.settled
        self.longest_gap = sent.longest_gap if gap else None

    def row(self) -> str:
        """Return the row of the table."""
        gap = "–" if self.longest_gap is None else f"{self.longest_gap:.1f} s"
        counts = (self.acknowledged, self.lost, self.doubled, self.in_doubt, self.recorded)
        shown = ["–" if count is None else f"{count:,}" for count in counts]
        return f"| {' | '.join([self.done, f'{self.times:,}', *shown, gap])} |\n"


class Table:
    """The figures of all tests of one kind, kept for the document."""

    def __init__(self) -> None:
        self.rows: list[Figures] = []

    def begin(self, done: str) -> Figures:
        """Return new figures under the words that say what is done."""
        begun = Figures(done)
        self.rows.append(begun)
        return begun

    def is_due(self, exitstatus: int) -> bool:
        """Whether this was a full run, in which every test ran and passed."""
        return size.FULL and size.REQUIRED and exitstatus == 0 and bool(self.rows)


def write(
    figures: list[Figures],
    document: Path = DOCUMENT,
    begin: str = BEGIN,
    programs: str = f"SQLite {sqlite3.sqlite_version}",
) -> None:
    """Put the table of the figures between the mark and the next end of figures; writes."""
    rules = "|".join(["---", *["---:"] * (len(HEAD) - 1)])
    table = f"| {' | '.join(HEAD)} |\n|{rules}|\n{''.join(each.row() for each in figures)}"
    run = f"Last full run: {date.today()}, on {machine()} and {programs}."  # noqa: DTZ011
    put(f"{run}\n\n{table}", document, begin)


def put(text: str, document: Path, begin: str) -> None:
    """Put the text between the mark and the next end of figures; writes."""
    before, _, rest = document.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{begin}\n{text}\n{END}{after}", encoding="utf-8")


def machine() -> str:
    """Return what was measured on, up to the Python that ran."""
    kind = f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}"
    release = ".".join(platform.release().split("-")[0].split(".")[:2])
    python = ".".join(platform.python_version_tuple()[:2])
    return f"a machine with {kind} {release}, Python {python}"

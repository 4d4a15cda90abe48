"""How long a start takes, and how many events a second verify, dump, load and copy do.

Beside each stands how many events a second are read from the table of events and hashed, in one
loop without anything else, in the same run. Each command is a process of its own, with its start.

    python benchmarks/operations.py                  2,000 generated reports
    python benchmarks/operations.py 100000 -r 3      100,000, each command three times
    python benchmarks/operations.py --database DB    the reports of an SQLite database
"""

import hashlib
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.recording import make_parser, provide_database
from tests.support.gunicorn_server import run_server
from tests.support.paths import ROOT


def run_command(database: Path, *arguments: str) -> float:
    """Return the seconds of a command."""
    environment = os.environ | {"CASUALTY_DATABASE": str(database)}
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def read_and_hash(database: Path) -> tuple[int, float]:
    """Return how many events there are, and the seconds of reading and hashing all of them."""
    started = time.perf_counter()
    connection = sqlite3.connect(database)
    digest, count = hashlib.sha256(), 0
    for row in connection.execute("SELECT * FROM events ORDER BY seq"):
        digest.update(repr(row).encode())
        count += 1
    connection.close()
    return count, time.perf_counter() - started


def measure_start(database: Path, folder: Path) -> float:
    """Return the seconds until a server answers."""
    started = time.perf_counter()
    with run_server(folder, CASUALTY_DATABASE=str(database)):
        return time.perf_counter() - started


def measure(database: Path, folder: Path, rounds: int) -> None:
    """Measure and print."""
    dump = folder / "dump.ndjson"
    commands = {
        "verify": lambda number: run_command(database, "verify"),
        "dump": lambda number: run_command(database, "dump", str(dump)),
        "load": lambda number: run_command(folder / f"loaded{number}.db", "load", str(dump)),
        "copy": lambda number: run_command(
            database, "copy", str(database), str(folder / f"copied{number}.db")
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ("start", "bare", *commands)}
    for number in range(rounds):
        seconds["start"].append(measure_start(database, folder))
        count, bare = read_and_hash(database)
        seconds["bare"].append(bare)
        for name, run in commands.items():
            seconds[name].append(run(number))
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    print(f"{count:,} events; read and hashed: {count / medians['bare']:,.0f} a second")
    print(f"start until the first answer: {medians['start']:.1f} s")
    for name in commands:
        rate = count / medians[name]
        spread = f"{min(seconds[name]):.1f}-{max(seconds[name]):.1f} s"
        ratio = medians["bare"] / medians[name]
        print(f"{name:<7} {rate:>9,.0f} events/s  {spread:<14} ratio {ratio:.2f}")


def main() -> None:
    """Measure."""
    parser = make_parser(__doc__)
    parser.add_argument("-r", "--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with provide_database(arguments) as (database, folder):
        measure(database, folder, arguments.rounds)


if __name__ == "__main__":
    main()

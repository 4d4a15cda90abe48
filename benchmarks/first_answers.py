"""How long a total takes that was never asked before, in comparison with Datasette.

Datasette answers with SUM(low) and SUM(high) of the same figures, one row for each place of each of
them, from a table with indexes for these questions. That counts people twice and does not know what
contradicts what; it is the time that counts. Both servers have one process, the service is pinned
to one core where there are several, and no question is asked twice. The sides of a pair alternate.

    python benchmarks/first_answers.py                   2,000 generated reports
    python benchmarks/first_answers.py 100000 -q 20      100,000, with 20 questions a line
    python benchmarks/first_answers.py --database DB     the reports of an SQLite database

Datasette must be installed: `make bench` does so, in a virtual environment of its own.
"""

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
import sqlite_utils

from benchmarks.generate import DAYS, FIRST_DAY
from benchmarks.recording import make_parser, provide_database
from service.columns.record_state import RecordState
from service.domain.figure import Figure
from service.store import event_log
from service.store.factory import open_store
from service.usecases.state_cache import StateCache
from tests.support.gunicorn_server import RunningServer, find_worker_pids, run_server
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

DATASETTE: Final = ROOT / ".venv-datasette" / "bin" / "datasette"

LEVELS: Final = ("village", "district", "oblast", "country")

OUTCOMES: Final = ("killed", "wounded", "missing", "captured")

OUTCOME_SETS: Final = [
    ",".join(each) for size in (1, 2, 3) for each in combinations(OUTCOMES, size)
]

SECONDS: Final = 600


class Client:
    """Asks a server, each time on a connection of its own, and measures how long answers take."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str) -> tuple[float, Any]:
        """Return the seconds and the parsed answer."""
        return self._send("GET", path, None, {})

    def post(self, path: str, body: dict[str, Any], key: str) -> None:
        """Post a JSON body."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._send("POST", path, json.dumps(body), headers)

    def _send(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[float, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)
        connection.connect()
        started = time.perf_counter()
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        seconds = time.perf_counter() - started
        connection.close()
        if response.status not in (200, 201):
            raise SystemExit(f"{path}: {response.status} {content[:300]!r}")
        return seconds, json.loads(content)


class Questions:
    """Questions that are all different, as addresses of both servers."""

    def __init__(self, places: Mapping[str, Sequence[str]], seed: int) -> None:
        """``places`` has those of each level about which there is a figure."""
        self.places, self._random = places, np.random.default_rng(seed)
        self._asked: set[tuple[str, str, str, str]] = set()

    def draw(self, level: str, days: int, by: str = "") -> tuple[str, str]:
        """Return a total of so many days, or a breakdown, of a random place of a level."""
        while True:
            place = str(self._random.choice(self.places[level]))
            start = int(self._random.integers(DAYS - days + 1))
            outcomes = str(self._random.choice(OUTCOME_SETS))
            first, last = (FIRST_DAY + timedelta(days=day) for day in (start, start + days - 1))
            question = (place, str(first), str(last), outcomes)
            if question not in self._asked:
                self._asked.add(question)
                return make_service_path(*question, by), make_datasette_path(level, *question, by)


def make_service_path(place: str, first: str, last: str, outcomes: str, by: str) -> str:
    """Return the address of a question to the service."""
    fields = {"place": place, "from": first, "to": last, "outcomes": outcomes}
    return f"/v1/totals?{urlencode(fields | ({'by': by} if by else {}))}"


def make_datasette_path(
    level: str, place: str, first: str, last: str, outcomes: str, by: str
) -> str:
    """Return the address of the sums in Datasette."""
    child = {"country": "oblast", "oblast": "district"}.get(level, "village")
    group = {"place": child, "month": "substr(first_day, 1, 7)"}.get(by)
    where = ["first_day <= :last", "last_day >= :first"]
    where += [] if level == "country" else [f"{level} = :place"]
    where.append("(" + " or ".join(f"{outcome} = 1" for outcome in outcomes.split(",")) + ")")
    columns = f"{group}, " if group else ""
    sql = f"select {columns}sum(low), sum(high) from figures where {' and '.join(where)}"  # noqa: S608
    sql += f" group by {group}" if group else ""
    fields = {"sql": sql, "place": place, "first": first, "last": last, "_shape": "arrays"}
    return f"/figures.json?{urlencode(fields)}"


def write_rows(database: Path, file: Path) -> dict[str, list[str]]:
    """Write the figures of a record as the rows of a table with indexes.

    Returns the places of each level.
    """
    store = open_store(database, 10.0)
    with store.read_transaction() as db:
        snapshot = StateCache().load(db, event_log.last_seq(db))
    state = snapshot.state
    figures = state.make_figures(np.flatnonzero(state.is_live).tolist())
    store.close()
    table = sqlite_utils.Database(file)["figures"]
    table.insert_all(row for figure in figures for row in _make_rows(figure, state))
    for level in ("village", "district", "oblast"):
        table.create_index([level, "first_day", "last_day"])
    table.create_index(["first_day", "last_day"])
    print(f"{table.count:,} rows in Datasette; milliseconds, and Datasette's over the service's")
    places = {"country": ["country"]}
    for level in LEVELS[:3]:
        sql = f"SELECT DISTINCT {level} FROM figures WHERE {level} NOT NULL ORDER BY 1"  # noqa: S608
        places[level] = [row[0] for row in table.db.execute(sql)]
    table.db.close()
    return places


def _make_rows(figure: Figure, state: RecordState) -> Iterator[dict[str, Any]]:
    """Yield a row for each place of a figure."""
    scope, quantity = figure.scope, figure.quantity
    for place in scope.places:
        levels: dict[str, str | None] = dict.fromkeys(("village", "district", "oblast"))
        ancestor: str | None = place
        while ancestor is not None and ancestor != "country":
            levels[ancestor.split("-")[0]] = ancestor
            ancestor = state.places[ancestor].parent
        yield {
            **levels,
            "first_day": str(scope.period.first or date.min),
            "last_day": str(scope.period.last or date.max),
            **{outcome: int(outcome in scope.outcomes) for outcome in OUTCOMES},
            "low": quantity.low,
            "high": quantity.high,
        }


@contextlib.contextmanager
def run_datasette(file: Path) -> Iterator[int]:
    """Yield the port of Datasette with one database."""
    port = find_free_port()
    command = [str(DATASETTE), "serve", str(file), "--port", str(port)]
    command += ["--setting", "sql_time_limit_ms", "600000"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(300):
                with contextlib.suppress(OSError):
                    Client(port).get("/-/versions.json")
                    break
                time.sleep(0.1)
            yield port
        finally:
            server.terminate()


def measure_pairs(
    name: str, pairs: Sequence[tuple[str, str]], service: Client, datasette: Client
) -> None:
    """Ask both servers, and print a line."""
    times: list[tuple[float, float]] = []
    for number, pair in enumerate(pairs):
        seconds = [0.0, 0.0]
        for side in (0, 1) if number % 2 else (1, 0):
            seconds[side] = (service, datasette)[side].get(pair[side])[0]
        times.append((seconds[0], seconds[1]))
    own_seconds, other_seconds = (statistics.median(each) for each in zip(*times, strict=True))
    ratios = sorted(other / own for own, other in times)
    print(
        f"{name:<40} {1_000 * own_seconds:>9,.1f} {1_000 * other_seconds:>10,.1f} "
        f"{statistics.median(ratios):>7.2f}   {ratios[0]:.2f}-{ratios[-1]:.2f}",
        flush=True,
    )


def measure_after_reports(
    server: RunningServer, service: Client, villages: Sequence[str], count: int
) -> None:
    """Print how long the first answers after a report take, from the 201 to the last byte."""
    inside, elsewhere = [], []
    for number in range(count):
        village, other = villages[2 * number], villages[2 * number + 1]
        day = str(FIRST_DAY + timedelta(days=100 + number))
        report = {
            "reporter": {"id": "reporter-1", "name": "Reporter 1"},
            "ref": f"after-{number}-{time.time_ns()}",
            "period": {"from": day, "to": day},
            "places": [village],
            "figures": [{"outcomes": ["killed"], "wording": "at least 2"}],
        }
        service.post("/v1/reports", report, server.key)
        asked, times = (village, inside) if number % 2 else (other, elsewhere)
        seconds, answer = service.get(make_service_path(asked, day, day, "killed", ""))
        if asked == village and answer["totals"][0]["low"] < 2:
            raise SystemExit(f"the total of {village} does not have the report")
        times.append(seconds)
    for label, times in (("of it", inside), ("elsewhere", elsewhere)):
        milliseconds = 1_000 * statistics.median(times)
        print(f"{f'a total right after a report, {label}':<40} {milliseconds:>9,.1f}")


def measure_past(service: Client, questions: Questions, count: int) -> None:
    """Print how long a total takes as of half of the record, against one of now."""
    seq = service.get("/v1/totals?place=oblast-00&outcomes=killed")[1]["as_of"]["seq"] // 2
    now, past = [], []
    service.get(f"/v1/totals?place=oblast-00&outcomes=killed&as_of={seq}")
    for _ in range(count):
        now.append(service.get(questions.draw("oblast", 90)[0])[0])
        past.append(service.get(f"{questions.draw('oblast', 90)[0]}&as_of={seq}")[0])
    ratio = statistics.median(past) / statistics.median(now)
    print(f"{'as of half of the record':<40} {1_000 * statistics.median(past):>9,.1f}", end="")
    print(f"  {ratio:.1f} times the total of now")


def measure(database: Path, folder: Path, count: int) -> None:
    """Measure one record."""
    questions = Questions(write_rows(database, folder / "figures.db"), seed=1)
    print(f"{'':<40} {'service':>9} {'Datasette':>10} {'ratio':>7}   least-greatest")
    budgets = {"CASUALTY_DATABASE": str(database), "WEB_CONCURRENCY": "1"}
    with run_server(folder, **budgets) as server, run_datasette(folder / "figures.db") as port:
        [worker] = find_worker_pids(server)
        if len(os.sched_getaffinity(0)) > 1:
            os.sched_setaffinity(worker, [0])
        service, datasette = Client(int(server.url.rsplit(":", 1)[1])), Client(port)
        started = time.perf_counter()
        warm_up(service)
        print(f"{'the first total of all':<40} {1_000 * (time.perf_counter() - started):>9,.1f}")
        for days, label in ((90, "90 days"), (DAYS, "all time")):
            for level in LEVELS:
                pairs = [questions.draw(level, days) for _ in range(count)]
                measure_pairs(f"one total, {level}, {label}", pairs, service, datasette)
        for by, days in (("place", 90), ("month", 365)):
            for level in ("oblast", "country"):
                pairs = [questions.draw(level, days, by) for _ in range(max(3, count // 4))]
                measure_pairs(f"by {by}, {level}, {days} days", pairs, service, datasette)
        measure_past(service, questions, count)
        measure_after_reports(server, service, questions.places["village"], 6)
        status = Path(f"/proc/{worker}/status").read_text()
        peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
        print(f"{'memory of the process':<40} {int(peak) // 1_024:>9,} MB")


def warm_up(service: Client) -> None:
    """Ask for one total until it is exact or final, so that the engine is prepared."""
    for _ in range(20):
        seconds, _ = service.get("/v1/totals?place=oblast-00&from=2022-02-01&to=2022-02-02")
        if seconds < 10:
            return


def main() -> int:
    """Measure; exit code 1 without Datasette."""
    parser = make_parser(__doc__)
    parser.add_argument("-q", "--questions", type=int, default=8)
    arguments = parser.parse_args()
    if not DATASETTE.exists():
        print("Datasette is not installed: make .venv-datasette/.installed", file=sys.stderr)
        return 1
    with provide_database(arguments) as (database, folder):
        measure(database, folder, arguments.questions)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

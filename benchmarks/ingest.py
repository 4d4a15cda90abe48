"""How fast reports are recorded, against what the database and the server could do at most.

Batches: reports are parsed, checked and recorded by the service. The rows that this gave are then
inserted into a copy of the same database, by one statement a table (executemany in SQLite, COPY in
PostgreSQL) and one commit. The ratio says what remains of the database's speed.

Posts: 16 connections post one report after another to a server of one process, and then the same
reports to an address of it that parses the JSON and stores nothing.

Beside a batch: 4 connections post one report after another, alone, and while a batch is recorded.

Compare ratios within one run: the two sides alternate, and each is the median of all rounds, with
the least and the greatest against it.

    python -m benchmarks.ingest                         2,000 recorded reports, 5 rounds
    python -m benchmarks.ingest --recorded 100000 --batch 10000 --posts 4000
    python -m benchmarks.ingest --database postgresql://…  --recorded 100000 --batch 10000
    python -m benchmarks.ingest --file reports.ndjson   made by benchmarks.generate before
"""

import argparse
import gc
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import Any, Final

from flask import Flask, request

from service import _make_random_id, create_app
from service.api.batches import _load_submission
from service.domain.submission import BatchOptions
from service.store import event_log
from service.store.factory import open_store
from service.store.interface import Connection, Store
from service.store.sqlite.engine import SqliteStore
from service.store.tables import TABLES, Table
from service.usecases import api_keys, batches

CONNECTIONS: Final = 16
ROOT: Final = Path(__file__).resolve().parents[1]

TABLES_WITH_SEQ: Final = {"entries": "since_seq", "place_codes": "since_seq"}
"""The column with the seq of an event, where it has another name."""


@dataclass
class Times:
    """The seconds of one kind of work, round by round."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> str:
        """The least and the greatest, against the median."""
        return f"{min(self.seconds) / self.median:.2f}-{max(self.seconds) / self.median:.2f}"


def record(store: Store, lines: Sequence[bytes], is_atomic: bool = False) -> None:
    """Parse, check and record the reports as a request does."""
    results, _ = batches.submit_batch(
        store,
        lines,
        options=BatchOptions(is_atomic=is_atomic),
        actor=None,
        now=datetime.now(UTC),
        new_id=_make_random_id,
        load_item=_load_submission,
    )
    refused = [each for each in results if not isinstance(each, batches.RecordedItem)]
    if refused:
        raise SystemExit(f"{len(refused)} reports were refused: {refused[0]}")


def read_rows(db: Connection, after: int) -> Iterator[tuple[Table, list[tuple[Any, ...]]]]:
    """Yield the rows that the events after ``after`` gave, table by table."""
    for table in TABLES:
        column = TABLES_WITH_SEQ.get(table.name, "seq")
        if column in table.columns:
            sql = f"SELECT {table.select_list} FROM {table.name} WHERE {column} > :after"  # noqa: S608
            order = ", ".join(table.order)
            yield (
                table,
                db.execute(f"{sql} ORDER BY {column}, {order}", {"after": after}).fetchall(),
            )


def insert_rows(store: Store, rows: Sequence[tuple[Table, list[tuple[Any, ...]]]]) -> None:
    """Insert the rows, with one statement a table, and commit."""
    with store.write_transaction() as db:
        for table, rows_of_table in rows:
            if rows_of_table:
                db.insert_many([table.row._make(row) for row in rows_of_table])


def read_lines(path: Path | None, count: int) -> list[bytes]:
    """Return so many reports, from the file or generated now."""
    if path is None:
        path = Path(tempfile.mkdtemp()) / "reports.ndjson"
        subprocess.run(
            [sys.executable, "-m", "benchmarks.generate", str(count), str(path)],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    with path.open("rb") as file:
        lines = list(islice(file, count))
    if len(lines) < count:
        raise SystemExit(f"{path} has {len(lines):,} reports, and {count:,} are needed")
    return lines


def copy_database(store: Store, address: Path | str, folder: Path) -> Store:
    """Return another store with the same content."""
    if isinstance(store, SqliteStore):
        store.close()
        shutil.copy(store.path, folder / "copy.db")
        return SqliteStore(folder / "copy.db")
    url = str(address)
    from psycopg import connect
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    parts = conninfo_to_dict(url)
    name, copy = str(parts["dbname"]), f"{parts['dbname']}_copy"
    store.close()
    with connect(make_conninfo(url, dbname="postgres"), autocommit=True) as conn:
        conn.execute(f'DROP DATABASE IF EXISTS "{copy}"'.encode())
        conn.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"'.encode())
    return open_store(url.replace(f"/{name}", f"/{copy}"), 10.0)


def measure_batches(
    store: Store, bare: Store, lines: Sequence[bytes], batch: int, rounds: int
) -> tuple[Times, Times, int]:
    """Return the times of the service and of the bare inserts, and the rows of one report."""
    service, inserts, row_count = Times(), Times(), 0
    for number in range(rounds):
        chunk = lines[number * batch : (number + 1) * batch]
        with store.read_transaction() as db:
            before = event_log.last_seq(db)
        begin = time.perf_counter()
        record(store, chunk)
        service.seconds.append(time.perf_counter() - begin)
        with store.read_transaction() as db:
            rows = list(read_rows(db, before))
        row_count = sum(len(each) for _, each in rows)
        begin = time.perf_counter()
        insert_rows(bare, rows)
        inserts.seconds.append(time.perf_counter() - begin)
    return service, inserts, round(row_count / batch)


def make_app() -> Flask:
    """Return the application with an address that parses a JSON body and stores nothing."""
    app = create_app()

    @app.post("/nothing")
    def post_nothing() -> Any:
        json.loads(request.get_data())
        return "{}\n", 201, {"Content-Type": "application/json"}

    return app


@contextmanager
def run_server(address: Path | str) -> Iterator[int]:
    """Yield the port of a server of one process, and end it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {
        **os.environ,
        "CASUALTY_DATABASE": str(address),
        "WEB_CONCURRENCY": "1",
        "DRAIN_SECONDS": "0",
    }
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += ["--log-level", "error", "benchmarks.ingest:make_app()"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            wait_until_ready(port)
            yield port
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def wait_until_ready(port: int) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server does not answer")


class Client:
    """A connection that posts one body after another, and notes how long each took."""

    def __init__(self, port: int, path: str, key: str, content_type: str) -> None:
        """Connect."""
        self.seconds: list[float] = []
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: "
        ).encode()

    def post(self, body: bytes, expected: bytes) -> None:
        """Post the body, and read the answer."""
        begin = time.perf_counter()
        self._socket.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        answer = self._socket.recv(1 << 16)
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(1 << 16)
        head, _, content = answer.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        received = len(content)
        while received < length:
            received += len(self._socket.recv(1 << 20))
        self.seconds.append(time.perf_counter() - begin)
        if not head.startswith(b"HTTP/1.1 " + expected):
            raise SystemExit(f"answered {head[:60]!r} {content[:300]!r}")


def post_all(
    port: int, path: str, key: str, bodies: Sequence[bytes], connections: int, queue: Any
) -> None:
    """Post the bodies over several connections; put the rate and the sorted seconds."""
    clients = [Client(port, path, key, "application/json") for _ in range(connections)]

    def run(number: int) -> None:
        for body in bodies[number::connections]:
            clients[number].post(body, b"201")

    threads = [Thread(target=run, args=(number,)) for number in range(connections)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(bodies) / (time.perf_counter() - begin)
    queue.put((rate, sorted(second for client in clients for second in client.seconds)))


def post_in_process(
    port: int, path: str, key: str, bodies: Sequence[bytes], connections: int = CONNECTIONS
) -> tuple[float, list[float]]:
    """Return the rate of another process that posts the bodies, and the sorted seconds."""
    context = get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=post_all, args=(port, path, key, bodies, connections, queue))
    process.start()
    rate, seconds = queue.get()
    process.join()
    return rate, seconds


def percentile(seconds: Sequence[float], part: float) -> float:
    """Return within how many milliseconds that part of the posts was answered."""
    return 1_000 * seconds[min(int(part * len(seconds)), len(seconds) - 1)]


def measure_posts(port: int, key: str, lines: Sequence[bytes], rounds: int) -> str:
    """Return the row of the posts."""
    posted: list[float] = []
    parsed: list[float] = []
    all_seconds: list[float] = []
    count = len(lines) // rounds
    for number in range(rounds):
        bodies = lines[number * count : (number + 1) * count]
        rate, seconds = post_in_process(port, "/v1/reports", key, bodies)
        posted.append(rate)
        all_seconds += seconds
        parsed.append(post_in_process(port, "/nothing", key, bodies)[0])
    all_seconds.sort()
    rate, bound = statistics.median(posted), statistics.median(parsed)
    half, most = percentile(all_seconds, 0.5), percentile(all_seconds, 0.99)
    return (
        f"single posts, {CONNECTIONS} connections: {rate:,.0f} reports/s"
        f" ({min(posted) / rate:.2f}-{max(posted) / rate:.2f}); stored nothing: {bound:,.0f};"
        f" ratio {rate / bound:.2f}; p50 {half:.1f} ms, p99 {most:.1f} ms"
    )


def measure_beside_a_batch(
    port: int, key: str, batch: Sequence[bytes], lines: Sequence[bytes]
) -> str:
    """Return the row of the posts beside a batch."""
    half = len(lines) // 2
    _, alone = post_in_process(port, "/v1/reports", key, lines[:half], 4)
    client = Client(port, "/v1/reports/batch", key, "application/x-ndjson")
    thread = Thread(target=client.post, args=(b"".join(batch), b"207"))
    thread.start()
    _, beside = post_in_process(port, "/v1/reports", key, lines[half:], 4)
    is_within = thread.is_alive()
    thread.join()
    return (
        f"4 connections beside a batch of {len(batch):,}: p99 {percentile(beside, 0.99):.0f} ms"
        f" (p50 {percentile(beside, 0.5):.0f}); alone {percentile(alone, 0.99):.0f} ms"
        f" (p50 {percentile(alone, 0.5):.0f}); the batch took {client.seconds[0]:.1f} s"
        f"{'' if is_within else ', less than the posts'}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--recorded", type=int, default=2_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--posts", type=int, default=1_000)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--database", help="the URL of an empty PostgreSQL database")
    arguments = parser.parse_args()
    gc.set_threshold(20_000, 20, 50)  # As the server does (gunicorn.conf.py).
    recorded, batch, rounds = arguments.recorded, arguments.batch, arguments.rounds
    lines = read_lines(arguments.file, recorded + batch * (rounds + 1) + 2 * arguments.posts)
    rest = lines[recorded + batch * rounds :]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = arguments.database or folder / "casualties.db"
        store = open_store(address, 10.0)
        store.migrate()
        for start in range(0, recorded, 10_000):
            record(store, lines[start : min(start + 10_000, recorded)])
        analyze(store)
        bare = copy_database(store, address, folder)
        service, inserts, rows = measure_batches(store, bare, lines[recorded:], batch, rounds)
        bare.close()
        print(
            f"batch of {batch:,} into {recorded:,}:"
            f" {batch / service.median:,.0f} reports/s ({service.spread});"
            f" the same rows, {rows} a report: {batch / inserts.median:,.0f} ({inserts.spread});"
            f" ratio {inserts.median / service.median:.2f}"
        )
        key = api_keys.create_key(store, name="bench", scope="report", now=datetime.now(UTC))
        store.close()
        with run_server(address) as port:
            print(measure_posts(port, key, rest[: arguments.posts], rounds))
            rest = rest[arguments.posts :]
            print(measure_beside_a_batch(port, key, rest[:batch], rest[batch:]))


def analyze(store: Store) -> None:
    """Let PostgreSQL count its rows, as it does by itself after a minute."""
    if not isinstance(store, SqliteStore):
        with store.write_transaction() as db:
            db.execute("ANALYZE")


if __name__ == "__main__":
    main()

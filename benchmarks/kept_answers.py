"""How fast an answer is sent again, in comparison with a Flask view that returns a constant.

Both servers have one process of the same gunicorn with the same worker class and threads, pinned to
one core where there are several; the client has another one. The view does nothing but return text
of the same length: it reads no record, checks no key and logs nothing. "again" is a GET whose
answer is kept in memory, "304" is one with If-None-Match. The runs alternate; a ratio is the median
of those of the pairs.

    python benchmarks/kept_answers.py            7 pairs of 3,000 requests each
    python benchmarks/kept_answers.py 11 5000    more of them

TEST_ENGINE=18 measures with PostgreSQL.
"""

import argparse
import contextlib
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.attacks.toolkit import get, make_request, record_interlocked_reports
from tests.support import engines
from tests.support.gunicorn_server import RunningServer, find_worker_pids, run_server
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

CONNECTIONS = 8
REPORTS = 60
PATHS = {
    "one total": "/v1/totals?place=place-1&outcomes=killed",
    "by month": "/v1/totals?by=month&from=2024-01-01&to=2024-06-30",
    "a place": "/v1/places/place-1",
}

CONSTANT_APP = """
from flask import Flask
app = Flask(__name__)
bodies = {{}}
@app.get("/<int:size>")
def send(size):
    return bodies.setdefault(size, "x" * size)
"""

CONSTANT_CONFIGURATION = """
exec(open({path!r}).read())
for name in ("on_starting", "when_ready", "post_fork", "post_worker_init", "worker_exit",
             "child_exit"):
    globals().pop(name)
workers = 1
"""


@contextlib.contextmanager
def run_constant_server(folder: Path) -> Iterator[str]:
    """Yield the URL of a gunicorn with the bare application."""
    (folder / "constant.py").write_text(CONSTANT_APP.replace("{{}}", "{}"))
    configuration = folder / "constant_conf.py"
    configuration.write_text(CONSTANT_CONFIGURATION.format(path=str(ROOT / "gunicorn.conf.py")))
    port = find_free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", str(configuration)]
    command += ["--bind", f"127.0.0.1:{port}", "constant:app"]
    environment = os.environ | {"PYTHONPATH": f"{folder}:{ROOT}"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            time.sleep(1.0)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def measure_rate(url: str, request: bytes, count: int) -> float:
    """Return the requests per second of several connections that repeat the request."""
    host, port = url.removeprefix("http://").split(":")
    poller = selectors.DefaultSelector()
    lengths: dict[socket.socket, int] = {}
    with contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS):
            client = stack.enter_context(socket.create_connection((host, int(port))))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(request)
            lengths[client] = _receive(client, None)
            poller.register(client, selectors.EVENT_READ)
            client.sendall(request)
        started_at = time.perf_counter()
        done = 0
        while done < count:
            for key, _ in poller.select():
                client = key.fileobj
                _receive(client, lengths[client])
                done += 1
                client.sendall(request)
        return done / (time.perf_counter() - started_at)


def _receive(client: socket.socket, length: int | None) -> int:
    """Receive one answer, and return its length in all; None if it is not known yet."""
    received = 0
    data = b""
    while length is None or received < length:
        piece = client.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server closed the connection")
        received += len(piece)
        if length is None:
            data += piece
            head, separator, _ = data.partition(b"\r\n\r\n")
            if separator:
                body = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length:")
                    ),
                    0,
                )
                length = len(head) + 4 + body
    return received


def pin(pids: set[int], core: int) -> None:
    """Pin all threads of the processes to the core."""
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure how fast kept answers are sent.")
    parser.add_argument("pairs", nargs="?", type=int, default=7)
    parser.add_argument("count", nargs="?", type=int, default=3_000)
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        engines.start_server(None)  # Only if TEST_ENGINE names a release of PostgreSQL.
        stack.callback(engines.stop_server, None)
        (folder / "kept").mkdir()
        kept = stack.enter_context(run_server(folder / "kept", WEB_CONCURRENCY="1"))
        record_interlocked_reports(kept, REPORTS)
        constant = stack.enter_context(run_constant_server(folder))
        for server_pids in (find_worker_pids(kept), _find_children(constant)):
            pin(server_pids, cores[-1])
        os.sched_setaffinity(0, {cores[0]})
        print(f"{'':12}{'bytes':>8}{'constant/s':>12}{'again':>8}{'304':>8}   time of constant = 1")
        for label, path in PATHS.items():
            print(_measure_path(kept, constant, label, path, arguments.pairs, arguments.count))
    return 0


def _find_children(url: str) -> set[int]:
    """Return the ids of the processes that listen at the URL."""
    port = int(url.rpartition(":")[2])
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    inodes = {
        fields[9]
        for fields in map(str.split, lines)
        if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port
    }
    pids = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link)[8:-1] in inodes:
                pids.add(int(link.parts[2]))
    return pids


def _measure_path(
    server: RunningServer, constant: str, label: str, path: str, pairs: int, count: int
) -> str:
    answer = get(server, path)
    etag = next(
        line.partition(":")[2].strip()
        for line in answer.head.split("\r\n")
        if line.lower().startswith("etag:")
    )
    size = len(answer.body)
    requests = {
        "constant": (constant, make_request(f"/{size}")),
        "again": (server.url, make_request(path)),
        "304": (server.url, make_request(path, f"If-None-Match: {etag}")),
    }
    rates: dict[str, list[float]] = {name: [] for name in requests}
    for _ in range(pairs):
        for name, (url, request) in requests.items():
            rates[name].append(measure_rate(url, request, count))
    ratios = {
        name: statistics.median(
            base / rate for base, rate in zip(rates["constant"], rates[name], strict=True)
        )
        for name in ("again", "304")
    }
    base_rate = statistics.median(rates["constant"])
    return f"{label:12}{size:8}{base_rate:12.0f}{ratios['again']:8.2f}{ratios['304']:8.2f}"


if __name__ == "__main__":
    sys.exit(main())

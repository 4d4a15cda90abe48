"""Serve the samples on this machine until Ctrl-C: what ``make run`` does.

Starts gunicorn on the embedded database, posts samples/kursk.json over HTTP like any other client
(what is there already stays as it is), prints what the record knows and the address, and keeps
serving.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from client import Client, RequestRefusedError, ServerUnreachableError
from load import BadFileError, load, read, summary
from summary import summary_lines

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "kursk.json"
HOST = "127.0.0.1"
USUAL_PORT = 8000
PATIENCE = 60.0


class StartError(Exception):
    """The service cannot be started; the text says why and what to do."""


class StopRequestedError(Exception):
    """Somebody asked for the end: Ctrl-C, a closed terminal or a kill."""


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped; returns the exit status."""
    parser = argparse.ArgumentParser(description="Serve the samples until Ctrl-C.")
    parser.add_argument(
        "--port", type=port_number, help=f"default: {USUAL_PORT}, or a free one near it"
    )
    asked = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    os.chdir(ROOT)
    os.environ.setdefault("CASUALTY_LOG_LEVEL", "warning")
    os.environ.setdefault("DRAIN_SECONDS", "0")  # Nobody has to be sent elsewhere.
    try:
        port = _port(asked.port)
        _service("migrate")
        with _server(port) as server:
            _show(server, f"http://{HOST}:{port}")
            raise StartError(f"The server ended by itself (status {server.wait()}).")
    except StartError as failure:
        print(failure, file=sys.stderr)
        return 1
    except StopRequestedError:
        print("\nStopped.", flush=True)
        return 0


def _stop(number: int, frame: FrameType | None) -> None:
    # One stop is enough: what ends the server must not be interrupted by a second Ctrl-C.
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise StopRequestedError


def port_number(text: str) -> int:
    """Return the port that the text names; argparse turns the error into its own words."""
    if not 1 <= int(text) <= 65535:
        raise ValueError
    return int(text)


def _port(wanted: int | None) -> int:
    """Return the port to serve on: the wanted one, or the first free one from the usual one on."""
    if wanted is not None:
        if reason := _in_the_way(wanted):
            raise StartError(
                f"Port {wanted} cannot be used ({reason}). Try another: make run PORT=8080"
            )
        return wanted
    for port in range(USUAL_PORT, USUAL_PORT + 100):
        if not _in_the_way(port):
            if port != USUAL_PORT:
                print(f"Port {USUAL_PORT} is taken; serving on {port} instead.")
            return port
    raise StartError(f"No port from {USUAL_PORT} to {port} is free. Choose one: make run PORT=…")


def _in_the_way(port: int) -> str:
    """Return why the port cannot be listened on; empty where it can."""
    with socket.socket() as probe:
        # As gunicorn does, so that a server that has just ended is not in the way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return (error.strerror or str(error)).lower()
    return ""


def _service(*words: str) -> str:
    """Return what the service's command line prints; raises StartError with its error text."""
    done = subprocess.run(  # noqa: S603 - our own program with our own words
        [sys.executable, "-m", "service", *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StartError(f"service {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


@contextlib.contextmanager
def _server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the running server, and end it in good order whatever happens meanwhile.

    It is put into a process group of its own, so that Ctrl-C reaches this script alone and the
    server is asked once, by the signal that lets it finish what it is answering.
    """
    words = [sys.executable, "-m", "gunicorn", "--bind", f"{HOST}:{port}"]
    words += ["--log-level", "warning", "wsgi:app"]
    with subprocess.Popen(words, process_group=0) as server:  # noqa: S603 - our own program
        try:
            yield server
        finally:
            if server.poll() is None:
                server.terminate()
                server.wait()


def _show(server: subprocess.Popen[bytes], url: str) -> None:
    """Wait until the server answers, post the samples, and print what it knows and where."""
    _wait(server, url)
    with _key() as key, Client(url, key) as client:
        try:
            print(f"{SAMPLE.relative_to(ROOT)}: {summary(load(read(SAMPLE), client))}.", flush=True)
        except (BadFileError, RequestRefusedError) as problem:
            print(f"The samples were not loaded whole: {problem}", file=sys.stderr)
        try:
            print("\n".join(summary_lines(client)), flush=True)
        except (RequestRefusedError, ServerUnreachableError) as problem:
            print(f"The totals cannot be shown: {problem}", file=sys.stderr)
    print(f"Dashboard {url}/ · API {url}/docs · Ctrl-C stops the server")
    print(f"Try: curl '{url}/v1/totals?place=plekhovo&by_reporter=true'")
    print(
        "A key to post with: .venv/bin/python -m service key create --name me --scope report",
        flush=True,
    )


def _wait(server: subprocess.Popen[bytes], url: str) -> None:
    """Return when /readyz says so; raises StartError when the server ends or stays silent."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.poll() is not None:
            raise StartError(f"The server did not start (status {server.returncode}); see above.")
        try:
            with Client(url, timeout=2) as client:
                client.get("/readyz")
            return
        except (RequestRefusedError, ServerUnreachableError):
            time.sleep(0.1)
    raise StartError(f"The server did not become ready within {PATIENCE:.0f} seconds.")


@contextlib.contextmanager
def _key() -> Iterator[str]:
    """Yield an API key for posting the samples alone, revoked afterwards."""
    name = f"make run {uuid.uuid4().hex[:8]}"
    key = _service("key", "create", "--name", name, "--scope", "report")
    try:
        yield key
    finally:
        listed = [line.split("\t") for line in _service("key", "list").splitlines()]
        for row in listed:
            if name in row:
                _service("key", "revoke", row[0])


if __name__ == "__main__":
    sys.exit(main())

"""Serve the samples on this machine until Ctrl-C: what ``make run`` does.

Starts gunicorn on the embedded database, posts samples/kursk.json over HTTP like any other client
(entities and reports that exist are not changed), prints a summary and the address, and serves.
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
from load import SampleError, format_outcome, load_sample, read_sample
from summary import build_summary

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "kursk.json"
HOST = "127.0.0.1"
DEFAULT_PORT = 8000
START_TIMEOUT_SECONDS = 60.0


class StartError(Exception):
    """The service cannot be started; the text states the reason and the remedy."""


class StopRequestedError(Exception):
    """The user ends the service: by Ctrl-C, a closed terminal or a signal."""


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped; return the exit status."""
    parser = argparse.ArgumentParser(description="Serve the samples until Ctrl-C.")
    parser.add_argument(
        "--port", type=parse_port, help=f"default: {DEFAULT_PORT}, or a free one near it"
    )
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _request_stop)
    os.chdir(ROOT)
    os.environ.setdefault("CASUALTY_LOG_LEVEL", "warning")
    os.environ.setdefault("DRAIN_SECONDS", "0")  # There is no load balancer to react.
    try:
        port = _choose_port(options.port)
        _run_command("migrate")
        with _run_server(port) as server:
            _load_and_print(server, f"http://{HOST}:{port}")
            raise StartError(f"The server ended unexpectedly (status {server.wait()}).")
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except StopRequestedError:
        print("\nStopped.", flush=True)
        return 0


def _request_stop(number: int, frame: FrameType | None) -> None:
    # A second Ctrl-C must not interrupt the code that ends the server.
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise StopRequestedError


def parse_port(text: str) -> int:
    """Return the port number; raises ValueError, which argparse reports, if it is not one."""
    if not 1 <= int(text) <= 65535:
        raise ValueError
    return int(text)


def _choose_port(requested_port: int | None) -> int:
    """Return the requested port, or the first free one from the default on.

    Raises StartError if the requested one, or every one of the next hundred, is in use.
    """
    if requested_port is not None:
        if reason := _find_port_problem(requested_port):
            raise StartError(
                f"Port {requested_port} cannot be used ({reason}). Try another: make run PORT=8080"
            )
        return requested_port
    for port in range(DEFAULT_PORT, DEFAULT_PORT + 100):
        if not _find_port_problem(port):
            if port != DEFAULT_PORT:
                print(f"Port {DEFAULT_PORT} is taken; serving on {port} instead.")
            return port
    raise StartError(f"No port from {DEFAULT_PORT} to {port} is free. Choose one: make run PORT=…")


def _find_port_problem(port: int) -> str:
    """Return why the server cannot listen on the port; an empty text if it can."""
    with socket.socket() as probe:
        # As gunicorn does: a server that has just ended does not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return (error.strerror or str(error)).lower()
    return ""


def _run_command(*arguments: str) -> str:
    """Return the output of a command of the service; raises StartError with its error text."""
    completed = subprocess.run(  # noqa: S603 - the program and its arguments are constants
        [sys.executable, "-m", "service", *arguments], capture_output=True, text=True, check=False
    )
    if completed.returncode:
        output = completed.stderr.strip() or completed.stdout.strip()
        raise StartError(f"service {' '.join(arguments)}: {output}")
    return completed.stdout.strip()


@contextlib.contextmanager
def _run_server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the running server; shut it down gracefully at the end, also after an error.

    It has a process group of its own, so that Ctrl-C reaches only this script. The server then gets
    one SIGTERM and finishes the requests that it is answering.
    """
    command = [sys.executable, "-m", "gunicorn", "--bind", f"{HOST}:{port}"]
    command += ["--log-level", "warning", "wsgi:app"]
    with subprocess.Popen(command, process_group=0) as server:  # noqa: S603 - as above
        try:
            yield server
        finally:
            if server.poll() is None:
                server.terminate()
                server.wait()


def _load_and_print(server: subprocess.Popen[bytes], url: str) -> None:
    """Wait until the server is ready, post the samples, and print the summary and the address."""
    _wait_until_ready(server, url)
    with _temporary_key() as key, Client(url, key) as client:
        try:
            outcome = load_sample(read_sample(SAMPLE), client)
            print(f"{SAMPLE.relative_to(ROOT)}: {format_outcome(outcome)}.", flush=True)
        except (SampleError, RequestRefusedError) as error:
            print(f"The samples were not loaded completely: {error}", file=sys.stderr)
        try:
            print("\n".join(build_summary(client)), flush=True)
        except (RequestRefusedError, ServerUnreachableError) as error:
            print(f"The totals cannot be shown: {error}", file=sys.stderr)
    print(f"Dashboard {url}/ · API {url}/docs · Ctrl-C stops the server")
    print(f"Try: curl '{url}/v1/totals?place=plekhovo&by_reporter=true'")
    print(
        "A key to post with: .venv/bin/python -m service key create --name me --scope report",
        flush=True,
    )


def _wait_until_ready(server: subprocess.Popen[bytes], url: str) -> None:
    """Return when /readyz answers 200; raises StartError if the server ends or the time is over."""
    end = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise StartError(f"The server did not start (status {server.returncode}); see above.")
        try:
            with Client(url, timeout=2) as client:
                client.get("/readyz")
            return
        except (RequestRefusedError, ServerUnreachableError):
            time.sleep(0.1)
    raise StartError(f"The server did not become ready within {START_TIMEOUT_SECONDS:.0f} seconds.")


@contextlib.contextmanager
def _temporary_key() -> Iterator[str]:
    """Yield an API key for posting the samples; revoke it afterwards."""
    name = f"make run {uuid.uuid4().hex[:8]}"
    key = _run_command("key", "create", "--name", name, "--scope", "report")
    try:
        yield key
    finally:
        for line in _run_command("key", "list").splitlines():
            key_id, *columns = line.split("\t")
            if name in columns:
                _run_command("key", "revoke", key_id)


if __name__ == "__main__":
    sys.exit(main())

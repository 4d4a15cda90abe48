"""Containers of the image that is tried, run as a careful keeper runs them."""

import http.client
import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from tests.support import bodies
from tests.support.gunicorn_server import TIMEOUT_SECONDS

SAFE_OPTIONS: Final = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "512m", "--pids-limit", "128"),
)
"""The flags of ``docker run`` in docs/running.md."""


def run_docker(*arguments: str | Path, stdin: str | None = None) -> str:
    """Return the output of the engine's command; fails the test if the command fails."""
    completed = try_docker(*arguments, stdin=stdin)
    assert completed.returncode == 0, f"docker {' '.join(map(str, arguments))}: {completed.stderr}"
    return completed.stdout.strip()


def try_docker(
    *arguments: str | Path, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Return what came of the engine's command, whether it failed or not."""
    return subprocess.run(["docker", *arguments], input=stdin, capture_output=True, text=True)


class Container:
    """A container, whose port is published on one of this machine's that the engine chose."""

    def __init__(self, name: str) -> None:
        """Remember its name or id; it has been started."""
        self.name = name

    @cached_property
    def address(self) -> str:
        """Its host and port here."""
        return run_docker("port", self.name, "8000/tcp").splitlines()[0]

    @property
    def url(self) -> str:
        """Its address for HTTP."""
        return f"http://{self.address}"

    def inspect_state(self) -> dict[str, Any]:
        """Return the engine's present details of the container."""
        state: dict[str, Any] = json.loads(
            run_docker("inspect", "--format", "{{json .State}}", self.name)
        )
        return state

    def run_python(self, code: str) -> str:
        """Return what the code prints that is run beside the server, by the image's user."""
        return run_docker("exec", "--interactive", self.name, "python", "-", stdin=code)

    def run_service_command(self, *arguments: str) -> str:
        """Return what ``python -m service`` prints beside the server."""
        return run_docker("exec", self.name, "python", "-m", "service", *arguments)

    def create_key(self) -> str:
        """Return a new key that may report."""
        return self.run_service_command("key", "create", "--name", "test", "--scope", "report")

    def read_logs(self) -> str:
        """Return all that it has written."""
        completed = try_docker("logs", self.name)
        return completed.stdout + completed.stderr

    def is_ready(self) -> bool:
        """Whether /readyz answers with 200 through the published port."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                return True
        except (OSError, http.client.HTTPException):
            return False

    def get_json(self, path: str) -> Any:
        """Return the JSON at the path."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=TIMEOUT_SECONDS) as response:
            return json.load(response)

    def begin_report(self, key: str) -> "PendingReport":
        """Return a connection with the headers of a report sent, and nothing of its body."""
        return PendingReport(self.address, key)


class PendingReport:
    """A report on its way: the server has its head and waits for the rest."""

    def __init__(self, address: str, key: str) -> None:
        self._body = json.dumps(bodies.make_report()).encode()
        self._connection = http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)
        self._connection.putrequest("POST", "/v1/reports")
        self._connection.putheader("Authorization", f"Bearer {key}")
        self._connection.putheader("Content-Type", "application/json")
        self._connection.putheader("Content-Length", str(len(self._body)))
        self._connection.endheaders()

    def finish(self) -> tuple[int, Any]:
        """Send the rest; returns the status and the answer."""
        self._connection.send(self._body)
        response = self._connection.getresponse()
        body = json.load(response)
        self._connection.close()
        return response.status, body


@contextmanager
def make_volume() -> Iterator[str]:
    """Yield the name of a new volume, which goes afterwards."""
    name = run_docker("volume", "create", f"casualty-check-{uuid4().hex[:8]}")
    try:
        yield name
    finally:
        run_docker("volume", "rm", name)


@contextmanager
def run_container(image: str, volume_name: str) -> Iterator[Container]:
    """Yield a container that is ready, with its data in the volume; it goes afterwards."""
    publish = ("--publish", "127.0.0.1::8000", "--volume", f"{volume_name}:/data")
    name = run_docker("run", "--detach", *publish, *SAFE_OPTIONS, image)
    try:
        container = Container(name)
        wait_until(container, container.is_ready)
        yield container
    finally:
        run_docker("rm", "--force", name)


def wait_until(container: Container, condition: Callable[[], bool]) -> None:
    """Return when it holds; fails the test when the container ends or takes too long."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while container.inspect_state()["Running"] and time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"{container.inspect_state()}\n{container.read_logs()}")

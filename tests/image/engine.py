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

from tests import make
from tests.serving import TIMEOUT_SECONDS

SAFELY: Final = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", "512m", "--pids-limit", "128"),
)
"""The flags of ``docker run`` in docs/running.md."""


def docker(*words: str | Path, given: str | None = None) -> str:
    """Return what the engine's command says; fails the test where it fails."""
    done = attempt(*words, given=given)
    assert done.returncode == 0, f"docker {' '.join(map(str, words))}: {done.stderr}"
    return done.stdout.strip()


def attempt(*words: str | Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Return what came of the engine's command, whether it failed or not."""
    return subprocess.run(["docker", *words], input=given, capture_output=True, text=True)


class Container:
    """A container, whose port is published on one of this machine's that the engine chose."""

    def __init__(self, name: str) -> None:
        """Remember its name or id; it has been started."""
        self.name = name

    @cached_property
    def address(self) -> str:
        """Its host and port here."""
        return docker("port", self.name, "8000/tcp").splitlines()[0]

    @property
    def url(self) -> str:
        """Its address for HTTP."""
        return f"http://{self.address}"

    def state(self) -> dict[str, Any]:
        """Return what the engine knows of it at this moment."""
        state: dict[str, Any] = json.loads(
            docker("inspect", "--format", "{{json .State}}", self.name)
        )
        return state

    def python(self, code: str) -> str:
        """Return what the code prints that is run beside the server, by the image's user."""
        return docker("exec", "--interactive", self.name, "python", "-", given=code)

    def service(self, *words: str) -> str:
        """Return what ``python -m service`` prints beside the server."""
        return docker("exec", self.name, "python", "-m", "service", *words)

    def new_key(self) -> str:
        """Return a new key that may report."""
        return self.service("key", "create", "--name", "test", "--scope", "report")

    def logged(self) -> str:
        """Return all that it has written."""
        done = attempt("logs", self.name)
        return done.stdout + done.stderr

    def ready(self) -> bool:
        """Whether /readyz answers with 200 through the published port."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                return True
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str) -> Any:
        """Return the JSON at the path."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)

    def begin(self, key: str) -> "Begun":
        """Return a report that has been announced, of which nothing has been sent."""
        return Begun(self.address, key)


class Begun:
    """A report on its way: the server has its head and waits for the rest."""

    def __init__(self, address: str, key: str) -> None:
        self._body = json.dumps(make.report()).encode()
        self._connection = http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)
        self._connection.putrequest("POST", "/v1/reports")
        self._connection.putheader("Authorization", f"Bearer {key}")
        self._connection.putheader("Content-Type", "application/json")
        self._connection.putheader("Content-Length", str(len(self._body)))
        self._connection.endheaders()

    def end(self) -> tuple[int, Any]:
        """Send the rest; returns the status and the answer."""
        self._connection.send(self._body)
        answer = self._connection.getresponse()
        told = json.load(answer)
        self._connection.close()
        return answer.status, told


@contextmanager
def volume() -> Iterator[str]:
    """Yield the name of a new volume, which goes afterwards."""
    name = docker("volume", "create", f"casualty-check-{uuid4().hex[:8]}")
    try:
        yield name
    finally:
        docker("volume", "rm", name)


@contextmanager
def running(image: str, kept: str) -> Iterator[Container]:
    """Yield a container that is ready, with its data in the volume; it goes afterwards."""
    publish = ("--publish", "127.0.0.1::8000", "--volume", f"{kept}:/data")
    name = docker("run", "--detach", *publish, *SAFELY, image)
    try:
        container = Container(name)
        wait(container, container.ready)
        yield container
    finally:
        docker("rm", "--force", name)


def wait(container: Container, until: Callable[[], bool]) -> None:
    """Return when it holds; fails the test when the container ends or takes too long."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while container.state()["Running"] and time.monotonic() < end:
        if until():
            return
        time.sleep(0.1)
    raise AssertionError(f"{container.state()}\n{container.logged()}")

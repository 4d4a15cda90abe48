"""What a compose file brings up, as one project of its own that goes without a trace."""

import http.client
import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from tests.image.engine import Container, docker
from tests.ports import free_port
from tests.serving import ROOT, TIMEOUT_SECONDS

COMMAND: Final = os.environ.get("COMPOSE", "docker compose").split()

STARTING: Final = 120.0
"""Seconds within which everything is healthy, the database's first start included."""


class Stack:
    """The containers of one project, asked through the one port that is published."""

    def __init__(self, file: str, port: int, environment: Mapping[str, str]) -> None:
        """Remember what it is made of; nothing is started yet."""
        self.name = f"casualty-check-{uuid4().hex[:8]}"
        self.port = port
        self.environment = dict(environment)
        self._command = [*COMMAND, "--file", str(ROOT / file), "--project-name", self.name]

    def compose(self, *words: str) -> str:
        """Return what the command prints; fails the test where it fails."""
        done = subprocess.run(
            [*self._command, *words],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{words}: {done.stderr}\n{done.stdout}"
        return done.stdout.strip()

    def shell(self, script: str, folder: Path) -> str:
        """Return what a documented script prints, run in the folder on this project.

        Fails the test if a command fails.
        """
        done = subprocess.run(
            ["sh", "-ec", script.replace("docker compose", " ".join(self._command))],
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{script}\n{done.stderr}\n{done.stdout}"
        return done.stdout

    def up(self) -> None:
        """Bring up what is not, and return when all of it is healthy."""
        self.compose("up", "--detach")
        self.wait()

    def wait(self) -> None:
        """Return when every container is healthy; fails the test when that takes too long."""
        end = time.monotonic() + STARTING
        while time.monotonic() < end:
            names = self.compose("ps", "--quiet").split()
            if names and all(_healthy(Container(name)) for name in names):
                return
            time.sleep(0.2)
        raise AssertionError(f"{self.compose('ps')}\n{self.compose('logs', '--tail', '50')}")

    def container(self, service: str) -> Container:
        """Return the container that does the service's work at this moment."""
        return Container(self.compose("ps", "--quiet", service))

    def new_key(self, scope: str) -> str:
        """Return a new key, made beside the server."""
        made = ("key", "create", "--name", "test", "--scope", scope)
        return self.container("service").service(*made)

    def lines(self, service: str, request: str) -> list[dict[str, Any]]:
        """Return the lines of JSON in the service's log that have the request's id."""
        logged = self.container(service).logged().splitlines()
        lines = [json.loads(line) for line in logged if line.startswith("{")]
        return [line for line in lines if line.get("request_id") == request]

    @cached_property
    def context(self) -> ssl.SSLContext:
        """What trusts the certificate of this project and no other."""
        folder = Path(self.environment["SECRETS_FOLDER"])
        return ssl.create_default_context(cafile=folder / "certificate.pem")

    def inner(self) -> tuple[str, int]:
        """Return the address and port inside of what is published; they lead there from here.

        What comes through the published port is buffered by the engine on its way.
        """
        service, port = (
            ("nginx", 8443) if "SECRETS_FOLDER" in self.environment else ("service", 8000)
        )
        network = "outside" if service == "nginx" else "default"
        address = f'{{{{(index .NetworkSettings.Networks "{self.name}_{network}").IPAddress}}}}'
        return docker("inspect", "--format", address, self.container(service).name), port

    def connection(self) -> http.client.HTTPConnection:
        """Return a connection to what is published; over TLS where there is a certificate."""
        if "SECRETS_FOLDER" in self.environment:
            return http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=TIMEOUT_SECONDS, context=self.context
            )
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Return the answer and its body; what is no bytes is sent as JSON."""
        given = {"Content-Type": "application/json"} if body is not None else {}
        if key is not None:
            given["Authorization"] = f"Bearer {key}"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = self.connection()
        try:
            connection.request(method, path, data, given | dict(headers or {}))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return the JSON at the path."""
        answer, body = self.ask("GET", path)
        assert answer.status == 200, (answer.status, body)
        return json.loads(body)


def _healthy(container: Container) -> bool:
    state = container.state()
    assert state["Status"] != "exited", container.logged()
    return bool(state["Health"]["Status"] == "healthy")


@contextmanager
def secrets(folder: Path) -> Iterator[Path]:
    """Yield the folder after what compose.yaml reads from files has been made in it."""
    subprocess.run([ROOT / "scripts" / "make-secrets", folder], check=True)
    yield folder


@contextmanager
def brought_up(file: str, **environment: str) -> Iterator[Stack]:
    """Yield the project when all of it is healthy; its containers and volumes go afterwards."""
    port = free_port()
    stack = Stack(file, port, environment | {"PUBLISH": f"127.0.0.1:{port}"})
    try:
        stack.up()
        yield stack
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "15")
        of_it = f"label=com.docker.compose.project={stack.name}"
        for kind in ("container", "network", "volume"):
            every = ("--all",) if kind == "container" else ()
            assert docker(kind, "ls", *every, "--quiet", "--filter", of_it) == ""

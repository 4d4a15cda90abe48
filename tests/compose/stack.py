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

from tests.image.containers import Container, run_docker
from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

COMMAND: Final = os.environ.get("COMPOSE", "docker compose").split()

START_SECONDS: Final = 120.0
"""Seconds within which everything is healthy, the database's first start included."""


class Stack:
    """The containers of one project, and the one published port."""

    def __init__(self, file: str, port: int, environment: Mapping[str, str]) -> None:
        """Remember what it is made of; nothing is started yet."""
        self.name = f"casualty-check-{uuid4().hex[:8]}"
        self.port = port
        self.environment = dict(environment)
        self._command = [*COMMAND, "--file", str(ROOT / file), "--project-name", self.name]

    def run_compose(self, *arguments: str) -> str:
        """Return what the command prints; fails the test where it fails."""
        completed = subprocess.run(
            [*self._command, *arguments],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
        )
        assert completed.returncode == 0, f"{arguments}: {completed.stderr}\n{completed.stdout}"
        return completed.stdout.strip()

    def run_script(self, script: str, folder: Path) -> str:
        """Return what a documented script prints, run in the folder on this project.

        Fails the test if a command fails.
        """
        completed = subprocess.run(
            ["sh", "-ec", script.replace("docker compose", " ".join(self._command))],
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
        )
        assert completed.returncode == 0, f"{script}\n{completed.stderr}\n{completed.stdout}"
        return completed.stdout

    def start(self) -> None:
        """Bring up what is not, and return when all of it is healthy."""
        self.run_compose("up", "--detach")
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        """Return when every container is healthy; fails the test when that takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            names = self.run_compose("ps", "--quiet").split()
            if names and all(_is_healthy(Container(name)) for name in names):
                return
            time.sleep(0.2)
        raise AssertionError(
            f"{self.run_compose('ps')}\n{self.run_compose('logs', '--tail', '50')}"
        )

    def find_container(self, service: str) -> Container:
        """Return the container that is running the service now."""
        return Container(self.run_compose("ps", "--quiet", service))

    def create_key(self, scope: str) -> str:
        """Return a new key, made beside the server."""
        arguments = ("key", "create", "--name", "test", "--scope", scope)
        return self.find_container("service").run_service_command(*arguments)

    def find_log_lines(self, service: str, request: str) -> list[dict[str, Any]]:
        """Return the lines of JSON in the service's log that have the request's id."""
        log_lines = self.find_container(service).read_logs().splitlines()
        lines = [json.loads(line) for line in log_lines if line.startswith("{")]
        return [line for line in lines if line.get("request_id") == request]

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """What trusts the certificate of this project and no other."""
        folder = Path(self.environment["SECRETS_FOLDER"])
        return ssl.create_default_context(cafile=folder / "certificate.pem")

    def find_inner_address(self) -> tuple[str, int]:
        """Return the address and port inside of what is published; they lead there from here.

        What comes through the published port is buffered by the engine on its way.
        """
        service, port = (
            ("nginx", 8443) if "SECRETS_FOLDER" in self.environment else ("service", 8000)
        )
        network = "outside" if service == "nginx" else "default"
        address = f'{{{{(index .NetworkSettings.Networks "{self.name}_{network}").IPAddress}}}}'
        return run_docker("inspect", "--format", address, self.find_container(service).name), port

    def open_connection(self) -> http.client.HTTPConnection:
        """Return a connection to what is published; over TLS where there is a certificate."""
        if "SECRETS_FOLDER" in self.environment:
            return http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=TIMEOUT_SECONDS, context=self.ssl_context
            )
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)

    def send_request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Return the answer and its body; what is no bytes is sent as JSON."""
        content_headers = {"Content-Type": "application/json"} if body is not None else {}
        if key is not None:
            content_headers["Authorization"] = f"Bearer {key}"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = self.open_connection()
        try:
            connection.request(method, path, data, content_headers | dict(headers or {}))
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def get_json(self, path: str) -> Any:
        """Return the JSON at the path."""
        response, body = self.send_request("GET", path)
        assert response.status == 200, (response.status, body)
        return json.loads(body)


def _is_healthy(container: Container) -> bool:
    state = container.inspect_state()
    assert state["Status"] != "exited", container.read_logs()
    return bool(state["Health"]["Status"] == "healthy")


@contextmanager
def make_secrets(folder: Path) -> Iterator[Path]:
    """Yield the folder after what compose.yaml reads from files has been made in it."""
    subprocess.run([ROOT / "scripts" / "make-secrets", folder], check=True)
    yield folder


@contextmanager
def run_stack(file: str, **environment: str) -> Iterator[Stack]:
    """Yield the project when all of it is healthy; its containers and volumes go afterwards."""
    port = find_free_port()
    stack = Stack(file, port, environment | {"PUBLISH": f"127.0.0.1:{port}"})
    try:
        stack.start()
        yield stack
    finally:
        stack.run_compose("down", "--volumes", "--remove-orphans", "--timeout", "15")
        label_filter = f"label=com.docker.compose.project={stack.name}"
        for kind in ("container", "network", "volume"):
            all_option = ("--all",) if kind == "container" else ()
            assert run_docker(kind, "ls", *all_option, "--quiet", "--filter", label_filter) == ""

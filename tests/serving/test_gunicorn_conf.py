"""gunicorn's configuration, and the container's health check."""

import http.server
import os
import runpy
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from service.serving import runtime_dir, shutdown
from tests.support.paths import ROOT

CONFIGURATION = str(ROOT / "gunicorn.conf.py")
HEALTHCHECK = str(ROOT / "healthcheck.py")


@pytest.fixture
def load_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Read the configuration without creating the runtime directory."""
    monkeypatch.setattr(runtime_dir, "make_dir", lambda: tmp_path)
    for name in ("LISTEN_HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    return lambda: runpy.run_path(CONFIGURATION)


def test_the_server_listens_on_this_machine_alone_by_default(
    load_configuration: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_configuration()["bind"] == "127.0.0.1:8000"
    monkeypatch.setenv("LISTEN_HOST", "0.0.0.0")  # noqa: S104 - what the image sets
    monkeypatch.setenv("PORT", "8080")
    assert load_configuration()["bind"] == "0.0.0.0:8080"


def test_the_server_stops_before_a_container_engine_kills_it(load_configuration: Any) -> None:
    assert shutdown.read_drain_seconds({}) + load_configuration()["graceful_timeout"] < 10


def test_the_control_socket_is_disabled(load_configuration: Any) -> None:
    assert load_configuration()["control_socket_disable"] is True


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("CASUALTY_READING", "perhaps", "CASUALTY_READING='perhaps': use open or closed"),
        ("DRAIN_SECONDS", "soon", "DRAIN_SECONDS='soon': give 0 to 600 seconds, like 2"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line(name: str, value: str, line: str) -> None:
    environ = {**os.environ, "PORT": "0", name: value}
    completed = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    messages = [line for line in completed.stderr.splitlines() if '"level": "info"' not in line]
    assert messages == [line]
    assert completed.returncode == 3


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_passes_where_readyz_answers_200(status: int, healthy: bool) -> None:
    class ReadinessHandler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, _template: str, *args: object) -> None:
            pass

    ready = runpy.run_path(HEALTHCHECK)["ready"]
    with http.server.HTTPServer(("127.0.0.1", 0), ReadinessHandler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert ready(server.server_address[1]) is healthy


def test_the_health_check_fails_where_nothing_listens() -> None:
    assert runpy.run_path(HEALTHCHECK)["ready"](9, timeout=0.5) is False

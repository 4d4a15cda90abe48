"""What the server's configuration promises, and what a container's health check says."""

import http.server
import os
import runpy
import subprocess
import sys
import threading

import pytest

from tests.serving import ROOT

CONFIGURATION = str(ROOT / "gunicorn.conf.py")
HEALTHCHECK = str(ROOT / "healthcheck.py")


def test_it_listens_on_this_machine_alone_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LISTEN_HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    assert runpy.run_path(CONFIGURATION)["bind"] == "127.0.0.1:8000"
    monkeypatch.setenv("LISTEN_HOST", "0.0.0.0")  # noqa: S104 - what the image sets
    monkeypatch.setenv("PORT", "8080")
    assert runpy.run_path(CONFIGURATION)["bind"] == "0.0.0.0:8080"


def test_it_stops_before_a_container_engine_kills() -> None:
    assert runpy.run_path(CONFIGURATION)["graceful_timeout"] < 10


def test_no_control_socket() -> None:
    assert runpy.run_path(CONFIGURATION)["control_socket_disable"] is True


def test_a_bad_setting_stops_the_start_with_one_line() -> None:
    environ = {**os.environ, "PORT": "0", "CASUALTY_READING": "perhaps"}
    ran = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    said = [line for line in ran.stderr.splitlines() if "[INFO]" not in line]
    assert said == ["CASUALTY_READING='perhaps': use open or closed"]
    assert ran.returncode == 3


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_healthy_is_what_answers_ready(status: int, healthy: bool) -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    ready = runpy.run_path(HEALTHCHECK)["ready"]
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert ready(server.server_address[1]) is healthy


def test_nobody_there_is_not_healthy() -> None:
    assert runpy.run_path(HEALTHCHECK)["ready"](9, timeout=0.5) is False

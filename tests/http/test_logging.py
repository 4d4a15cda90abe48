"""What a real server writes to its log: one line of JSON a request, never a key, never a body."""

import json
import logging
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service import create_app
from service.http.context import get_services
from service.http.logging import configure_logging
from service.serving.gunicorn_logging import redact_client
from service.settings import Settings
from tests.support import bodies
from tests.support.gunicorn_server import RunningServer, run_server
from tests.support.ports import find_free_port

PRIVATE_TEXT = "nobody shall read this"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its log."""
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    """One server, to which every test sends what it likes."""
    with run_server(folder, WEB_CONCURRENCY="1") as server:
        yield server


def _request_status(url: str, body: Any = None, **headers: str) -> int:
    data = None if body is None else json.dumps(body).encode()
    content_headers = {"Content-Type": "application/json"} if body is not None else {}
    request = urllib.request.Request(url, data, {**content_headers, **headers})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _send_raw(server: RunningServer, text: str) -> bytes:
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(text.encode())
        return connection.recv(1 << 16)


def _read_log(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "server.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _check_nothing_leaked(folder: Path, key: str) -> None:
    text = (folder / "server.log").read_text(encoding="utf-8")
    assert key not in text
    assert key.split("_")[2] not in text
    assert PRIVATE_TEXT not in text


def test_a_request_is_one_log_line_with_its_request_id(server: RunningServer, folder: Path) -> None:
    header = {"Authorization": f"Bearer {server.key}", "X-Request-ID": "find-me"}
    assert (
        _request_status(f"{server.url}/v1/reports", bodies.make_report(note=PRIVATE_TEXT), **header)
        == 201
    )
    (line,) = (line for line in _read_log(folder) if line.get("request_id") == "find-me")
    assert (line["method"], line["path"], line["status"]) == ("POST", "/v1/reports", 201)
    assert line["key"] == server.key.split("_")[1]
    assert set(line) == {
        "request_id", "method", "path", "status", "ms", "key", "event", "level", "timestamp"
    }  # fmt: skip
    _check_nothing_leaked(folder, server.key)


def test_no_key_is_logged_wherever_it_is_sent(server: RunningServer, folder: Path) -> None:
    key = server.key
    escaped = key.replace("_", "%5F")
    reports = f"{server.url}/v1/reports"
    for address in (f"/{key}", f"/{escaped}", f"/{escaped.replace('%', '%25')}/x"):
        assert _request_status(f"{reports}{address}") == 404
    assert _request_status(f"{reports}?key={key}") == 422
    assert _request_status(f"{reports}?{key}=1") == 422
    assert _request_status(f"{reports}?q={key}") == 200
    assert _request_status(f"{reports}?q={PRIVATE_TEXT.replace(' ', '+')}") == 200
    assert (
        _request_status(reports, **{"Authorization": f"Bearer {key}", "X-Request-ID": key}) == 200
    )
    assert _request_status(reports, **{"Authorization": f"Basic {key}"}) == 401
    assert _request_status(reports, **{"Authorization": f"Bearer {key}x"}) == 401
    assert _request_status(reports, {"note": key}, **{"Authorization": f"Bearer {key}"}) == 422
    logged = [line.get("path") for line in _read_log(folder)]
    assert "/v1/reports/cas_..." in logged
    _check_nothing_leaked(folder, key)


@pytest.mark.parametrize(
    "text",
    [
        "GET /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization Bearer {key}\r\n\r\n",
        "GET /{key} HTTP/{key}\r\nHost: x\r\n\r\n",
        "GET {key}\r\n\r\n",
        "{key}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n{key} : x\r\n\r\n",
    ],
)
def test_no_key_is_logged_for_an_unreadable_request(
    server: RunningServer, folder: Path, text: str
) -> None:
    assert _send_raw(server, text.format(key=server.key)).startswith(b"HTTP/1.1 400 ")
    _check_nothing_leaked(folder, server.key)


@pytest.mark.parametrize(
    "text",
    [
        "GET /v1/reports?q={hidden} HTTP/x\r\nHost: x\r\n\r\n",
        "GET /v1/reports?q={hidden}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n{hidden} : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nCookie: {hidden}\x00\r\n\r\n",
    ],
)
def test_no_client_address_or_query_is_logged_for_an_unreadable_request(
    server: RunningServer, folder: Path, text: str
) -> None:
    before = len(_read_log(folder))
    private_text = PRIVATE_TEXT.replace(" ", "-")
    assert _send_raw(server, text.format(hidden=private_text)).startswith(b"HTTP/1.1 400 ")
    added = _read_log(folder)[before:]
    assert any(line["event"].startswith("Invalid request: ") for line in added)
    assert not any("127.0.0.1" in str(line) or "nobody-shall" in str(line) for line in added)


@pytest.mark.parametrize(
    ("message", "logged"),
    [
        (
            "Invalid request from ip=2001:db8::7: Invalid HTTP request line: 'GET /?q=a b'",
            "Invalid request: Invalid HTTP request line",
        ),
        ("Error handling request GET /v1/reports?q=a", "Error handling request GET /v1/reports"),
        ("Worker exiting (pid: 7)", "Worker exiting (pid: 7)"),
    ],
)
def test_a_message_of_gunicorn_has_no_client_address(message: str, logged: str) -> None:
    assert redact_client(message) == logged


def test_no_body_is_logged_for_an_unreadable_request(server: RunningServer, folder: Path) -> None:
    head = (
        f"POST /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert _send_raw(server, f"{head}{PRIVATE_TEXT}\r\n{{}}\r\n0\r\n\r\n").startswith(
        b"HTTP/1.1 400 "
    )
    _check_nothing_leaked(folder, server.key)


def test_log_lines_of_the_server_itself_are_json(tmp_path: Path) -> None:
    with run_server(tmp_path):
        pass
    lines = (tmp_path / "server.log").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    assert any(each["event"].startswith("Listening at: http://127.0.0.1:") for each in entries)
    assert all({"event", "level", "timestamp", "pid"} <= set(each) for each in entries)


def test_successful_health_checks_are_not_logged(server: RunningServer, folder: Path) -> None:
    for path in ("/livez", "/readyz", "/nowhere"):
        _request_status(f"{server.url}{path}", **{"X-Request-ID": f"check{path.replace('/', '-')}"})
    logged = {line.get("request_id") for line in _read_log(folder)}
    assert "check-nowhere" in logged
    assert not {"check-livez", "check-readyz"} & logged


def _find_log_lines(folder: Path, request_id: str) -> list[dict[str, Any]]:
    return [line for line in _read_log(folder) if line.get("request_id") == request_id]


@pytest.mark.sqlite
def test_a_database_error_is_logged_with_the_request_id(tmp_path: Path) -> None:
    with run_server(tmp_path):
        pass  # When it stops, all that was written is folded into the one file.
    with run_server(tmp_path, WEB_CONCURRENCY="1") as server:
        database = tmp_path / "casualties.db"
        with database.open("r+b") as file:
            file.write(bytes(range(256)) * (database.stat().st_size // 256))
        assert _request_status(f"{server.url}/v1/places", **{"X-Request-ID": "torn"}) == 503
    error, request = _find_log_lines(tmp_path, "torn")
    assert (error["event"], error["level"]) == ("unavailable", "error")
    assert error["cause"].startswith("DatabaseError(")
    assert (request["event"], request["status"]) == ("request", 503)


@pytest.fixture
def read_driver_messages(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """A function that returns the driver's messages since the last call, all in our format."""

    def read_messages() -> list[str]:
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
        return [line["said"] for line in lines if line["event"] == "driver"]

    return read_messages


def test_log_lines_of_the_driver_are_json_without_the_password(
    settings: Settings, read_driver_messages: Callable[[], list[str]]
) -> None:
    unreachable_url = (
        f"postgresql://somebody:{PRIVATE_TEXT.replace(' ', '')}@127.0.0.1:{find_free_port()}/x"
    )
    changed_settings = replace(
        settings, log_level="info", read_database=unreachable_url, busy_seconds=1.0
    )
    app = create_app(changed_settings)
    assert app.test_client().get("/v1/places").status_code == 503
    with app.app_context():
        get_services().read_store.close()
    messages = read_driver_messages()
    assert any("127.0.0.1" in each for each in messages)
    assert not any(PRIVATE_TEXT.replace(" ", "") in each for each in messages)


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ('in URI: "postgresql://me:p:w@[::1/x"', 'in URI: ...@[::1/x"'),
        ("resolve host 'w@10.0.0.1'", "resolve host ...@10.0.0.1'"),
        ("host=db password=pw user=me", "host=db password=... user=me"),
        ("host=db password='p w' user=me", "host=db password=... user=me"),
        ('at "10.0.0.1", port 5432 failed', 'at "10.0.0.1", port 5432 failed'),
    ],
)
def test_a_url_that_the_driver_quotes_has_no_password(
    read_driver_messages: Callable[[], list[str]], quoted: str, shown: str
) -> None:
    configure_logging("info")
    for name in ("psycopg", "psycopg.pool"):
        logging.getLogger(name).warning("error connecting %s", quoted)
    assert read_driver_messages() == [f"error connecting {shown}"] * 2


def test_an_exception_of_the_driver_is_logged_with_its_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info")
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("psycopg").exception("error processing notice")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["said"]) == ("driver", "error processing notice")
    assert "RuntimeError: broken" in line["exception"]


@pytest.mark.parametrize(("seconds", "inexact"), [("0.0000001", 1), ("600", 0)])
def test_slow_totals_are_logged_with_the_request_id(
    tmp_path: Path, seconds: str, inexact: int
) -> None:
    with run_server(tmp_path, WEB_CONCURRENCY="1", CASUALTY_SOLVER_SECONDS=seconds) as server:
        key = {"Authorization": f"Bearer {server.key}"}
        assert (
            _request_status(f"{server.url}/v1/reports", bodies.make_interlocked_report(), **key)
            == 201
        )
        url = f"{server.url}/v1/totals?place=a&outcomes=killed"
        assert _request_status(url, **{"X-Request-ID": "long"}) == 200
    *slow, request = _find_log_lines(tmp_path, "long")
    assert request["event"] == "request"
    assert [(each["event"], each["level"], each["inexact"]) for each in slow] == [
        ("slow totals", "warning", 1)
    ] * inexact


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_log_that_cannot_be_written_fails_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(Settings(database=tmp_path / "casualties.db"))
    full = Path("/dev/full").open("w")
    monkeypatch.setattr(sys, "stderr", full)
    answers = [app.test_client().get(path).status_code for path in ("/v1/places", "/nowhere")]
    with suppress(OSError):
        full.close()
    assert answers == [200, 404]

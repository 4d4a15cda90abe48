"""How long the sender of a response waits for its client, over plain and over TLS connections."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from service.serving.slow_readers import PatientSocket, SlowReaders, count_unacknowledged

WINDOW_SECONDS = 0.5
CHUNK = b"x" * (16 << 20)
"""More than the buffers of a connection hold."""


@contextmanager
def _connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield both ends of a TCP connection: the server's and the client's."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        listener.accept()[0] as server,
    ):
        yield server, client


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test".split()
    subprocess.run(
        [*command, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True
    )
    return files


@contextmanager
def _tls_connection(certificate: tuple[Path, Path]) -> Iterator[tuple[Any, Any]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    with _connection() as (server, client):
        sockets: list[Any] = []
        shaking = Thread(
            target=lambda: sockets.append(context.wrap_socket(server, server_side=True))
        )
        shaking.start()
        with client_context.wrap_socket(client) as secure_client:
            shaking.join()
            with sockets[0]:
                yield sockets[0], secure_client


def _send(server: Any, slow_readers: SlowReaders, results: list[Exception | None]) -> Thread:
    def send() -> None:
        try:
            PatientSocket(server, slow_readers).sendall(CHUNK)
            results.append(None)
        except OSError as error:
            results.append(error)

    thread = Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize("is_secure", [False, True])
def test_a_client_that_takes_nothing_is_given_up(
    is_secure: bool, certificate: tuple[Path, Path]
) -> None:
    given_up: list[int] = []
    results: list[Exception | None] = []
    slow_readers = SlowReaders(WINDOW_SECONDS, 8, given_up.append)
    with _tls_connection(certificate) if is_secure else _connection() as (server, _client):
        _send(server, slow_readers, results).join()
    assert isinstance(results[0], BrokenPipeError)
    assert 0 < given_up[0] < len(CHUNK)


@pytest.mark.parametrize("is_secure", [False, True])
def test_a_client_that_takes_all_gets_all(is_secure: bool, certificate: tuple[Path, Path]) -> None:
    results: list[Exception | None] = []
    given_up: list[int] = []
    slow_readers = SlowReaders(WINDOW_SECONDS, 8, given_up.append)
    with _tls_connection(certificate) if is_secure else _connection() as (server, client):
        usual_timeout = server.gettimeout()
        thread = _send(server, slow_readers, results)
        count = 0
        while count < len(CHUNK):
            count += len(client.recv(1 << 16))
        thread.join()
        assert server.gettimeout() == usual_timeout
    assert (results, given_up) == ([None], [])


def test_one_response_too_many_ends_the_slowest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that wait, one client takes a little, and the other nothing."""
    monkeypatch.setattr("service.serving.slow_readers.GRACE_SECONDS", 0.3)
    given_up: list[int] = []
    slow_readers = SlowReaders(60, 2, given_up.append)
    results: dict[str, list[Exception | None]] = {"none": [], "some": [], "third": []}
    with ExitStack() as stack:
        ends = {name: stack.enter_context(_connection()) for name in results}
        threads = [_send(ends[name][0], slow_readers, results[name]) for name in ("none", "some")]
        for _ in range(8):
            ends["some"][1].settimeout(0.1)
            while ends["some"][1].recv(1 << 20):
                break
            threads[0].join(timeout=0.1)
        third = _send(ends["third"][0], slow_readers, results["third"])
        threads[0].join()
        assert isinstance(results["none"][0], BrokenPipeError)
        for name, thread in (("some", threads[1]), ("third", third)):
            ends[name][1].settimeout(0.1)
            while thread.is_alive():
                # The thread can be at its end when everything was received.
                with suppress(TimeoutError):
                    ends[name][1].recv(1 << 20)
        assert results["some"] == results["third"] == [None]
    assert len(given_up) == 1


def test_what_the_client_has_not_acknowledged_is_counted() -> None:
    with _connection() as (server, client):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.setblocking(False)
        sent = server.send(CHUNK)
        assert 0 < count_unacknowledged(server) <= sent
    assert count_unacknowledged(server) == 0

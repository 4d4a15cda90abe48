"""An import into a running service over HTTP does what an import into its database does."""

from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import urllib3

from service.domain.file_import import ImportedFile
from service.imports.errors import ServiceError
from service.imports.file_import import FileImport, RowChange
from service.imports.http_receiver import HttpReceiver
from service.imports.import_counts import ImportCounts
from service.imports.mapping_schema import parse_mapping
from service.imports.service_client import ServiceClient
from tests.imports.tables import EVENTS, RUNNING, make_day, make_event, write_table
from tests.support.gunicorn_server import RunningServer, run_server
from tests.support.ports import find_free_port

HASTY = urllib3.Retry(total=2, allowed_methods=None, status_forcelist=(503,), backoff_factor=0.01,
                      raise_on_status=False)  # fmt: skip
ROWS = [make_event(number) for number in range(1, 8)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_server(tmp_path_factory.mktemp("server")) as running:
        yield running


def connect(server: RunningServer) -> HttpReceiver:
    """Return a new receiver of the server."""
    return HttpReceiver(ServiceClient(server.url, server.key))


def run_import(
    receiver: HttpReceiver, path: Path, mapping: str = EVENTS, *, retracts: bool = False
) -> tuple[ImportCounts, list[RowChange]]:
    changes: list[RowChange] = []
    file_import = FileImport(
        parse_mapping(mapping), receiver, note_change=changes.append, finds_vanished=retracts
    )
    file_import.run(path)
    file_import.retract_vanished(file_import.list_vanished())
    return file_import.counts, changes


def test_editions_are_imported_over_http(server: RunningServer, tmp_path: Path) -> None:
    path = write_table(tmp_path / "rows.csv", ROWS)
    counts, changes = run_import(connect(server), path)
    assert (counts.recorded, counts.warnings) == (7, {})
    assert [(each.kind, each.before, each.after) for each in changes] == [
        ("added", "", "2 to 5 killed")
    ] * 7
    counts, _ = run_import(connect(server), path)
    assert (counts.known, counts.recorded) == (7, 0)
    newer = [*ROWS[:3], make_event(4, low=3), make_event(5, id="x" * 300), *ROWS[5:]]
    write_table(path, newer)
    counts, changes = run_import(connect(server), path, retracts=True)
    assert (counts.known, counts.replaced, counts.refused, counts.retracted) == (5, 1, 1, 1)
    (problem,) = counts.problems
    assert (problem.column, problem.line) == ("id", 6)
    assert [(each.kind, each.ref, each.before, each.after) for each in changes] == [
        ("revised", "ev-4", "2 to 5 killed", "3 to 5 killed"),
        ("gone", "ev-5", "2 to 5 killed", ""),
    ]


def test_running_totals_that_fall_are_corrected_over_http(
    server: RunningServer, tmp_path: Path
) -> None:
    rows = [make_day(day, killed) for day, killed in enumerate((90, 120, 130, 100), start=1)]
    path = write_table(tmp_path / "days.csv", rows)
    counts, _ = run_import(connect(server), path, RUNNING)
    assert (counts.recorded, counts.retracted) == (4, 1)
    counts, _ = run_import(connect(server), path, RUNNING)
    assert (counts.known, counts.retracted) == (4, 0)


def test_reports_are_listed_over_several_pages(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.imports.http_receiver.PAGE_SIZE", 2)
    rows = [make_event(number, country="Iraq", town="Mosul") for number in range(11, 16)]
    receiver = connect(server)
    run_import(receiver, write_table(tmp_path / "rows.csv", rows))
    found = list(receiver.list_reports("register", "iraq", None, date(2016, 12, 31)))
    assert [each.ref for each in found] == [f"ev-{number}" for number in range(11, 16)]
    assert list(receiver.list_reports("register", "atlantis", None, date(2016, 12, 31))) == []


def test_a_wrong_key_is_one_line(server: RunningServer, tmp_path: Path) -> None:
    path = write_table(tmp_path / "rows.csv", ROWS)
    with pytest.raises(ServiceError, match=r"answers 401: .*key") as caught:
        run_import(HttpReceiver(ServiceClient(server.url, "cas_wrong")), path)
    assert caught.value.status == 401


def test_a_service_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    receiver = HttpReceiver(ServiceClient(f"http://127.0.0.1:{find_free_port()}", "cas_x", HASTY))
    with pytest.raises(ServiceError, match="does not answer"):
        receiver.submit([{"ref": "1"}])


class _Stub(BaseHTTPRequestHandler):
    """Answers with the statuses of the server, one after the other, and keeps the keys."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keys.append(self.headers["Idempotency-Key"])  # type: ignore[attr-defined]
        status, body = self.server.answers.pop(0)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Write nothing."""


@pytest.fixture
def stub() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), _Stub) as server:
        server.answers, server.keys = [], []  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_request_is_tried_again_with_the_same_idempotency_key(stub: HTTPServer) -> None:
    ok = b'{"results": [{"status": 201, "id": "r1", "supersedes": null, "warnings": []}]}'
    stub.answers = [(503, b"{}"), (503, b"{}"), (200, ok), (200, ok)]  # type: ignore[attr-defined]
    receiver = HttpReceiver(ServiceClient(f"http://127.0.0.1:{stub.server_port}", "cas_x", HASTY))
    (outcome,) = receiver.submit([{"ref": "1"}])
    assert (outcome.id, outcome.is_new) == ("r1", True)
    receiver.submit([{"ref": "2"}])
    first, second, third, other = stub.keys  # type: ignore[attr-defined]
    assert first == second == third != other


def test_an_address_of_something_else_is_said_to_be(stub: HTTPServer) -> None:
    stub.answers = [(200, b"<html>")]  # type: ignore[attr-defined]
    receiver = HttpReceiver(ServiceClient(f"http://127.0.0.1:{stub.server_port}", "cas_x", HASTY))
    with pytest.raises(ServiceError, match="is this the address of a casualty-figure service"):
        receiver.submit([{"ref": "1"}])


def test_imports_are_recorded_and_withdrawn_over_http(
    server: RunningServer, tmp_path: Path
) -> None:
    rows = [make_event(number, country="Jordan", town="Amman") for number in range(21, 24)]
    path = write_table(tmp_path / "jordan.csv", rows)
    receiver = connect(server)
    imported = ImportedFile(path.name, "1" * 64, "Events", "2" * 64)
    assert receiver.start_import(imported).row_count == 0
    file_import = FileImport(parse_mapping(EVENTS), receiver)
    file_import.run(path)
    assert connect(server).start_import(imported).row_count == 3
    receiver.finish_import(file_import.counts)
    found = next(receiver.list_imports())
    assert (found.file, found.state, found.report_count) == ("jordan.csv", "finished", 3)
    assert receiver.withdraw_import(found.id, "A draft") == (3, 0)
    assert receiver.withdraw_import(found.id, "A draft") == (0, 0)
    other = connect(server)
    other.finish_import(file_import.counts)  # It has started none.


def test_other_errors_of_the_service_are_raised(server: RunningServer) -> None:
    wrong = HttpReceiver(ServiceClient(server.url, "cas_wrong"))
    for call in (
        lambda: wrong.retract("x", "y"),
        lambda: wrong.complete_places([("x", {"name": "X"})]),
        lambda: list(wrong.list_reports("a", "b", date(2016, 1, 1), date(2016, 1, 2))),
    ):
        with pytest.raises(ServiceError, match="answers 401"):
            call()
    right = connect(server)
    with pytest.raises(ServiceError, match="answers 404"):
        right.retract("nothing", "y")


def test_a_report_is_retracted_once(server: RunningServer, tmp_path: Path) -> None:
    receiver = connect(server)
    rows = [make_event(30, country="Oman", town="Muscat")]
    run_import(receiver, write_table(tmp_path / "oman.csv", rows))
    (known,) = receiver.list_reports("register", "oman", date(2016, 1, 1), date(2016, 12, 31))
    assert receiver.retract(known.id, "x")
    assert not connect(server).retract(known.id, "x")

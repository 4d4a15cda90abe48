"""A write-ahead log that is lost or damaged: the loss of acknowledged reports is noticed."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.store.sqlite.high_water_mark import HighWaterMarkFile
from tests.faults.client import Client
from tests.faults.posting_clients import make_body
from tests.faults.run_size import choose_size
from tests.faults.service_process import ServiceProcess
from tests.support.gunicorn_server import TIMEOUT_SECONDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

REPORT_COUNT = 12


def _delete(log: Path) -> None:
    log.unlink()


def _make_empty(log: Path) -> None:
    log.write_bytes(b"")


def _cut_last_commit(log: Path) -> None:
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 1)


def _cut_in_half(log: Path) -> None:
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size // 2)


def _overwrite_end(log: Path) -> None:
    with log.open("r+b") as file:
        file.seek(log.stat().st_size - 3000)
        file.write(b"\xff" * 100)


def _overwrite_beginning(log: Path) -> None:
    with log.open("r+b") as file:
        file.write(b"\0" * 32)


HARMS: tuple[Callable[[Path], None], ...] = (
    _delete,
    _make_empty,
    _cut_last_commit,
    _cut_in_half,
    _overwrite_beginning,
    _overwrite_end,
)


@pytest.fixture
def service(tmp_path: Path) -> ServiceProcess:
    """A service that is not started yet."""
    return ServiceProcess(tmp_path / "casualties.db", tmp_path / "log", workers=1)


def _post(service: ServiceProcess, key: str, refs: range) -> int:
    """Post reports until each is acknowledged; return the seq of the last event."""
    with Client(service.url, key) as client:
        for number in refs:
            assert client.post("/v1/reports", make_body(f"ref-{number}")).status in (200, 201)
        changes = client.get("/v1/changes?limit=1000").body
    return int(changes["changes"][-1]["seq"])


def _side_file(service: ServiceProcess, suffix: str) -> Path:
    return Path(f"{service.database}{suffix}")


def _read_log(service: ServiceProcess) -> bytes:
    """Return what is in the write-ahead log; nothing if it does not exist."""
    log = _side_file(service, "-wal")
    return log.read_bytes() if log.exists() else b""


def _wait_for_exit(service: ServiceProcess) -> int:
    service.start()
    assert service.process is not None
    return service.process.wait(TIMEOUT_SECONDS)


@pytest.mark.parametrize("harm", HARMS[:: choose_size(2, 1)])
def test_a_loss_is_refused_at_the_start_and_found_by_verify_until_it_is_accepted(
    service: ServiceProcess, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    with service:
        key = service.create_key()
        service.wait_until_ready()
        acknowledged_seq = _post(service, key, range(REPORT_COUNT))
        service.kill()
        harm(_side_file(service, "-wal"))
        _side_file(service, "-shm").unlink()
        log_content = _read_log(service)

        log_length = len(service.read_log())
        assert _wait_for_exit(service) == 3
        log_lines = service.read_log()[log_length:].splitlines()
        (line,) = (line for line in log_lines if not line.startswith("{"))
        expected = f"has lost events: event {acknowledged_seq} was acknowledged, and the record"
        assert expected in line
        accept = line.rpartition("python -m service ")[2].split()
        service.kill()

        verified = service.run_command("verify")
        assert verified.returncode == 1 and expected in verified.stdout
        refused = service.run_command("dump")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert expected in refused.stderr and refused.stderr.count("\n") == 1
        backup = service.run_command("backup", str(tmp_path / "backup.db"))
        assert backup.returncode == 1 and expected in backup.stderr

        assert _read_log(service) == log_content, "what is left of the log must stay"
        wrong = service.run_command("accept-loss", str(acknowledged_seq))
        assert wrong.returncode == 1 and f"not {acknowledged_seq}" in wrong.stderr
        accepted = service.run_command(*accept)
        assert accepted.returncode == 0 and f"event {acknowledged_seq} had been" in accepted.stderr
        service.assert_integrity()
        key = service.create_key()
        service.wait_until_ready()
        _post(service, key, range(REPORT_COUNT))
        service.assert_integrity()


def test_a_log_that_is_put_back_repairs_the_record(service: ServiceProcess) -> None:
    with service:
        key = service.create_key()
        service.wait_until_ready()
        acknowledged_seq = _post(service, key, range(REPORT_COUNT))
        service.kill()
        log = _side_file(service, "-wal")
        log.rename(log.with_name("elsewhere"))
        assert _wait_for_exit(service) == 3
        service.kill()
        log.with_name("elsewhere").replace(log)
        service.wait_until_ready()
        assert _post(service, key, range(REPORT_COUNT, REPORT_COUNT + 1)) > acknowledged_seq
        service.assert_integrity()


def test_nothing_is_lost_with_the_log_of_an_idle_service(service: ServiceProcess) -> None:
    with service:
        key = service.create_key()
        service.wait_until_ready()
        acknowledged_seq = _post(service, key, range(REPORT_COUNT))
        end = time.monotonic() + TIMEOUT_SECONDS
        while _side_file(service, "-wal").stat().st_size:
            assert time.monotonic() < end, "the log is not moved into the database"
            time.sleep(0.05)
        service.kill()
        _delete(_side_file(service, "-wal"))
        _side_file(service, "-shm").unlink()
        service.wait_until_ready()
        assert _post(service, key, range(REPORT_COUNT, REPORT_COUNT + 1)) > acknowledged_seq
        service.assert_integrity()


def test_nothing_is_lost_with_the_log_of_a_service_that_was_started_after_a_crash(
    service: ServiceProcess,
) -> None:
    with service:
        key = service.create_key()
        service.wait_until_ready()
        acknowledged_seq = _post(service, key, range(REPORT_COUNT))
        service.kill()
        assert _side_file(service, "-wal").stat().st_size
        service.wait_until_ready()
        service.kill()
        _delete(_side_file(service, "-wal"))
        service.wait_until_ready()
        assert _post(service, key, range(REPORT_COUNT, REPORT_COUNT + 1)) > acknowledged_seq
        service.assert_integrity()


def test_the_mark_of_a_killed_service_is_never_ahead_of_its_record(
    service: ServiceProcess,
) -> None:
    """Also if it is killed between a commit and the note of it."""
    with service:
        key = service.create_key()
        for turn in range(3):
            service.wait_until_ready()
            acknowledged_seq = _post(service, key, range(turn * 5, turn * 5 + 5))
            service.kill()
            mark = HighWaterMarkFile(service.database).read()
            assert mark is not None and mark.seq >= acknowledged_seq
            service.assert_integrity()


def test_a_database_that_is_missing_is_not_created_anew(service: ServiceProcess) -> None:
    with service:
        key = service.create_key()
        service.wait_until_ready()
        _post(service, key, range(1))
        service.stop()
        service.database.rename(service.database.with_name("moved.db"))
        assert _wait_for_exit(service) == 3
        assert "the file is missing" in service.read_log()
        assert not service.database.exists()
        assert service.run_command("accept-loss", "0").returncode == 0
        assert service.run_command("migrate").returncode == 0

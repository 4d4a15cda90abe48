"""A disk without room: writes are refused in plain words, reads go on, room heals it."""

import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.client import Client
from tests.faults.mounts import make_ext4, mount
from tests.faults.posting_clients import (
    SentReports,
    compare_with_record,
    keep_posting,
    resend_doubtful,
    wait_for_acknowledged,
    wait_until,
)
from tests.faults.results import FaultResults
from tests.faults.run_size import choose_size, print_progress
from tests.faults.service_process import ServiceProcess
from tests.support.capabilities import require_mounting

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit and tmpfs")

BeginResults = Callable[[str], FaultResults]
READ_PATHS = ("/readyz", "/v1/totals?outcomes=killed", "/v1/reports?limit=5", "/v1/changes?limit=5")


def _assert_writes_refused(
    service: ServiceProcess, key: str, sent_reports: SentReports, detail: str
) -> None:
    """See that writes are refused in these words while every read is answered."""
    before = len(sent_reports.refused)
    wait_until(lambda: len(sent_reports.refused) >= before + 20)
    with Client(service.url) as client:
        for path in READ_PATHS:
            assert client.get(path).status == 200, path
    for answer in list(sent_reports.refused.values())[before:]:
        assert (answer.status, answer.body["detail"]) == (503, detail)
        assert answer.retry_after == "60"


def _fill_repeatedly(
    service: ServiceProcess,
    sent_reports: SentReports,
    results: FaultResults,
    limit_space: Callable,
    detail: str,
) -> None:
    """Fill the disk under load and make room again, some times over."""
    key = service.create_key()
    service.wait_until_ready()
    for number in range(1, choose_size(1, 10) + 1):
        with keep_posting([service.url], key, sent_reports):
            wait_for_acknowledged(sent_reports, 20)
            with limit_space():
                _assert_writes_refused(service, key, sent_reports, detail)
            wait_for_acknowledged(sent_reports, 20)
        differences = compare_with_record(service.url, sent_reports)
        results.times = number
        results.add_differences(differences)
        print_progress(
            f"full {number} times: {len(sent_reports.acknowledged)} acknowledged, {differences}"
        )
        assert differences.lost == differences.doubled == differences.unknown == [], differences
    service.assert_integrity()
    results.add_sent_reports(sent_reports)
    assert sent_reports.in_doubt == set()


@contextmanager
def _fill_disk(folder: Path) -> Iterator[None]:
    """Leave no byte of the file system free inside."""
    file = folder / "ballast"
    with file.open("wb", buffering=0) as ballast:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError:
                continue
    try:
        yield
    finally:
        file.unlink()


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_a_full_disk_refuses_writes_until_there_is_room_again(
    tmp_path: Path, begin_results: BeginResults, kind: str
) -> None:
    require_mounting()
    source: tuple[str | Path, ...] = ("-t", "tmpfs", "-o", "size=64m", "faults")
    if kind == "ext4":
        make_ext4(tmp_path / "image", 64)
        source = ("-o", "loop", tmp_path / "image")
    detail = "The disk is full; nothing was recorded. An administrator must make room."
    with (
        mount(tmp_path / "disk", *source) as folder,
        ServiceProcess(
            folder / "casualties.db", folder / "log", workers=choose_size(1, 2)
        ) as service,
    ):
        results = begin_results(f"disk full under load ({kind})")
        _fill_repeatedly(service, SentReports(), results, lambda: _fill_disk(folder), detail)


def test_a_file_that_may_not_grow_refuses_writes_until_it_may_again(
    tmp_path: Path, begin_results: BeginResults
) -> None:
    @contextmanager
    def limit_file_size() -> Iterator[None]:
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        present_bytes = Path(f"{service.database}-wal").stat().st_size
        for worker in service.find_worker_pids():
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (present_bytes, unlimited[1]))
        try:
            yield
        finally:
            for worker in service.find_worker_pids():
                resource.prlimit(worker, resource.RLIMIT_FSIZE, unlimited)

    detail = "The database file cannot be used; an administrator must look at it."
    with ServiceProcess(
        tmp_path / "casualties.db", tmp_path / "log", workers=choose_size(1, 2)
    ) as service:
        _fill_repeatedly(
            service,
            SentReports(),
            begin_results("file size limited under load"),
            limit_file_size,
            detail,
        )


def test_a_service_that_starts_on_a_full_disk_answers_readers(tmp_path: Path) -> None:
    require_mounting()
    sent_reports = SentReports()
    with (
        mount(tmp_path / "disk", "-t", "tmpfs", "-o", "size=64m", "faults") as folder,
        ServiceProcess(
            folder / "casualties.db", tmp_path / "log", workers=choose_size(1, 2)
        ) as service,
    ):
        key = service.create_key()
        service.wait_until_ready()
        with keep_posting([service.url], key, sent_reports):
            wait_for_acknowledged(sent_reports, 20)
        service.kill()
        with _fill_disk(folder):
            service.wait_until_ready()
            assert compare_with_record(service.url, sent_reports).lost == []
            with Client(service.url, key) as client:
                assert client.get("/v1/totals?outcomes=killed").status == 200
        with keep_posting([service.url], key, sent_reports):
            wait_for_acknowledged(sent_reports, 20)
        resend_doubtful(service.url, key, sent_reports)
        assert os.listdir(folder)

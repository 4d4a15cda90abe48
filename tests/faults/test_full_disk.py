"""A disk without room: writes are refused in plain words, reads go on, room heals it."""

import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.client import Client
from tests.faults.figures import Figures
from tests.faults.mounts import mounted, new_ext4
from tests.faults.posting import Sent, await_more, await_that, compared, post_again, posting
from tests.faults.running import Service
from tests.faults.size import at, needs_mounting, progress

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit and tmpfs")

Counting = Callable[[str], Figures]
READS = ("/readyz", "/v1/totals?outcomes=killed", "/v1/reports?limit=5", "/v1/changes?limit=5")


def _refused(service: Service, key: str, sent: Sent, detail: str) -> None:
    """See that writes are refused in these words while every read is answered."""
    before = len(sent.refused)
    await_that(lambda: len(sent.refused) >= before + 20)
    with Client(service.url) as client:
        for path in READS:
            assert client.get(path).status == 200, path
    for answer in list(sent.refused.values())[before:]:
        assert (answer.status, answer.body["detail"]) == (503, detail)
        assert answer.retry_after == "60"


def _filled(service: Service, sent: Sent, figures: Figures, filled: Callable, detail: str) -> None:
    """Fill the disk under load and make room again, some times over."""
    key = service.new_key()
    service.await_ready()
    for number in range(1, at(1, 10) + 1):
        with posting([service.url], key, sent):
            await_more(sent, 20)
            with filled():
                _refused(service, key, sent, detail)
            await_more(sent, 20)
        found = compared(service.url, sent)
        figures.times = number
        figures.add(found)
        progress(f"full {number} times: {len(sent.acknowledged)} acknowledged, {found}")
        assert found.lost == found.doubled == found.strange == [], found
    service.assert_whole()
    figures.take(sent)
    assert sent.in_doubt == set()


@contextmanager
def _ballast(folder: Path) -> Iterator[None]:
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
def test_a_full_disk_refuses_what_is_new_and_heals(
    tmp_path: Path, counting: Counting, kind: str
) -> None:
    needs_mounting()
    source: tuple[str | Path, ...] = ("-t", "tmpfs", "-o", "size=64m", "faults")
    if kind == "ext4":
        new_ext4(tmp_path / "image", 64)
        source = ("-o", "loop", tmp_path / "image")
    detail = "The disk is full; nothing was recorded. Its keeper must make room."
    with (
        mounted(tmp_path / "disk", *source) as folder,
        Service(folder / "casualties.db", folder / "log", workers=at(1, 2)) as service,
    ):
        figures = counting(f"disk full under load ({kind})")
        _filled(service, Sent(), figures, lambda: _ballast(folder), detail)


def test_a_file_that_may_not_grow_refuses_what_is_new_and_heals(
    tmp_path: Path, counting: Counting
) -> None:
    @contextmanager
    def limited() -> Iterator[None]:
        endless = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        largest = Path(f"{service.database}-wal").stat().st_size
        for worker in service.workers():
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (largest, endless[1]))
        try:
            yield
        finally:
            for worker in service.workers():
                resource.prlimit(worker, resource.RLIMIT_FSIZE, endless)

    detail = "The database file cannot be used; its keeper must look."
    with Service(tmp_path / "casualties.db", tmp_path / "log", workers=at(1, 2)) as service:
        _filled(service, Sent(), counting("file size limited under load"), limited, detail)


def test_a_service_that_starts_on_a_full_disk_answers_readers(tmp_path: Path) -> None:
    needs_mounting()
    sent = Sent()
    with (
        mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=64m", "faults") as folder,
        Service(folder / "casualties.db", tmp_path / "log", workers=at(1, 2)) as service,
    ):
        key = service.new_key()
        service.await_ready()
        with posting([service.url], key, sent):
            await_more(sent, 20)
        service.kill()
        with _ballast(folder):
            service.await_ready()
            assert compared(service.url, sent).lost == []
            with Client(service.url, key) as client:
                assert client.get("/v1/totals?outcomes=killed").status == 200
        with posting([service.url], key, sent):
            await_more(sent, 20)
        post_again(service.url, key, sent)
        assert os.listdir(folder)

"""A loss of power, on a simulated disk: what was acknowledged had been flushed, and is there."""

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.faults.mounts import make_ext4, mount, mount_powered_disk
from tests.faults.posting_clients import (
    SentReports,
    compare_with_record,
    keep_posting,
    resend_doubtful,
    wait_for_acknowledged,
)
from tests.faults.results import FaultResults
from tests.faults.run_size import IS_FULL_RUN, choose_size, print_progress
from tests.faults.service_process import ServiceProcess
from tests.faults.simulated_disk import ALL, ANY, NOTHING, SURVIVALS, SimulatedDisk
from tests.support.capabilities import require_mounting

BeginResults = Callable[[str], FaultResults]

COMMIT_SCRIPT = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute(f"PRAGMA synchronous = {sys.argv[2]}")
db.execute("CREATE TABLE rows (n INTEGER PRIMARY KEY)")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
for n in range(1, 1_000_000):
    db.execute("INSERT INTO rows VALUES (?)", (n,))
    print(n, flush=True)
"""


def test_the_simulated_disk_keeps_what_was_flushed_and_any_part_of_the_rest() -> None:
    disk = SimulatedDisk(bytes(4096))
    disk.write(0, b"a" * 1024)
    disk.flush()
    disk.write(512, b"b" * 2048)
    assert disk.read(512, 2048) == b"b" * 2048
    assert disk.content_after_power_loss(NOTHING, 0) == b"a" * 1024 + bytes(3072)
    assert disk.content_after_power_loss(ALL, 0) == b"a" * 512 + b"b" * 2048 + bytes(1536)
    contents = {disk.content_after_power_loss(ANY, seed)[:3072:512] for seed in range(200)}
    assert {each[:1] for each in contents} == {b"a"}
    assert {b"aa\0\0\0\0", b"ab\0\0\0\0", b"aa\0b\0\0", b"abbbb\0"} <= contents


@pytest.mark.parametrize(("synchronous", "loses"), [("NORMAL", True), ("FULL", False)])
def test_only_a_commit_that_waits_for_a_flush_survives_on_the_simulated_disk(
    tmp_path: Path, synchronous: str, loses: bool
) -> None:
    require_mounting()
    image, survivor = tmp_path / "image", tmp_path / "survivor"
    make_ext4(image, 48)
    with mount_powered_disk(image, tmp_path / "running") as disk:
        command = [sys.executable, "-c", COMMIT_SCRIPT, disk.folder / "a.db", synchronous]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
            assert writer.stdout is not None
            committed = [int(writer.stdout.readline()) for _ in range(200)]
            disk.cut_power(NOTHING, 0, survivor)
            writer.kill()
            committed += [int(line) for line in writer.stdout.read().splitlines() if line]
    with (
        mount(tmp_path / "after", "-o", "loop", survivor) as folder,
        closing(sqlite3.connect(folder / "a.db")) as db,
    ):
        (last_kept,) = db.execute("SELECT coalesce(max(n), 0) FROM rows").fetchone()
    assert (last_kept < committed[-1]) is loses


@contextmanager
def _checkpoint_repeatedly(database: Path) -> Iterator[None]:
    """Move the log into the file again and again inside, as otherwise only much writing does."""
    is_finished = Event()

    def checkpoint() -> None:
        with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=0.1)) as db:
            while not is_finished.wait(0.1):
                with suppress(sqlite3.OperationalError):
                    db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    thread = Thread(target=checkpoint)
    thread.start()
    try:
        yield
    finally:
        is_finished.set()
        thread.join()


def test_a_loss_of_power_loses_nothing_acknowledged(
    tmp_path: Path, begin_results: BeginResults
) -> None:
    require_mounting()
    results = begin_results("power cut under load")
    cut_count, chance, sent_reports = choose_size(2, 15), random.Random(20_261_123), SentReports()
    image, survivor, key = tmp_path / "image", tmp_path / "survivor", ""
    make_ext4(image)
    for number in range(cut_count + 1):
        with (
            mount_powered_disk(image, tmp_path / "running") as disk,
            ServiceProcess(
                disk.folder / "casualties.db", tmp_path / "log", workers=choose_size(1, 2)
            ) as service,
        ):
            key = key or service.create_key()
            service.wait_until_ready()
            differences = compare_with_record(service.url, sent_reports)
            results.add_differences(differences)
            print_progress(
                f"{number} cuts: {len(sent_reports.acknowledged)} acknowledged, {differences}"
            )
            assert differences.lost == differences.doubled == differences.unknown == [], differences
            resend_doubtful(service.url, key, sent_reports)
            if IS_FULL_RUN or number == cut_count:
                service.assert_integrity()
            if number < cut_count:
                with (
                    keep_posting([service.url], key, sent_reports),
                    _checkpoint_repeatedly(service.database),
                ):
                    wait_for_acknowledged(sent_reports, 5)
                    time.sleep(chance.uniform(0.0, choose_size(0.5, 1.5)))
                    disk.cut_power(
                        SURVIVALS[number % len(SURVIVALS)], chance.randrange(10**6), survivor
                    )
                    service.kill()
                results.times = number + 1
        image, survivor = survivor, image
    results.add_sent_reports(sent_reports, with_gap=False)

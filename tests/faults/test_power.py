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

from tests.faults.cache import ALL, ANY, KEPT, NOTHING, Disk
from tests.faults.figures import Figures
from tests.faults.mounts import mounted, new_ext4, powered
from tests.faults.posting import Sent, await_more, compared, post_again, posting
from tests.faults.running import Service
from tests.faults.size import FULL, at, needs_mounting, progress

Counting = Callable[[str], Figures]

COMMITS = """
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


def test_a_disk_without_power_holds_what_was_flushed_and_any_part_of_the_rest() -> None:
    disk = Disk(bytes(4096))
    disk.write(0, b"a" * 1024)
    disk.flush()
    disk.write(512, b"b" * 2048)
    assert disk.read(512, 2048) == b"b" * 2048
    assert disk.after_power_loss(NOTHING, 0) == b"a" * 1024 + bytes(3072)
    assert disk.after_power_loss(ALL, 0) == b"a" * 512 + b"b" * 2048 + bytes(1536)
    seen = {disk.after_power_loss(ANY, seed)[:3072:512] for seed in range(200)}
    assert {each[:1] for each in seen} == {b"a"}
    assert {b"aa\0\0\0\0", b"ab\0\0\0\0", b"aa\0b\0\0", b"abbbb\0"} <= seen


@pytest.mark.parametrize(("synchronous", "loses"), [("NORMAL", True), ("FULL", False)])
def test_the_simulated_disk_tells_who_waits_for_it(
    tmp_path: Path, synchronous: str, loses: bool
) -> None:
    needs_mounting()
    image, survivor = tmp_path / "image", tmp_path / "survivor"
    new_ext4(image, 48)
    with powered(image, tmp_path / "running") as disk:
        command = [sys.executable, "-c", COMMITS, disk.folder / "a.db", synchronous]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
            assert writer.stdout is not None
            told = [int(writer.stdout.readline()) for _ in range(200)]
            disk.cut(NOTHING, 0, survivor)
            writer.kill()
            told += [int(line) for line in writer.stdout.read().splitlines() if line]
    with (
        mounted(tmp_path / "after", "-o", "loop", survivor) as folder,
        closing(sqlite3.connect(folder / "a.db")) as db,
    ):
        (kept,) = db.execute("SELECT coalesce(max(n), 0) FROM rows").fetchone()
    assert (kept < told[-1]) is loses


@contextmanager
def _checkpoints(database: Path) -> Iterator[None]:
    """Move the log into the file again and again inside, as otherwise only much writing does."""
    enough = Event()

    def work() -> None:
        with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=0.1)) as db:
            while not enough.wait(0.1):
                with suppress(sqlite3.OperationalError):
                    db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def test_no_loss_of_power_takes_anything_acknowledged(tmp_path: Path, counting: Counting) -> None:
    needs_mounting()
    figures = counting("power cut under load")
    cuts, chance, sent = at(2, 15), random.Random(20_261_123), Sent()
    image, survivor, key = tmp_path / "image", tmp_path / "survivor", ""
    new_ext4(image)
    for number in range(cuts + 1):
        with (
            powered(image, tmp_path / "running") as disk,
            Service(disk.folder / "casualties.db", tmp_path / "log", workers=at(1, 2)) as service,
        ):
            key = key or service.new_key()
            service.await_ready()
            found = compared(service.url, sent)
            figures.add(found)
            progress(f"{number} cuts: {len(sent.acknowledged)} acknowledged, {found}")
            assert found.lost == found.doubled == found.strange == [], found
            post_again(service.url, key, sent)
            if FULL or number == cuts:
                service.assert_whole()
            if number < cuts:
                with posting([service.url], key, sent), _checkpoints(service.database):
                    await_more(sent, 5)
                    time.sleep(chance.uniform(0.0, at(0.5, 1.5)))
                    disk.cut(KEPT[number % len(KEPT)], chance.randrange(10**6), survivor)
                    service.kill()
                figures.times = number + 1
        image, survivor = survivor, image
    figures.take(sent, gap=False)

"""Many write at once: each is told the truth, nobody harms another, nobody waits for ever."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from threading import enumerate as threads
from typing import Any

import pytest

from service.domain.errors import LockTimeoutError, StoreUnavailableError
from service.store import event_log, group_commit
from service.store.event_log import Draft
from service.store.interface import Database
from service.store.sqlite import write_lock
from service.store.sqlite.engine import SqliteStore
from service.store.sqlite.write_lock import turn
from tests.check import at_once
from tests.conftest import BEGIN
from tests.serving import PATIENCE, ROOT

Job = Callable[[Database], Any]

HOLDS = "with turn(path): print(os.getpid(), flush=True); time.sleep(600)"
FORKS = """with turn(path):
    child = os.fork()
    if child == 0:
        time.sleep(600)
    print(child, flush=True)
    os._exit(0)"""


def note(subject: str) -> Job:
    """Return a job that records an entry, and returns its number."""
    draft = Draft("place_added", subject, {})
    return lambda db: event_log.append(db, [draft], None, BEGIN)[0].seq


def failing(subject: str, error: BaseException) -> Job:
    """Return a job that records an entry and fails."""

    def job(db: Database) -> None:
        note(subject)(db)
        raise error

    return job


def subjects(store: SqliteStore) -> list[str]:
    """Return what is recorded, in order, having checked that no number is left out."""
    with store.reading() as db:
        found = event_log.events(db)
    assert [event.seq for event in found] == list(range(1, len(found) + 1))
    return [event.subject for event in found]


def together(store: SqliteStore, *jobs: Job) -> list[Future[Any]]:
    """Return what became of the jobs, which all wait, in order, before the first of them is run."""
    waiting = store._own().committer._waiting
    with ThreadPoolExecutor(len(jobs)) as pool:
        with turn(store.path):
            told = []
            for number, job in enumerate(jobs, start=1):
                told.append(pool.submit(store.write, job))
                until(lambda number=number: len(waiting) == number)  # type: ignore[misc]
        wait(told)
    return told


def until(true: Callable[[], bool]) -> None:
    """Wait for it to become true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


@contextmanager
def another_process(store: SqliteStore, script: str) -> Iterator[int]:
    """Yield the process id that the script prints once it holds the turn; kill it afterwards."""
    begin = (
        "import os, sys, time; from pathlib import Path;"
        " from service.store.sqlite.write_lock import turn; path = Path(sys.argv[1])"
    )
    command = [sys.executable, "-c", f"{begin}\n{script}", str(store.path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        id = int(process.stdout.readline())
        try:
            yield id
        finally:
            os.kill(id, signal.SIGKILL)


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a slow machine put into one transaction what belongs together, too."""
    monkeypatch.setattr(group_commit, "MOST_SECONDS", PATIENCE)


def _many(path: str) -> list[str]:
    """Write from several threads, refuse some of it, and return what was acknowledged."""
    store, other = SqliteStore(Path(path), 60), SqliteStore(Path(path))
    chance = random.Random(os.getpid())
    fails = [chance.random() < 0.3 for _ in range(200)]

    def one(number: int) -> str | None:
        name = f"{os.getpid()}-{number}"
        if fails[number]:
            with pytest.raises(ValueError, match=name):
                store.write(failing(name, ValueError(name)))
            return None
        seq = store.write(note(name))
        with other.reading() as db:  # What is acknowledged is there for everybody.
            assert event_log.last_seq(db) >= seq
        return name

    with ThreadPoolExecutor(8) as pool:
        return [name for name in pool.map(one, range(200)) if name]


def test_the_ledger_holds_exactly_what_was_acknowledged(store: SqliteStore) -> None:
    acknowledged = [name for names in at_once(_many, str(store.path), 3) for name in names]
    assert len(acknowledged) > 100
    assert sorted(subjects(store)) == sorted(acknowledged)


def test_those_who_wait_are_written_together(store: SqliteStore) -> None:
    used = {id(told.result()): told.result() for told in together(store, *[lambda db: db] * 20)}
    assert len(used) == 1


def test_a_transaction_takes_only_so_many(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MOST_JOBS", 3)
    used = {id(told.result()): told.result() for told in together(store, *[lambda db: db] * 10)}
    assert len(used) == 4


def test_a_slow_job_is_the_last_of_its_transaction(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(db: Database) -> Database:
        time.sleep(0.1)
        return db

    monkeypatch.setattr(group_commit, "MOST_SECONDS", 0.05)
    first, last = together(store, slow, lambda db: db)
    assert first.result() is not last.result()


@pytest.mark.parametrize("error", [ValueError("x"), sqlite3.IntegrityError("x"), SystemExit(3)])
def test_a_job_that_fails_harms_no_other(store: SqliteStore, error: BaseException) -> None:
    first, failed, last = together(store, note("a"), failing("b", error), note("c"))
    assert (first.result(), last.result()) == (1, 2)
    assert failed.exception() is error
    assert subjects(store) == ["a", "c"]


def test_a_full_disk_is_told_to_all_and_nothing_is_kept(store: SqliteStore) -> None:
    def fill(db: Database) -> None:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        db.execute("CREATE TABLE filler (x)")
        db.execute("INSERT INTO filler VALUES (zeroblob(1000000))")

    told = together(store, note("a"), fill, note("b"))
    for each in told[:2]:
        with pytest.raises(StoreUnavailableError, match="full"):
            each.result()
    assert told[2].result() == 1  # It came after the transaction that failed, and had its own.
    assert subjects(store) == ["b"]


def test_what_sqlite_undoes_by_itself_is_told_to_all(store: SqliteStore) -> None:
    def undo(db: Database) -> None:
        db.execute("INSERT OR ROLLBACK INTO entries SELECT * FROM entries")

    for each in together(store, note("a"), undo):
        with pytest.raises(sqlite3.IntegrityError):
            each.result()
    assert subjects(store) == []


def test_what_fails_at_the_end_is_told_to_all_and_nothing_is_kept(store: SqliteStore) -> None:
    def dangling(db: Database) -> None:
        db.execute("PRAGMA defer_foreign_keys = ON")
        db.execute("INSERT INTO report_places (place, seq) VALUES ('x', 999)")

    for each in together(store, note("a"), dangling, failing("b", ValueError()), note("c")):
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            each.result()
    assert subjects(store) == []


def test_what_cannot_begin_is_told_to_all(store: SqliteStore) -> None:
    store.close()
    store.path = store.path / "no-folder" / "x.db"
    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            store.write(note("a"))


def test_a_writer_waits_for_another_process_only_so_long(store: SqliteStore) -> None:
    with another_process(store, HOLDS):
        hasty = SqliteStore(store.path, 0.05)
        with pytest.raises(LockTimeoutError):
            hasty.write(note("given up"))
        with pytest.raises(LockTimeoutError), hasty.writing():
            pass
    # Killed, the other has lost its turn; and what was given up is never written.
    with store.writing():
        pass
    assert store.write(note("a")) == 1
    assert subjects(store) == ["a"]


def test_a_tool_that_takes_no_turn_is_waited_for_as_well(store: SqliteStore) -> None:
    hasty = SqliteStore(store.path, 0.05)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LockTimeoutError):
        hasty.write(note("given up"))
    other.close()
    assert store.write(note("a")) == 1


def test_a_job_that_began_in_time_is_told_how_it_ended(store: SqliteStore) -> None:
    def slow(db: Database) -> Any:
        time.sleep(0.3)
        return note("a")(db)

    assert SqliteStore(store.path, 0.1).write(slow) == 1
    assert subjects(store) == ["a"]


def _forked(path: str) -> int:
    store = SqliteStore(Path(path))
    store.write(note("parent"))
    child = os.fork()
    if child == 0:
        # The thread that writes, and its connection, are the parent's and not here.
        store.write(note("child"))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    return int(store.write(note("parent")))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_writes_for_itself(store: SqliteStore) -> None:
    assert at_once(_forked, str(store.path), 1) == [3]
    assert subjects(store) == ["parent", "child", "parent"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_turn_ends_with_its_process_even_where_a_child_lives_on(store: SqliteStore) -> None:
    with another_process(store, FORKS):
        assert store.write(note("a")) == 1


def test_without_lock_files_sqlite_alone_keeps_writers_apart(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(f"{store.path}-lock").unlink()
    monkeypatch.setattr(write_lock, "fcntl", None)
    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(store.write, [note("a")] * 5)) == [1, 2, 3, 4, 5]
    assert subjects(store) == ["a"] * 5
    assert not Path(f"{store.path}-lock").exists()


def test_the_thread_that_writes_ends_when_idle(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "IDLE_SECONDS", 0.01)
    for number in (1, 2):
        assert store.write(note("a")) == number
        until(lambda: not any(thread.name == "committer" for thread in threads()))

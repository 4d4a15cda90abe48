"""Group commit: each caller gets the result of its own job, and none waits without limit."""

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
from threading import Event
from threading import enumerate as threads
from types import SimpleNamespace
from typing import Any

import pytest

from service.domain.errors import LockTimeoutError, StoreUnavailableError
from service.store import event_log, group_commit
from service.store.event_log import NewEvent
from service.store.interface import Connection
from service.store.sqlite import write_lock
from service.store.sqlite.engine import SqliteStore
from service.store.sqlite.write_lock import hold_write_lock
from tests.conftest import START_TIME
from tests.support.events import append
from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.paths import ROOT
from tests.support.processes import run_in_processes

Job = Callable[[Connection], Any]

HOLD_LOCK_SCRIPT = "with hold_write_lock(path): print(os.getpid(), flush=True); time.sleep(600)"
FORK_WITH_LOCK_SCRIPT = """with hold_write_lock(path):
    child = os.fork()
    if child == 0:
        time.sleep(600)
    print(child, flush=True)
    os._exit(0)"""


def make_job(subject: str) -> Job:
    """Return a job that records an event and returns its seq."""
    draft = NewEvent("place_added", subject, {})
    return lambda db: append(db, [draft], None, START_TIME)[0].seq


def make_failing_job(subject: str, error: BaseException) -> Job:
    """Return a job that records an event and then fails."""

    def job(db: Connection) -> None:
        make_job(subject)(db)
        raise error

    return job


def read_subjects(store: SqliteStore) -> list[str]:
    """Return the subjects of all events in order; check that no seq is missing."""
    with store.read_transaction() as db:
        events = event_log.load_events(db)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return [event.subject for event in events]


def run_together(store: SqliteStore, *jobs: Job) -> list[Future[Any]]:
    """Return the futures of the jobs, which are all queued in order before the first one runs."""
    queue = store._get_resources().committer._queue
    with ThreadPoolExecutor(len(jobs)) as pool:
        with hold_write_lock(store.path):
            futures = []
            for number, job in enumerate(jobs, start=1):
                futures.append(pool.submit(store.write, job))
                wait_until(lambda number=number: len(queue) == number)  # type: ignore[misc]
        wait(futures)
    return futures


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until the condition is true."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@contextmanager
def run_process(store: SqliteStore, script: str) -> Iterator[int]:
    """Yield the process id that the script prints once it holds the lock; kill it afterwards."""
    begin = (
        "import os, sys, time; from pathlib import Path;"
        " from service.store.sqlite.write_lock import hold_write_lock; path = Path(sys.argv[1])"
    )
    command = [sys.executable, "-c", f"{begin}\n{script}", str(store.path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        try:
            yield pid
        finally:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def allow_slow_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow a slow machine more time for one group."""
    monkeypatch.setattr(group_commit, "MAX_GROUP_SECONDS", TIMEOUT_SECONDS)


def _write_many(path: str) -> list[str]:
    """Write from several threads, let some jobs fail, and return what was acknowledged."""
    store, other = SqliteStore(Path(path), 60), SqliteStore(Path(path))
    random_source = random.Random(os.getpid())
    fails = [random_source.random() < 0.3 for _ in range(200)]

    def write_or_fail(number: int) -> str | None:
        name = f"{os.getpid()}-{number}"
        if fails[number]:
            with pytest.raises(ValueError, match=name):
                store.write(make_failing_job(name, ValueError(name)))
            return None
        seq = store.write(make_job(name))
        with other.read_transaction() as db:  # What is acknowledged is visible to all.
            assert event_log.last_seq(db) >= seq
        return name

    with ThreadPoolExecutor(8) as pool:
        return [name for name in pool.map(write_or_fail, range(200)) if name]


def test_the_event_log_holds_exactly_what_was_acknowledged(store: SqliteStore) -> None:
    acknowledged = [
        name for names in run_in_processes(_write_many, str(store.path), 3) for name in names
    ]
    assert len(acknowledged) > 100
    assert sorted(read_subjects(store)) == sorted(acknowledged)


def test_waiting_jobs_are_committed_together(store: SqliteStore) -> None:
    connections = {
        id(future.result()): future.result()
        for future in run_together(store, *[lambda db: db] * 20)
    }
    assert len(connections) == 1


def test_a_group_has_a_maximum_number_of_jobs(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_JOBS_IN_GROUP", 3)
    connections = {
        id(future.result()): future.result()
        for future in run_together(store, *[lambda db: db] * 10)
    }
    assert len(connections) == 4


def test_a_slow_job_is_the_last_of_its_group(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def slow(db: Connection) -> Connection:
        nonlocal now
        now += 0.1
        return db

    monkeypatch.setattr(group_commit, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(group_commit, "MAX_GROUP_SECONDS", 0.05)
    first, last = run_together(store, slow, lambda db: db)
    assert first.result() is not last.result()


@pytest.mark.parametrize("error", [ValueError("x"), sqlite3.IntegrityError("x"), SystemExit(3)])
def test_a_failing_job_does_not_affect_the_others(store: SqliteStore, error: BaseException) -> None:
    first, failed, last = run_together(
        store, make_job("a"), make_failing_job("b", error), make_job("c")
    )
    assert (first.result(), last.result()) == (1, 2)
    assert failed.exception() is error
    assert read_subjects(store) == ["a", "c"]


def test_a_full_disk_fails_the_whole_group_and_nothing_is_written(store: SqliteStore) -> None:
    def fill(db: Connection) -> None:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        db.execute("CREATE TABLE filler (x)")
        db.execute("INSERT INTO filler VALUES (zeroblob(1000000))")

    futures = run_together(store, make_job("a"), fill, make_job("b"))
    for each in futures[:2]:
        with pytest.raises(StoreUnavailableError, match="full"):
            each.result()
    assert futures[2].result() == 1  # It ran in the transaction after the failed one.
    assert read_subjects(store) == ["b"]


def test_a_rollback_by_sqlite_fails_the_whole_group(store: SqliteStore) -> None:
    def undo(db: Connection) -> None:
        db.execute("INSERT OR ROLLBACK INTO entries SELECT * FROM entries")

    for each in run_together(store, make_job("a"), undo):
        with pytest.raises(sqlite3.IntegrityError):
            each.result()
    assert read_subjects(store) == []


def test_a_failed_commit_fails_the_whole_group_and_nothing_is_written(store: SqliteStore) -> None:
    def break_reference(db: Connection) -> None:
        db.execute("PRAGMA defer_foreign_keys = ON")
        db.execute("INSERT INTO place_codes (code, place, since_seq) VALUES ('x', 'y', 999)")

    for each in run_together(
        store, make_job("a"), break_reference, make_failing_job("b", ValueError()), make_job("c")
    ):
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            each.result()
    assert read_subjects(store) == []


def test_short_jobs_do_not_wait_for_the_end_of_a_long_one(store: SqliteStore) -> None:
    has_begun, may_end, short_is_done = Event(), Event(), Event()

    def first_job(db: Connection) -> int:
        has_begun.set()
        may_end.wait(60)
        return int(make_job("first")(db))

    def long_job(db: Connection) -> int:
        # It can only end if the job before it was committed and answered.
        assert short_is_done.wait(60)
        return int(make_job("long")(db))

    def write_short() -> int:
        seq = store.write(make_job("short"))
        short_is_done.set()
        return seq

    with ThreadPoolExecutor(4) as executor:
        first = executor.submit(store.write, first_job)
        has_begun.wait(60)
        short = executor.submit(write_short)
        _wait_for_queued(store, 1)
        long = executor.submit(store.write, long_job, is_long=True)
        _wait_for_queued(store, 2)
        last = executor.submit(store.write, make_job("last"))
        _wait_for_queued(store, 3)
        may_end.set()
        assert [each.result(60) for each in (first, short, long, last)] == [1, 2, 3, 4]


def test_a_long_job_that_fails_is_undone_and_the_next_one_runs(store: SqliteStore) -> None:
    store.write(make_job("before"))
    error = RuntimeError("the job's own")
    with pytest.raises(RuntimeError) as raised:
        store.write(make_failing_job("failed", error), is_long=True)
    assert raised.value is error
    assert store.write(make_job("after"), is_long=True) == 2
    assert read_subjects(store) == ["before", "after"]


def _wait_for_queued(store: SqliteStore, count: int) -> None:
    committer = store._get_resources().committer
    while len(committer._queue) < count:
        time.sleep(0.001)


def test_a_transaction_that_cannot_begin_fails_every_job(store: SqliteStore) -> None:
    store.close()
    store.path = store.path / "no-folder" / "x.db"
    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            store.write(make_job("a"))


def test_a_writer_waits_for_another_process_until_its_timeout(store: SqliteStore) -> None:
    with run_process(store, HOLD_LOCK_SCRIPT):
        impatient_store = SqliteStore(store.path, 0.05)
        with pytest.raises(LockTimeoutError):
            impatient_store.write(make_job("given up"))
        with pytest.raises(LockTimeoutError), impatient_store.write_transaction():
            pass
    # The killed process has lost the lock, and the withdrawn job is never run.
    with store.write_transaction():
        pass
    assert store.write(make_job("a")) == 1
    assert read_subjects(store) == ["a"]


def test_a_writer_without_the_lock_file_is_waited_for_too(store: SqliteStore) -> None:
    impatient_store = SqliteStore(store.path, 0.05)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LockTimeoutError):
        impatient_store.write(make_job("given up"))
    other.close()
    assert store.write(make_job("a")) == 1


def test_a_job_that_began_in_time_returns_its_result(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun, has_timed_out = Event(), Event()

    class TimedOutFuture(Future[Any]):
        """A future whose caller stops waiting as soon as the job has begun."""

        def exception(self, timeout: float | None = None) -> Any:
            assert has_begun.wait(TIMEOUT_SECONDS)
            has_timed_out.set()
            raise TimeoutError

    def slow(db: Connection) -> Any:
        has_begun.set()
        assert has_timed_out.wait(TIMEOUT_SECONDS)
        return make_job("a")(db)

    monkeypatch.setattr(group_commit, "Future", TimedOutFuture)
    assert store.write(slow) == 1
    assert read_subjects(store) == ["a"]


def _write_in_fork(path: str) -> int:
    store = SqliteStore(Path(path))
    store.write(make_job("parent"))
    child = os.fork()
    if child == 0:
        # The writing thread and its connection exist only in the parent.
        store.write(make_job("child"))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    return int(store.write(make_job("parent")))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_writes_for_itself(store: SqliteStore) -> None:
    assert run_in_processes(_write_in_fork, str(store.path), 1) == [3]
    assert read_subjects(store) == ["parent", "child", "parent"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_write_lock_ends_with_its_process_though_a_child_lives_on(store: SqliteStore) -> None:
    with run_process(store, FORK_WITH_LOCK_SCRIPT):
        assert store.write(make_job("a")) == 1


def test_without_lock_files_the_lock_of_sqlite_serializes_writers(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(f"{store.path}-lock").unlink()
    monkeypatch.setattr(write_lock, "fcntl", None)
    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(store.write, [make_job("a")] * 5)) == [1, 2, 3, 4, 5]
    assert read_subjects(store) == ["a"] * 5
    assert not Path(f"{store.path}-lock").exists()


def test_the_group_commit_thread_ends_when_idle(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "IDLE_SECONDS", 0.01)
    for number in (1, 2):
        assert store.write(make_job("a")) == number
        wait_until(lambda: not any(thread.name == "committer" for thread in threads()))

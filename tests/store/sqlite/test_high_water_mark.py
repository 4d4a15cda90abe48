"""The high-water mark: it follows the record, survives a torn write, and shows lost events."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from flask.testing import FlaskClient

from service.domain.errors import ConflictError, StoreUnavailableError
from service.store import event_log, group_commit
from service.store.group_commit import GroupCommitter
from service.store.interface import LOST_EVENTS_MESSAGE
from service.store.sqlite.backup import make_backup, restore_backup
from service.store.sqlite.engine import SqliteStore
from service.store.sqlite.high_water_mark import SLOT_BYTES, HighWaterMark, HighWaterMarkFile
from service.usecases import copy_store
from tests.conftest import SendRequest
from tests.store.sqlite.test_group_commit import make_failing_job, make_job, wait_until
from tests.support import bodies
from tests.support.assertions import assert_problem
from tests.support.processes import run_in_processes

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
FORMER_NAME = "casualties.db.20260105T100000Z"


def _ignore_progress(done: int, whole: int) -> None:
    pass


def _read_mark(store: SqliteStore) -> HighWaterMark | None:
    return HighWaterMarkFile(store.path).read()


def _read_end(store: SqliteStore) -> HighWaterMark:
    with store.read_transaction() as db:
        return HighWaterMark(*event_log.last_seq_and_hash(db))


def _lose_events(store: SqliteStore, count: int) -> None:
    """Remove the last events, as the loss of a part of the write-ahead log does."""
    with closing(sqlite3.connect(store.path, isolation_level=None)) as conn:
        conn.execute("DROP TRIGGER events_never_go")
        conn.execute("DELETE FROM events WHERE seq > (SELECT max(seq) FROM events) - ?", (count,))


def _write_many(path: str) -> None:
    store = SqliteStore(Path(path), busy_seconds=60)
    for _ in range(20):
        store.write(make_job("a"))
    store.close()


def test_the_mark_is_the_last_event_of_each_commit(store: SqliteStore) -> None:
    assert _read_mark(store) is None
    for _ in range(3):
        store.write(make_job("a"))
        assert _read_mark(store) == _read_end(store)
    with store.write_transaction() as db:
        make_job("b")(db)
        make_job("b")(db)
    assert _read_mark(store) == _read_end(store)
    assert _read_end(store).seq == 5


def test_what_is_not_recorded_is_not_in_the_mark(store: SqliteStore) -> None:
    store.write(make_job("a"))
    with pytest.raises(ValueError, match="b"):
        store.write(make_failing_job("b", ValueError("b")))
    with pytest.raises(RuntimeError), store.write_transaction() as db:
        make_job("c")(db)
        raise RuntimeError
    assert _read_mark(store) == _read_end(store)


def test_several_processes_keep_one_mark(store: SqliteStore) -> None:
    run_in_processes(_write_many, str(store.path), 3)
    assert _read_mark(store) == _read_end(store)
    assert _read_end(store).seq == 60


def test_the_mark_has_the_mode_of_the_database(store: SqliteStore) -> None:
    store.path.chmod(0o640)
    store.write(make_job("a"))
    mark_path = HighWaterMarkFile(store.path).path
    assert mark_path.stat().st_mode == store.path.stat().st_mode
    assert mark_path.stat().st_size == 2 * SLOT_BYTES


def test_a_database_behind_a_link_has_one_mark(store: SqliteStore, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(store.path)
    linked = SqliteStore(link)
    linked.write(make_job("a"))
    assert _read_mark(linked) == _read_mark(store) == _read_end(store)
    linked.close()


@pytest.mark.parametrize("torn_bytes", [0, 1, 40, 100, 180, 200, 210])
def test_a_torn_write_leaves_the_mark_before_it(store: SqliteStore, torn_bytes: int) -> None:
    """Of the slot that is written only the first bytes are on disk, and plausible noise."""
    mark_file = HighWaterMarkFile(store.path)
    for _ in range(3):
        store.write(make_job("a"))
        before, content_before = mark_file.read(), mark_file.path.read_bytes()
        store.write(make_job("a"))
        content = mark_file.path.read_bytes()
        start = 0 if content[:SLOT_BYTES] != content_before[:SLOT_BYTES] else SLOT_BYTES
        assert (
            content[SLOT_BYTES - start :][:SLOT_BYTES]
            == (content_before[SLOT_BYTES - start :][:SLOT_BYTES])
        )
        end = start + torn_bytes
        mark_file.path.write_bytes(content[:end] + b"0123456789" + content[end + 10 :])
        assert mark_file.read() == before
        assert store.find_loss() is None


@pytest.mark.parametrize("content", [b"", b"x" * 100, bytes(2 * SLOT_BYTES), b"\xff" * 9000])
def test_a_damaged_mark_is_no_loss_and_is_created_anew(store: SqliteStore, content: bytes) -> None:
    store.write(make_job("a"))
    mark_file = HighWaterMarkFile(store.path)
    mark_file.path.write_bytes(content)
    assert store.find_loss() is None
    assert "-mark is damaged" in str(store.explain_missing_mark())
    store.write(make_job("a"))
    assert _read_mark(store) == _read_end(store)
    assert store.explain_missing_mark() is None


def test_a_missing_mark_is_no_loss_and_is_reported(store: SqliteStore) -> None:
    store.write(make_job("a"))
    HighWaterMarkFile(store.path).path.unlink()
    assert store.prepare() == 0
    assert "-mark does not exist" in str(store.explain_missing_mark())


def test_a_mark_behind_the_record_is_no_loss(store: SqliteStore) -> None:
    """A process can end between the commit and the note."""
    store.write(make_job("a"))
    mark = _read_mark(store)
    assert mark is not None
    store.write(make_job("b"))
    HighWaterMarkFile(store.path).replace(mark)
    assert store.find_loss() is None
    store.write(make_job("c"))
    assert _read_mark(store) == _read_end(store)


def test_a_mark_that_cannot_be_written_stops_no_write(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.write(make_job("a"))
    mark_path = HighWaterMarkFile(store.path).path
    mark_path.unlink()
    mark_path.mkdir()
    assert store.write(make_job("b")) == 2
    assert store.write(make_job("c")) == 3
    assert caplog.text.count("not in the high-water mark") == 2
    mark_path.rmdir()
    store.write(make_job("d"))
    assert _read_mark(store) == _read_end(store)


def test_a_running_service_gives_no_lost_seq_anew(
    store: SqliteStore, client: FlaskClient, send: SendRequest
) -> None:
    assert send(bodies.make_report(ref="a")).status_code == 201
    before = _read_end(store)
    _lose_events(store, 1)
    details = assert_problem(send(bodies.make_report(ref="b")), 503)
    assert details["detail"] == LOST_EVENTS_MESSAGE
    assert client.get("/v1/places").status_code == 200
    assert _read_mark(store) == before
    assert _read_end(store).seq == before.seq - 1


def test_an_event_with_another_hash_is_a_loss(store: SqliteStore) -> None:
    """The lost seqs were given anew, by a release without the mark for example."""
    store.write(make_job("a"))
    store.write(make_job("b"))
    mark = _read_mark(store)
    _lose_events(store, 1)
    HighWaterMarkFile(store.path).path.unlink()
    store.write(make_job("c"))
    store.write(make_job("d"))
    assert mark is not None
    HighWaterMarkFile(store.path).replace(mark)
    assert "event 2 is not the one that was acknowledged" in str(store.find_loss())
    with pytest.raises(StoreUnavailableError, match="accept-loss 3"):
        store.prepare()


def test_a_loss_is_accepted_by_naming_where_the_record_ends(store: SqliteStore) -> None:
    store.write(make_job("a"))
    with pytest.raises(ConflictError, match="no event"):
        store.accept_loss(1)
    store.write(make_job("b"))
    _lose_events(store, 1)
    with pytest.raises(ConflictError, match="ends with event 1, not 2"):
        store.accept_loss(2)
    assert store.accept_loss(1) == 2
    assert store.find_loss() is None
    assert store.write(make_job("c")) == 2


def test_a_record_that_lost_events_is_neither_backed_up_nor_copied(
    store: SqliteStore, tmp_path: Path
) -> None:
    store.write(make_job("a"))
    store.write(make_job("b"))
    _lose_events(store, 1)
    with pytest.raises(StoreUnavailableError, match="has lost events"):
        make_backup(store.path, tmp_path / "backup.db", _ignore_progress)
    assert not (tmp_path / "backup.db").exists()
    with pytest.raises(StoreUnavailableError, match="has lost events"):
        copy_store.copy_store(store, SqliteStore(tmp_path / "copy.db"), _ignore_progress)


def test_a_restored_record_has_a_mark_of_its_own(store: SqliteStore, tmp_path: Path) -> None:
    store.write(make_job("a"))
    make_backup(store.path, tmp_path / "backup.db", _ignore_progress)
    assert not (tmp_path / "backup.db-mark").exists()
    backed_up = _read_end(store)
    store.write(make_job("b"))
    later = _read_mark(store)
    store.close()
    restore_backup(tmp_path / "backup.db", store.path, _ignore_progress, NOW, force=True)
    assert _read_mark(store) == backed_up == _read_end(store)
    assert HighWaterMarkFile(store.path.with_name(FORMER_NAME)).read() == later
    assert store.prepare() == 0
    assert store.write(make_job("c")) == 2
    store.close()


def test_an_older_copy_put_in_place_by_hand_is_a_loss(store: SqliteStore, tmp_path: Path) -> None:
    store.write(make_job("a"))
    make_backup(store.path, tmp_path / "backup.db", _ignore_progress)
    store.write(make_job("b"))
    store.close()
    shutil.copy(tmp_path / "backup.db", store.path)
    with pytest.raises(StoreUnavailableError, match="event 2 was acknowledged"):
        store.prepare()


def test_a_database_that_is_moved_without_its_mark_is_accepted(
    store: SqliteStore, tmp_path: Path
) -> None:
    store.write(make_job("a"))
    store.close()
    moved = SqliteStore(store.path.rename(tmp_path / "moved.db"))
    assert moved.prepare() == 0
    assert moved.write(make_job("b")) == 2
    assert _read_mark(moved) == _read_end(moved)
    moved.close()


def test_an_idle_writer_empties_the_log(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "IDLE_SECONDS", 0.05)
    log = Path(f"{store.path}-wal")
    store.write(make_job("a"))
    wait_until(lambda: log.stat().st_size == 0)
    with store.read_transaction() as db:  # A reader keeps the log, and delays nobody.
        event_log.last_seq(db)
        store.write(make_job("b"))
        assert log.stat().st_size > 0
    wait_until(lambda: log.stat().st_size == 0)


def test_a_log_left_by_a_crash_is_emptied_at_the_start(store: SqliteStore) -> None:
    log = Path(f"{store.path}-wal")
    with store.write_transaction() as db:
        make_job("a")(db)
    assert log.stat().st_size > 0
    store.prepare()
    assert log.stat().st_size == 0


def test_no_job_waits_for_the_work_of_an_idle_writer(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "IDLE_SECONDS", 0.05)
    is_tidying, may_end = Event(), Event()

    def tidy() -> bool:
        is_tidying.set()
        return may_end.wait(60)

    committer = GroupCommitter(store.write_transaction, store.to_domain_error, tidy)
    assert committer.run(make_job("a"), 10) == 1
    assert is_tidying.wait(60)
    assert committer.run(make_job("b"), 10) == 2
    may_end.set()


def test_an_idle_writer_creates_no_file_in_place_of_one_that_was_moved(store: SqliteStore) -> None:
    store.write(make_job("a"))
    store.close()
    store.path.rename(store.path.with_name("moved.db"))
    store.checkpoint()
    assert not store.path.exists()

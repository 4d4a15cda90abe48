"""An older database is brought up to date with all that it holds."""

from pathlib import Path

from service.store.migrations import migrate, migrations
from service.store.sqlite import Store
from service.usecases import keys
from tests import make
from tests.conftest import Send


def _hashes(store: Store) -> list[str]:
    with store.reading() as db:
        return [row[0] for row in db.execute("SELECT content_hash FROM reports").fetchall()]


def test_reports_hashed_as_before_are_known_again(send: Send, store: Store) -> None:
    send(make.report(ref="a"))
    known = _hashes(store)
    with store.writing() as db:
        db.execute("UPDATE reports SET content_hash = 'old'")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = '0005_content'")
    assert migrate(store) == 1
    assert _hashes(store) == known
    assert send(make.report(ref="a")).status_code == 200


def test_a_key_made_before_keys_could_be_bound_is_good_for_ever(tmp_path: Path) -> None:
    older = Store(tmp_path / "x.db")
    with older.writing() as db:
        migrations.apply(db, stop_before="0007_keys")
        db.execute(
            "INSERT INTO keys VALUES ('a', 'Desk', 'read', printf('%064d', 0), 'then', NULL)"
        )
    migrate(older)
    (kept,) = keys.everyone(older)
    assert (kept.id, kept.scope, kept.reporters) == ("a", "read", ())
    assert (kept.expires_at, kept.last_used_at, kept.revoked_at) == (None, None, None)
    older.close()

"""An older database is brought up to date with all that it holds."""

from service.store.migrations import migrate
from service.store.sqlite import Store
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

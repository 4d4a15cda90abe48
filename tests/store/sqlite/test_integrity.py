"""The integrity check finds and locates any change made outside the service."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.domain.errors import ConflictError
from service.store import event_log
from service.store.maintenance import integrity
from service.store.maintenance.export_import import BrokenChainError
from service.store.sqlite.engine import SqliteStore
from service.usecases import maintenance
from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded


@pytest.fixture(autouse=True)
def history(client: FlaskClient, send: SendRequest, put: SendRequest, key: MakeHeaders) -> None:
    """A record with events of every kind."""
    missing = bodies.make_figure(outcomes=["missing"], wording="at least three")
    assert_recorded(
        send(bodies.make_report(ref="a", quote="words", figures=[bodies.make_figure(), missing]))
    )
    assert_recorded(
        send(
            bodies.make_report(reporter={"id": "sky", "name": "Sky"}, relays="r1", caveats=["own"])
        )
    )
    changes = {"note": "2", "supersedes": "r1", "incident": "own"}
    figures = [bodies.make_figure(), missing]
    assert_recorded(send(bodies.make_report(ref="a", figures=figures, **changes)))
    link = {"figure": "r3-2", "from": "missing"}
    dead = bodies.make_figure(outcomes=["killed"], wording=..., exactly=2, reclassifies=link)
    assert_recorded(
        send(
            bodies.make_report(
                figures=[dead], places=[bodies.make_place("kurilovka", parent="plekhovo")]
            )
        )
    )
    assert_recorded(send(bodies.make_stance("declines_to_say")))
    put("/v1/places/kurilovka", {"name": "Kurilovka", "parent": "plekhovo", "kind": "village"})
    admin = key("admin")
    reason = {"json": {"reason": "law"}, "headers": admin}
    assert client.post("/v1/reports/r3/retraction", **reason).status_code == 201
    assert client.post("/v1/reports/r1/redaction", **reason).status_code == 201
    put("/v1/places/other", {"name": "Other"})
    merge = {"json": {"into": "plekhovo"}, "headers": admin}
    assert client.post("/v1/places/other/merge", **merge).status_code == 201


def find_faults(store: SqliteStore) -> list[str]:
    return maintenance.check_integrity(store, lambda what, done: None)


def test_verify_finds_nothing_wrong_in_an_untouched_record(store: SqliteStore) -> None:
    assert find_faults(store) == []


@pytest.fixture
def tamper(store: SqliteStore) -> Iterator[Callable[..., None]]:
    """Change the file without the triggers that protect it."""
    conn = sqlite3.connect(store.path, isolation_level=None)
    for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        conn.execute(f"DROP TRIGGER {name}")
    yield conn.execute
    conn.close()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("UPDATE events SET body = replace(body, '30', '31') WHERE kind = 'reported'", "Event 3 "),
        ("UPDATE events SET recorded_at = '2026-01-05T10:00:00.1Z' WHERE seq = 2", "Event 2 "),
        ("UPDATE events SET actor = 'x' WHERE seq = 2", "Event 2 "),
        ("UPDATE events SET hash = hex(zeroblob(32)) WHERE seq = 4", "Event 4 "),
        ("DELETE FROM events WHERE seq = 12", "Event 12 is missing"),
        ("UPDATE texts SET text = 'at most 3' WHERE text = 'at least 30'", "The text at /report/"),
        ("UPDATE texts SET salt = 'x' WHERE seq = 5 AND salt IS NOT NULL", "of event 5 "),
        ("DELETE FROM texts WHERE seq = 3 AND pointer = '/report/quote'", "Event 3 lacks its text"),
        ("INSERT INTO texts VALUES (3, '/report/note', 's', 't')", "was not recorded with"),
        ("UPDATE figures SET low = 31 WHERE id = 'r3-1'", "figures differs"),
        ("UPDATE reports SET retracted_seq = NULL", "reports differs"),
        ("DELETE FROM report_places WHERE seq = 5", "The table report_places"),
        ("INSERT INTO report_groups VALUES ('everyone', 1)", "The table report_groups"),
        ("UPDATE entries SET parent = NULL WHERE parent IS NOT NULL AND kind = 'place'", "entries"),
        ("DELETE FROM merges", "merges lacks"),
        ("DELETE FROM report_words WHERE seq = 3", "The table report_words"),
        ("UPDATE events SET kind = 'blessed' WHERE seq = 3", "cannot be rebuilt from event 3"),
        ("INSERT INTO report_words VALUES ('other', 3)", "The table report_words"),
    ],
)
def test_verify_finds_tampering(
    store: SqliteStore, tamper: Callable[..., None], sql: str, message: str
) -> None:
    tamper(sql)
    assert message in "\n".join(find_faults(store))


@pytest.mark.parametrize("body", ["5", "null", '"text"', "[3]"])
def test_verify_checks_the_events_after_one_whose_body_is_no_object(
    store: SqliteStore, tamper: Callable[..., None], body: str
) -> None:
    tamper("PRAGMA ignore_check_constraints = ON")
    tamper("UPDATE events SET body = ? WHERE seq = 3", (body,))
    tamper("UPDATE events SET actor = 'x' WHERE seq = 12")
    faults = "\n".join(find_faults(store))
    assert "Event 3 or the one before it" in faults and "Event 12 or the one before it" in faults
    assert "cannot be rebuilt from event 3" in faults


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE figures SET group_ids = 'ever9one' WHERE seq = 3",
        "UPDATE figures SET place_ids = 'plekhowo' WHERE seq = 3",
        "UPDATE reports SET reporter = 'Ua-hur' WHERE seq = 3",
        "UPDATE figures SET last_day = 4000000 WHERE seq = 3",
    ],
)
def test_figures_of_unknown_entities_are_not_counted(
    client: FlaskClient, tamper: Callable[..., None], sql: str
) -> None:
    tamper("PRAGMA foreign_keys = OFF")
    tamper(sql)
    problem = client.get("/v1/totals?as_of=3")
    assert problem.status_code == 503 and "damaged" in problem.get_json()["detail"]


def test_verify_finds_a_damaged_page(store: SqliteStore) -> None:
    with store.write_transaction() as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'figures'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    store.erase_overwritten()
    store.close()
    with store.path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\x00" * size)
    assert any("damaged" in fault or "failed" in fault for fault in find_faults(store))


def test_verify_lists_only_the_first_faults_of_each_check(
    store: SqliteStore, tamper: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper("UPDATE events SET actor = 'somebody else'")
    assert len(find_faults(store)) > 5
    monkeypatch.setattr(integrity, "MAX_FAULTS_PER_CHECK", 2)
    faults = find_faults(store)
    assert [fault.partition(" or")[0] for fault in faults[:2]] == ["Event 1", "Event 2"]
    assert len(faults) == 3 and "more" in faults[2]


def test_verify_reports_its_progress(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "PROGRESS_INTERVAL", 5)
    steps: list[tuple[int, int]] = []
    maintenance.check_integrity(store, lambda done, total: steps.append((done, total)))
    with store.read_transaction() as db:
        last_seq = event_log.last_seq(db)
    # The hash chain and the tables are checked one after the other, each for all events.
    expected = list(range(5, last_seq + 1, 5))
    assert steps == [
        (done, 2 * last_seq) for done in (*expected, *(last_seq + n for n in expected))
    ]


def _load_into_new_store(lines: list[str], path: Path) -> SqliteStore:
    store = SqliteStore(path)
    store.migrate()
    for _ in maintenance.load_events(store, lines):
        pass
    return store


def test_a_dump_loads_into_the_same_event_log(store: SqliteStore, tmp_path: Path) -> None:
    lines = list(maintenance.dump_events(store))
    other = _load_into_new_store(lines, tmp_path / "again.db")
    assert list(maintenance.dump_events(other)) == lines
    assert maintenance.get_last_seq_and_hash(other) == maintenance.get_last_seq_and_hash(store)
    assert find_faults(other) == []
    with pytest.raises(ConflictError, match="not empty"):
        list(maintenance.load_events(other, lines))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda lines: lines[:4] + lines[5:], "Event 5 does not continue"),
        (lambda lines: [lines[1], *lines], "Event 1 does not continue"),
        (lambda lines: [*lines[:4], lines[4].replace("sky", "sly"), *lines[5:]], "Event 5 does"),
        (lambda lines: [lines[0], lines[1][:40]], "Line 2 is not JSON"),
        (lambda lines: ["[]"], "Line 1 is not an exported event"),
        (lambda lines: ["{}"], "Line 1 is not an exported event"),
        (lambda lines: [json.dumps({**json.loads(lines[0]), "texts": []})], "The texts of event 1"),
        (
            lambda lines: [line.replace('"at least 30"', '"at least 31"') for line in lines],
            "is not the one that was recorded",
        ),
    ],
)
def test_a_changed_dump_is_refused_as_a_whole(
    store: SqliteStore, tmp_path: Path, spoil: Callable[[list[str]], list[str]], message: str
) -> None:
    lines = [*maintenance.dump_events(store)]
    with pytest.raises(BrokenChainError, match=message):
        _load_into_new_store(spoil(lines), tmp_path / "again.db")
    assert maintenance.get_last_seq_and_hash(SqliteStore(tmp_path / "again.db"))[0] == 0

"""Every statement of queries.sql is used, runs on every engine, and finds its rows by an index."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from service.store.interface import Database, Store
from service.store.named_queries import CLAUSES, PARTS, STATEMENTS, statement
from service.store.postgresql.engine import PostgresStore
from tests.serving import ROOT
from tests.side_by_side import stores

MANY: Final = 4_000
"""So many reports that no planner reads a whole table to find one."""

USED: Final = re.compile(r'\.(?:rows|row|value|change|change_all|stream|note)\(\s*"(\w+)"')

READ_WHOLE: Final = {
    "ledger_last", "ledger_after", "ledger_happenings", "ledger_page", "entries_as_of",
    "merges_until", "figures_as_of", "statements_as_of", "keys_all", "keys_clear", "answers_clear",
}  # fmt: skip
"""What is meant to read all there is, or to be read on from somewhere."""

FEW: Final = {
    "entries_of_length": "entries",
    "entries_page": "entries",
    "entries_below": "entries",
    "reports_page": "figures",
}
"""What a planner may read whole: the entries, which are few beside the reports, and the figures to
find those of a period, once for a whole page."""

SMALL: Final = {"keys", "answers", "merges"}
"""Tables in which the tests have too little for a planner to care."""

BINDS: Final[dict[str, Any]] = {
    "seq": 1_900, "after": 10, "until": 20, "limit": 10, "request": 1, "moment": "2026-01-05T10:00",
    "kind": "place", "id": "p7", "parent": "p7", "top": "p9", "name": "p7", "pattern": "%p7%",
    "ids": '["p7","p8"]', "kinds": '["reported"]', "seqs": "[7,8,9]", "subject": "r7",
    "least": 2, "most": 4, "into_id": "p1", "ref": "ref 7", "reporters": '["u7"]',
    "places": '["p7"]', "groups": '["g7"]', "states": '["live"]', "words": '["w7","w8"]',
    "word_count": 2, "first_day": 700_010, "last_day": 700_020, "first": 700_010, "last": 700_010,
    "low": 5, "high": 6, "outcomes": 3, "reporter": "u7", "but": "r9", "nearest": 500, "few": 100,
    "place_ids": "p7", "group_ids": "everyone", "wording": "w", "quote": "q", "pointer": "/quote",
    "text": "t", "salt": "s", "holder": "h", "key": "k", "now": "2026-01-05T10:00", "told": "1",
    "fingerprint": "f" * 64, "hash": "0" * 64, "recorded_at": "2026-01-05T10:00:00.000000Z",
    "body": "{}", "actor": None, "name_folded": "p7", "names_folded": "p7", "since_seq": 1,
    "scope": "read", "secret_hash": "0" * 64, "created_at": "2026", "expires_at": None,
    "content_hash": "c", "caveats": "", "quote_folded": None, "wording_folded": None, "by": "r8",
    "stance": "asserts", "relays": None, "origin": None, "supersedes": None, "place": "p7",
    "group_id": "g7", "word": "w7", "report": "r7", "position": 0, "soft_low": 0, "soft_high": 0,
    "best": None, "incident": None, "reclassifies": None, "disclosed": 1, "revoked_at": None,
    "last_used_at": None, "names": '["p7","p8"]',
}  # fmt: skip
"""A value for every name that a statement binds."""

OWN: Final = {
    "entries_page": {"after": "p10"},
    "answer_find": {"request": "POST /"},
    "answer_put": {"request": "POST /", "until": "2026-01-06T10:00"},
}
"""Values of a statement's own, where it calls something else by the same name."""

OPTIONAL: Final = {
    "reports_page": (
        "in_places", "in_groups", "of_reporters", "in_states", "in_period", "with_words",
    ),
    "entries_page": ("of_names",),
}  # fmt: skip
"""The parts that a statement may be run with or without."""


def _sources() -> str:
    paths = sorted((ROOT / "service").rglob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_every_statement_is_used_and_every_one_used_is_there() -> None:
    assert set(USED.findall(_sources())) == STATEMENTS.keys()


def test_every_part_is_used() -> None:
    text = (ROOT / "service/store/queries.sql").read_text(encoding="utf-8")
    pieces = set(re.findall(r"\{(\w+)\}", text)) - {"clauses", "its_name"}
    optional = {clause for clauses in OPTIONAL.values() for clause in clauses}
    assert all(f'"{clause}"' in _sources() for clause in optional)
    assert sorted([*pieces, *optional]) == sorted(PARTS)


def _spellings() -> Iterator[tuple[str, str]]:
    """Yield every statement as it may be run: with each of its optional parts, and with all."""
    for name, text in STATEMENTS.items():
        assert (CLAUSES in text) == (name in OPTIONAL)
        yield name, statement(name)
        for clause in OPTIONAL.get(name, ()):
            yield f"{name} {clause}", statement(name, clause)
        if name in OPTIONAL:
            yield f"{name} of all parts", statement(name, *OPTIONAL[name])


def _fill(db: Database) -> None:
    """Put in many reports of many places, each with a figure, words and a text."""
    seqs = range(1, MANY + 1)
    db.change_all(
        "ledger_put",
        [{**BINDS, "seq": n, "request": n, "kind": "reported", "subject": f"r{n}"} for n in seqs],
    )
    db.change_all("texts_keep", [{**BINDS, "seq": n} for n in seqs])
    db.change_all(
        "entry_put",
        [
            {
                **BINDS,
                "id": f"p{n}",
                "since_seq": n,
                "name_folded": f"p{n}",
                "parent": f"p{n // 4}" if n > 4 else None,
            }
            for n in seqs
        ],
    )
    db.change_all(
        "report_put",
        [
            {
                **BINDS,
                "seq": n,
                "id": f"r{n}",
                "reporter": f"u{n % 300}",
                "ref": f"ref {n}",
                "body": "{}" + " " * 400,
            }
            for n in seqs
        ],
    )
    db.change_all(
        "figure_put",
        [
            {
                **BINDS,
                "seq": n,
                "report": f"r{n}",
                "id": f"r{n}-1",
                "reporter": f"u{n % 300}",
                "first_day": 700_000 + n % 900,
                "last_day": 700_000 + n % 900,
                "place_ids": f"p{n}",
            }
            for n in seqs
        ],
    )
    for table, name in (("place", "p"), ("group", "g"), ("word", "w")):
        column = "group_id" if table == "group" else table
        db.change_all(f"report_{table}_put", [{column: f"{name}{n}", "seq": n} for n in seqs])
        db.change_all(f"report_{table}_put", [{column: f"{name}0", "seq": n} for n in seqs])
    db.change_all("merge_put", [{**BINDS, "id": f"p{n}", "into_id": "p1", "seq": n}
                                for n in range(2, 20)])  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Store]]:
    """The same many reports on every engine."""
    made = stores(tmp_path_factory.mktemp("statements"))
    for store in made.values():
        with store.writing() as db:
            _fill(db)
        if isinstance(store, PostgresStore):
            with store._pool().connection() as conn:
                conn.execute("ANALYZE")
    yield made
    for store in made.values():
        store.close()


def _binds(told: str) -> dict[str, Any]:
    return {**BINDS, **OWN.get(told.split()[0], {})}


def _plan(store: Store, db: Database, told: str, sql: str) -> str:
    how = "EXPLAIN" if isinstance(store, PostgresStore) else "EXPLAIN QUERY PLAN"
    return "\n".join(str(row[-1]) for row in db.execute(f"{how} {sql}", _binds(told)).fetchall())


def _read_whole(plan: str) -> set[str]:
    """Return the tables that the plan reads from end to end."""
    found = set(re.findall(r"Seq Scan on (\w+)", plan))
    made = set(re.findall(r"^(?:MATERIALIZE|CO-ROUTINE) (\w+)", plan, re.MULTILINE))
    for table, by in re.findall(r"^SCAN (\w+)(.*)$", plan, re.MULTILINE):
        if "INDEX" not in by and "VIRTUAL TABLE" not in by and "CONSTANT" not in by:
            found.add(table)
    tables = {"events", "texts", "entries", "reports", "figures", "report_places",
              "report_groups", "report_words", *SMALL}  # fmt: skip
    return (found & tables) - made


@pytest.mark.engines
@pytest.mark.parametrize("name", ["sqlite", "15", "18"])
def test_every_statement_finds_its_rows_by_an_index(filled: dict[str, Store], name: str) -> None:
    wrong = {}
    with filled[name].reading() as db:
        for told, sql in _spellings():
            plan = _plan(filled[name], db, told, sql)
            if sql.startswith("INSERT"):
                continue  # What it would look for is what refers to a row that it replaces.
            name_alone = told.split()[0]
            assert plan or name_alone in READ_WHOLE  # SQLite empties a table without a look.
            whole = _read_whole(plan) - SMALL - {FEW.get(name_alone)}
            if whole and name_alone not in READ_WHOLE:
                wrong[told] = plan
    assert not wrong, "\n\n".join(f"{told}:\n{plan}" for told, plan in wrong.items())


@pytest.mark.engines
def test_every_question_finds_the_same_rows_in_the_same_order(filled: dict[str, Store]) -> None:
    for told, sql in _spellings():
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            continue
        found = []
        for store in filled.values():
            with store.reading() as db:
                rows = db.execute(sql, _binds(told)).fetchall()
                found.append(sorted(rows) if "ORDER BY" not in sql else rows)
        assert found[1:] == found[:1] * 2, told


def test_the_names_of_binds_are_all_in_the_samples() -> None:
    text = Path(ROOT / "service/store/queries.sql").read_text(encoding="utf-8")
    told = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert set(re.findall(r"(?<![:\w]):([a-z_]+)", told)) <= BINDS.keys()

"""Every statement of queries.sql is used, runs on every engine, and finds its rows by an index."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from service.store.interface import Connection, Store
from service.store.named_queries import CLAUSES_PLACEHOLDER, PARTS, STATEMENTS, build_statement
from service.store.postgresql.engine import PostgresStore
from service.store.sqlite.rate_counters import COUNTS_SCHEMA
from service.store.tables import (
    TABLES,
    EntityRow,
    EventRow,
    FigureRow,
    ImportRangeRow,
    ImportRow,
    MergeRow,
    PlaceCodeRow,
    ReportGroupRow,
    ReportIncidentRow,
    ReportPlaceRow,
    ReportRow,
    ReportWordRow,
    TextRow,
)
from tests.support.paths import ROOT
from tests.support.side_by_side import make_stores

ROW_COUNT: Final = 4_000
"""Enough reports that a planner never scans a table to find one."""

STATEMENT_CALL: Final = re.compile(
    r"\.(?:fetch_all|fetch_each|fetch_one|fetch_value|change|change_many|stream|write_best_effort)\("
    r'\s*"(\w+)"(?:[^"]{1,40} else "(\w+)")?'
)
"""A call that names a statement, or one of two."""

FULL_SCAN_ALLOWED: Final = {
    "select_last_event",
    "select_events_between",
    "select_events_page",
    "select_entities_as_of",
    "select_merges_until",
    "select_all_keys",
    "delete_all_keys",
    "delete_all_idempotent_responses",
}
"""Statements that read a whole table on purpose, or from a position on."""

SCANNED_TABLE_ALLOWED: Final = {
    "select_entities_page": "entries",
    "select_entities_and_ancestors": "entries",
    "select_entity_ids_in_subtrees": "entries",
    "select_reports_page": "figures",
    "select_reports_page_newest_first": "figures",
}
"""Tables that a planner may scan: the entities, which are few compared with reports, and the
figures to find those of a period, once for a whole page."""

SMALL_TABLES: Final = {"keys", "idempotent_responses", "merges", "moved_links"}
"""Tables with too few rows in the tests for a planner to use an index."""

BINDS: Final[dict[str, Any]] = {
    "seq": 1_900, "after": 10, "until": 20, "limit": 10, "request": 1, "moment": "2026-01-05T10:00",
    "kind": "place", "id": "p7", "parent": "p7", "top": "p9", "name": "p7", "pattern": "%p7%",
    "ids": '["p7","p8"]', "kinds": '["reported"]', "seqs": "[7,8,9]", "subject": "r7",
    "most": 4, "into_id": "p1", "ref": "ref 7", "reporters": '["u7"]',
    "reports": '["r7"]',
    "places": '["p7"]', "groups": '["g7"]', "states": '["live"]', "words": '["w7","w8"]',
    "word_count": 2, "first_day": 700_010, "last_day": 700_020, "first": 700_010, "last": 700_010,
    "low": 5, "high": 6, "outcomes": 3, "reporter": "u7", "but": "r9", "nearest": 500, "few": 100,
    "place_ids": "p7", "group_ids": "everyone", "wording": "w", "quote": "q", "pointer": "/quote",
    "text": "t", "salt": "s", "principal": "h", "key": "k", "keys": "[]", "now": "2026-01-05T10:00",
    "response": "1", "part": 0,
    "fingerprint": "f" * 64, "hash": "0" * 64, "recorded_at": "2026-01-05T10:00:00.000000Z",
    "body": "{}", "actor": None, "name_folded": "p7", "names_folded": "p7", "since_seq": 1,
    "scope": "read", "secret_hash": "0" * 64, "created_at": "2026", "expires_at": None,
    "content_hash": "c", "caveats": "", "quote_folded": None, "wording_folded": None, "by": "r8",
    "stance": "asserts", "relays": None, "origin": None, "supersedes": None, "place": "p7",
    "group_id": "g7", "word": "w7", "report": "r7", "position": 0, "soft_low": 0, "soft_high": 0,
    "best": None, "incident": "x:7", "reclassifies": None, "disclosed": 1, "revoked_at": None,
    "last_used_at": None, "names": '["p7","p8"]', "who": "10.0.0.1", "early": 1.0, "late": 2.0,
    "codes": '["c7","c8"]', "examined": 100, "refs": '["ref 7"]', "length_class": 0,
    "single_place": "p7", "since": 1_880, "import_id": "p7", "before": 20, "first_seq": 10,
    "last_seq": 20, "row_count": 5, "report_count": 5, "finished_seq": None, "withdrawn_seq": None,
    "incidents": '["x:7"]',
}  # fmt: skip
"""A value for every name that a statement binds, and for columns that may not be NULL."""

BINDS_OF_STATEMENT: Final = {
    "select_entities_page": {"after": "p10"},
    "select_idempotent_response": {"request": "POST /"},
    "increment_count": {"now": 1.5},
    "select_figures_of_reports": {"keys": '["7-0","8-0"]'},
    "select_comparable_keys": {"places": ",p7,", "most": 100},
    "select_comparable_keys_of_incident": {"places": ",p7,", "most": 100},
    "select_figures_of_scope": {"most": 100},
}
"""Values for single statements, where a name means something else."""

REPORT_FILTERS: Final = (
    "filter_by_places",
    "filter_by_groups",
    "filter_by_reporters",
    "filter_by_states",
    "filter_by_outcomes",
    "filter_by_contradiction",
    "filter_by_ref",
    "filter_by_incident",
    "filter_by_period",
    "filter_by_words",
)

OPTIONAL_CLAUSES: Final = {
    "select_reports_page": REPORT_FILTERS,
    "select_reports_page_newest_first": REPORT_FILTERS,
    "select_entities_page": ("filter_by_name", "filter_by_parent"),
}
"""The optional parts of statements."""


def _read_sources() -> str:
    paths = sorted((ROOT / "service").rglob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_every_statement_is_used_and_every_one_used_is_there() -> None:
    used = {name for names in STATEMENT_CALL.findall(_read_sources()) for name in names if name}
    assert used == STATEMENTS.keys()


def test_every_part_is_used() -> None:
    text = (ROOT / "service/store/queries.sql").read_text(encoding="utf-8")
    pieces = set(re.findall(r"\{(\w+)\}", text)) - {"clauses", "its_name"}
    pieces -= {f"{table.name}_columns" for table in TABLES}
    optional = {clause for clauses in OPTIONAL_CLAUSES.values() for clause in clauses}
    assert all(f'"{clause}"' in _read_sources() for clause in optional)
    assert sorted([*pieces, *optional]) == sorted(PARTS)


def _iterate_variants() -> Iterator[tuple[str, str]]:
    """Yield each variant of every statement: without, with each and with all optional parts."""
    for name, text in STATEMENTS.items():
        assert (CLAUSES_PLACEHOLDER in text) == (name in OPTIONAL_CLAUSES)
        yield name, build_statement(name)
        for clause in OPTIONAL_CLAUSES.get(name, ()):
            yield f"{name} {clause}", build_statement(name, clause)
        if name in OPTIONAL_CLAUSES:
            yield f"{name} of all parts", build_statement(name, *OPTIONAL_CLAUSES[name])


def _fill(db: Connection) -> None:
    """Insert many reports of many places, each with a figure, words and a text."""
    seqs = range(1, ROW_COUNT + 1)
    db.insert_many(
        [_make_row(EventRow, seq=n, request=n, kind="reported", subject=f"r{n}") for n in seqs]
    )
    db.insert_many([_make_row(TextRow, seq=n) for n in seqs])
    for n in seqs:
        parent = f"p{n // 4}" if n > 4 else None
        db.insert(_make_row(EntityRow, id=f"p{n}", since_seq=n, name_folded=f"p{n}", parent=parent))
    db.insert_many(
        [
            _make_row(
                ReportRow,
                seq=n,
                id=f"r{n}",
                reporter=f"u{n % 300}",
                ref=f"ref {n}",
                body="{}" + " " * 400,
            )
            for n in seqs
        ]
    )
    db.insert_many(
        [
            _make_row(
                FigureRow,
                seq=n,
                report=f"r{n}",
                id=f"r{n}-1",
                reporter=f"u{n % 300}",
                first_day=700_000 + n % 900,
                last_day=700_000 + n % 900,
                place_ids=f"p{n}",
            )
            for n in seqs
        ]
    )
    for row_class, name in ((ReportPlaceRow, "p"), (ReportGroupRow, "g"), (ReportWordRow, "w")):
        db.insert_many([row_class(f"{name}{n}", n) for n in seqs])
        db.insert_many([row_class(f"{name}0", n) for n in seqs])
    db.insert_many([ReportIncidentRow(f"x:{n}", n) for n in seqs])
    db.insert_many([PlaceCodeRow(f"c{n}", f"p{n}", n) for n in seqs])
    db.insert_many([MergeRow("place", f"p{n}", "p1", n) for n in range(2, 20)])
    db.insert_many([_make_row(ImportRow, id=f"p{n}", seq=n, finished_seq=n) for n in seqs])
    db.insert_many([ImportRangeRow(f"p{n}", n, n) for n in seqs])


def _make_row(row_class: Any, **values: Any) -> Any:
    """Return a row with the values, and for other columns the sample values or the default."""
    samples = {name: BINDS[name] for name in row_class._fields if name in BINDS}
    return row_class(**{**samples, **values})


@pytest.fixture(scope="module")
def filled_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Store]]:
    """The same many reports on every engine."""
    stores = make_stores(tmp_path_factory.mktemp("statements"))
    for name, store in stores.items():
        with store.write_transaction() as db:
            _fill(db)
            if name == "sqlite":  # Which has the counts in another file.
                for statement in COUNTS_SCHEMA:
                    db.execute(statement)
        if isinstance(store, PostgresStore):
            with store._get_pool().connection() as conn:
                conn.execute("ANALYZE")
    yield stores
    for store in stores.values():
        store.close()


def _binds_of(variant: str) -> dict[str, Any]:
    return {**BINDS, **BINDS_OF_STATEMENT.get(variant.split()[0], {})}


def _explain_plan(store: Store, db: Connection, variant: str, sql: str) -> str:
    explain = "EXPLAIN" if isinstance(store, PostgresStore) else "EXPLAIN QUERY PLAN"
    return "\n".join(
        str(row[-1]) for row in db.execute(f"{explain} {sql}", _binds_of(variant)).fetchall()
    )


def _find_scanned_tables(plan: str) -> set[str]:
    """Return the tables that the plan scans."""
    scanned = set(re.findall(r"Seq Scan on (\w+)", plan))
    materialized = set(re.findall(r"^(?:MATERIALIZE|CO-ROUTINE) (\w+)", plan, re.MULTILINE))
    for table, by in re.findall(r"^SCAN (\w+)(.*)$", plan, re.MULTILINE):
        if "INDEX" not in by and "VIRTUAL TABLE" not in by and "CONSTANT" not in by:
            scanned.add(table)
    return (scanned & {table.name for table in TABLES}) - materialized


@pytest.mark.engines
@pytest.mark.parametrize("name", ["sqlite", "15", "18"])
def test_every_statement_uses_an_index(filled_stores: dict[str, Store], name: str) -> None:
    wrong = {}
    with filled_stores[name].read_transaction() as db:
        for variant, sql in _iterate_variants():
            plan = _explain_plan(filled_stores[name], db, variant, sql)
            if sql.startswith("INSERT"):
                continue  # Its plan only shows the check of foreign keys.
            statement = variant.split()[0]
            assert plan or statement in FULL_SCAN_ALLOWED  # SQLite empties a table without a plan.
            scanned = (
                _find_scanned_tables(plan) - SMALL_TABLES - {SCANNED_TABLE_ALLOWED.get(statement)}
            )
            if scanned and statement not in FULL_SCAN_ALLOWED:
                wrong[variant] = plan
    assert not wrong, "\n\n".join(f"{variant}:\n{plan}" for variant, plan in wrong.items())


@pytest.mark.engines
def test_every_query_returns_the_same_rows_in_the_same_order_on_all_engines(
    filled_stores: dict[str, Store],
) -> None:
    for variant, sql in _iterate_variants():
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            continue
        results = []
        for store in filled_stores.values():
            with store.read_transaction() as db:
                rows = db.execute(sql, _binds_of(variant)).fetchall()
                results.append(sorted(rows) if "ORDER BY" not in sql else rows)
        assert results[1:] == results[:1] * 2, variant


def test_every_bind_has_a_sample_value() -> None:
    text = Path(ROOT / "service/store/queries.sql").read_text(encoding="utf-8")
    sql = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert set(re.findall(r"(?<![:\w]):([a-z_]+)", sql)) <= BINDS.keys()

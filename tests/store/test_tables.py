"""The tables are the same on every engine: columns, what may be missing, and every named rule."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from service.store.interface import Database, Store
from service.store.postgresql.engine import PostgresStore
from tests.side_by_side import stores

TYPES: Final = {"bigint": "INTEGER", "text": "TEXT"}

OWN: Final = {"migrations", "_sqlite_migrations", "counts"}
"""Tables in which an engine keeps what is no part of the record."""

Columns = dict[str, dict[str, tuple[str, bool, str | None]]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Store]]:
    """An empty record on each engine."""
    made = stores(tmp_path_factory.mktemp("tables"))
    yield made
    for store in made.values():
        store.close()


def _rows(db: Database, sql: str) -> list[Any]:
    return list(db.execute(sql).fetchall())


def _in_sqlite(db: Database) -> dict[str, Any]:
    tables = dict(_rows(db, "SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    columns: Columns = {}
    rules: dict[str, set[str]] = {}
    references = set()
    for table in tables.keys() - OWN:
        columns[table] = {
            name: (kind, bool(needed or of_key), default)
            for _, name, kind, needed, default, of_key in _rows(db, f"PRAGMA table_info({table})")
        }
        rules[table] = set(re.findall(r"CONSTRAINT (\w+)", tables[table]))
        for _, _, to, from_column, to_column, *_ in _rows(db, f"PRAGMA foreign_key_list({table})"):
            references.add((table, from_column, to, to_column))
    indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    indexes += " AND tbl_name NOT LIKE '%migrations'"
    return {
        "columns": columns,
        "rules": rules,
        "references": references,
        "indexes": {name for (name,) in _rows(db, indexes)},
    }


def _in_postgresql(db: Database) -> dict[str, Any]:
    columns: Columns = {}
    for table, name, kind, missing, default in _rows(
        db,
        "SELECT table_name, column_name, data_type, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = current_schema()",
    ):
        if table not in OWN:
            told = default and default.removesuffix("::text")
            columns.setdefault(table, {})[name] = (TYPES[kind], missing == "NO", told)
    rules: dict[str, set[str]] = {table: set() for table in columns}
    references = set()
    for table, name, kind, to, given in _rows(
        db,
        "SELECT conrelid::regclass::text, conname, contype::text, confrelid::regclass::text,"
        " pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = current_schema()::regnamespace AND conrelid <> 0",
    ):
        if kind == "f":
            (one, other) = re.findall(r"\((\w+)\)", given)
            references.add((table, one, to, other))
        elif table in rules and not re.search("_(pkey|key|not_null)$", name):
            rules[table].add(name)
    indexes = (
        "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND NOT EXISTS"
        " (SELECT 1 FROM pg_constraint WHERE conname = indexname"
        " AND connamespace = current_schema()::regnamespace)"
    )
    return {
        "columns": columns,
        "rules": rules,
        "references": references,
        "indexes": {name for (name,) in _rows(db, indexes)} - {"counts_by_age"},
    }


@pytest.mark.engines
@pytest.mark.parametrize("what", ["columns", "rules", "references", "indexes"])
@pytest.mark.parametrize("release", ["15", "18"])
def test_the_tables_are_the_same(made: dict[str, Store], release: str, what: str) -> None:
    with made["sqlite"].reading() as db:
        right = _in_sqlite(db)[what]
    with made[release].reading() as db:
        assert _in_postgresql(db)[what] == right
    assert right


@pytest.mark.engines
def test_text_is_compared_byte_by_byte(made: dict[str, Store]) -> None:
    for store in made.values():
        if isinstance(store, PostgresStore):
            with store.reading() as db:
                assert not _rows(
                    db,
                    "SELECT table_name, column_name FROM information_schema.columns"
                    " WHERE table_schema = current_schema() AND data_type = 'text'"
                    " AND collation_name IS DISTINCT FROM 'C' AND table_name <> 'migrations'",
                )

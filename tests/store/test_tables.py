"""The tables are the same on every engine: columns, constraints, foreign keys and indexes."""

import re
from collections.abc import Iterator
from types import NoneType
from typing import Any, Final, get_args, get_type_hints

import pytest

from service.store.interface import Connection, Store
from service.store.postgresql.engine import PostgresStore
from service.store.tables import TABLES, Table
from tests.support import engines
from tests.support.side_by_side import make_stores

TYPES: Final = {"bigint": "INTEGER", "text": "TEXT"}

ENGINE_TABLES: Final = {"migrations", "_sqlite_migrations", "counts"}
"""Tables of an engine that are not part of the record."""

Columns = dict[str, dict[str, tuple[str, bool, str | None]]]


@pytest.fixture(scope="module")
def empty_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Store]]:
    """An empty record on each engine."""
    empty_stores = make_stores(tmp_path_factory.mktemp("tables"))
    yield empty_stores
    for store in empty_stores.values():
        store.close()


def _fetch_all(db: Connection, sql: str) -> list[Any]:
    return list(db.execute(sql).fetchall())


def _describe_sqlite(db: Connection) -> dict[str, Any]:
    tables = dict(_fetch_all(db, "SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    columns: Columns = {}
    rules: dict[str, set[str]] = {}
    references = set()
    for table in tables.keys() - ENGINE_TABLES:
        columns[table] = {
            name: (kind, bool(needed or of_key), default)
            for _, name, kind, needed, default, of_key in _fetch_all(
                db, f"PRAGMA table_info({table})"
            )
        }
        rules[table] = set(re.findall(r"CONSTRAINT (\w+)", tables[table]))
        for _, _, to, from_column, to_column, *_ in _fetch_all(
            db, f"PRAGMA foreign_key_list({table})"
        ):
            references.add((table, from_column, to, to_column))
    indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    indexes += " AND tbl_name NOT LIKE '%migrations'"
    return {
        "columns": columns,
        "rules": rules,
        "references": references,
        "indexes": {name for (name,) in _fetch_all(db, indexes)},
    }


def _describe_postgresql(db: Connection) -> dict[str, Any]:
    columns: Columns = {}
    for table, name, kind, missing, default in _fetch_all(
        db,
        "SELECT table_name, column_name, data_type, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = current_schema()",
    ):
        if table not in ENGINE_TABLES:
            default_value = default and default.removesuffix("::text")
            columns.setdefault(table, {})[name] = (TYPES[kind], missing == "NO", default_value)
    rules: dict[str, set[str]] = {table: set() for table in columns}
    references = set()
    for table, name, kind, to, definition in _fetch_all(
        db,
        "SELECT conrelid::regclass::text, conname, contype::text, confrelid::regclass::text,"
        " pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = current_schema()::regnamespace AND conrelid <> 0",
    ):
        if kind == "f":
            (one, other) = re.findall(r"\((\w+)\)", definition)
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
        "indexes": {name for (name,) in _fetch_all(db, indexes)} - {"counts_by_age"},
    }


@pytest.mark.engines
@pytest.mark.parametrize("what", ["columns", "rules", "references", "indexes"])
@pytest.mark.parametrize("release", ["15", "18"])
def test_the_tables_are_the_same_on_all_engines(
    empty_stores: dict[str, Store], release: str, what: str
) -> None:
    with empty_stores["sqlite"].read_transaction() as db:
        expected = _describe_sqlite(db)[what]
    with empty_stores[release].read_transaction() as db:
        assert _describe_postgresql(db)[what] == expected
    assert expected


def _describe_columns(table: Table) -> dict[str, tuple[str, bool]]:
    """Return the type and whether a value is required, by column, as the row class states them."""
    kinds = {int: "INTEGER", str: "TEXT"}
    hints = get_type_hints(table.row)
    return {
        name: (kinds[(get_args(hint) or (hint,))[0]], NoneType not in get_args(hint))
        for name, hint in hints.items()
    }


@pytest.mark.engines
@pytest.mark.parametrize("name", ["sqlite", *engines.RELEASES])
def test_the_row_classes_have_the_columns_of_the_created_tables(
    empty_stores: dict[str, Store], name: str
) -> None:
    describe = _describe_sqlite if name == "sqlite" else _describe_postgresql
    with empty_stores[name].read_transaction() as db:
        created = describe(db)["columns"]
    assert {table.name: _describe_columns(table) for table in TABLES} == {
        table: {name: column[:2] for name, column in columns.items()}
        for table, columns in created.items()
    }


@pytest.mark.engines
def test_text_is_compared_byte_by_byte(empty_stores: dict[str, Store]) -> None:
    for store in empty_stores.values():
        if isinstance(store, PostgresStore):
            with store.read_transaction() as db:
                assert not _fetch_all(
                    db,
                    "SELECT table_name, column_name FROM information_schema.columns"
                    " WHERE table_schema = current_schema() AND data_type = 'text'"
                    " AND collation_name IS DISTINCT FROM 'C' AND table_name <> 'migrations'",
                )

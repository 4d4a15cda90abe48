"""SQL of PostgreSQL alone, and the SQL of both engines as psycopg takes it."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

TAKE_WRITE_LOCK: Final = "SELECT pg_advisory_xact_lock('events'::regclass::oid::bigint)"
"""Waits for the one writer's lock, which is held to the end of the transaction."""

_BIND: Final = re.compile(r"(?<![:\w]):([a-z_]+)")
_INDEX_HINT: Final = re.compile(r" INDEXED BY \w+")
_JSON_MEMBER: Final = re.compile(r"json_extract\((\w+), '\$\.(\w+)\.(\w+)'\)")


def to_lateral_sql(sql: str, bind_sets: Sequence[Mapping[str, object]]) -> str:
    """Return the shared SQL as one statement for many sets of binds, for psycopg.

    Its bind ``sets`` is a JSON list of them, each with its number ``nth``, by which every row
    begins.
    """
    types = {
        name: "BIGINT"
        if any(isinstance(binds[name], int) for binds in bind_sets)
        else 'TEXT COLLATE "C"'
        for name in bind_sets[0]
    }
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    body = _BIND.sub(r"binds.\1", _adapt(sql))
    return (
        f"SELECT nth, found.* FROM json_to_recordset(%(sets)s) AS binds (nth BIGINT, {columns})"
        f" CROSS JOIN LATERAL ({body}) AS found"
    )


@lru_cache(maxsize=1_000)
def to_psycopg_sql(sql: str) -> str:
    """Return the shared SQL with psycopg's placeholders for binds, without SQLite's index hints.

    A member of a JSON object is taken by PostgreSQL's operator.
    """
    return _BIND.sub(r"%(\1)s", _adapt(sql))


def _adapt(sql: str) -> str:
    """Return the SQL in the dialect of PostgreSQL, with binds as in the shared SQL."""
    sql = _JSON_MEMBER.sub(r"(\1::json -> '\2' ->> '\3')", sql)
    return _INDEX_HINT.sub("", sql).replace("%", "%%")

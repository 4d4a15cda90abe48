"""SQL of PostgreSQL alone, and the SQL of both engines as psycopg takes it."""

import re
from functools import lru_cache
from typing import Final

TAKE_WRITE_LOCK: Final = "SELECT pg_advisory_xact_lock('events'::regclass::oid::bigint)"
"""Waits for the one writer's lock, which is held to the end of the transaction."""

_BIND: Final = re.compile(r"(?<![:\w]):([a-z_]+)")
_INDEX_HINT: Final = re.compile(r" INDEXED BY \w+")
_JSON_MEMBER: Final = re.compile(r"json_extract\((\w+), '\$\.(\w+)\.(\w+)'\)")


@lru_cache(maxsize=1_000)
def to_psycopg_sql(sql: str) -> str:
    """Return the shared SQL with psycopg's placeholders for binds, without SQLite's index hints.

    A member of a JSON object is taken by PostgreSQL's operator.
    """
    sql = _JSON_MEMBER.sub(r"(\1::json -> '\2' ->> '\3')", sql)
    return _BIND.sub(r"%(\1)s", _INDEX_HINT.sub("", sql).replace("%", "%%"))

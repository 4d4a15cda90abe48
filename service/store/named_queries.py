"""The statements of queries.sql by name, with their shared parts and column lists inserted."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from service.store.tables import TABLES

_HEADER: Final = re.compile(r"^-- (name|part): (\w+)$", re.MULTILINE)
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_COMMENT: Final = re.compile(r"^--.*\n", re.MULTILINE)

CLAUSES_PLACEHOLDER: Final = "{clauses}"
"""The placeholder for the optional parts that the caller chooses."""


def _parse_queries(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the statements and the parts, by name."""
    kinds: dict[str, dict[str, str]] = {"name": {}, "part": {}}
    column_lists = {f"{table.name}_columns": table.select_list for table in TABLES}
    _, *pieces = _HEADER.split(text)
    for kind, name, sql in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        kinds[kind][name] = _insert_parts(
            _COMMENT.sub("", sql).strip(), {**column_lists, **kinds["part"]}
        )
    return kinds["name"], kinds["part"]


def _insert_parts(sql: str, parts: dict[str, str]) -> str:
    """Return the text with its parts inserted; a part precedes its uses in the file."""
    return _PLACEHOLDER.sub(lambda placeholder: parts.get(placeholder[1], placeholder[0]), sql)


STATEMENTS, PARTS = _parse_queries(
    Path(__file__).with_name("queries.sql").read_text(encoding="utf-8")
)


@cache
def build_statement(name: str, *clauses: str) -> str:
    """Return the statement with the named optional parts."""
    return STATEMENTS[name].replace(
        CLAUSES_PLACEHOLDER, "\n".join(PARTS[clause] for clause in clauses)
    )

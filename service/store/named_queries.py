"""The statements of queries.sql by their names, with the pieces that they share put in."""

import re
from pathlib import Path
from typing import Final

_HEAD: Final = re.compile(r"^-- (name|part): (\w+)$", re.MULTILINE)
_PIECE: Final = re.compile(r"\{(\w+)\}")
_REMARK: Final = re.compile(r"^--.*\n", re.MULTILINE)

CLAUSES: Final = "{clauses}"
"""The piece that is left to whoever runs the statement: which of the optional parts it wants."""


def _read(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the statements and the parts, by name."""
    kinds: dict[str, dict[str, str]] = {"name": {}, "part": {}}
    _, *found = _HEAD.split(text)
    for kind, name, sql in zip(found[::3], found[1::3], found[2::3], strict=True):
        kinds[kind][name] = _whole(_REMARK.sub("", sql).strip(), kinds["part"])
    return kinds["name"], kinds["part"]


def _whole(sql: str, parts: dict[str, str]) -> str:
    """Return the text with every piece put in; a part stands before whatever it is a piece of."""
    return _PIECE.sub(lambda found: parts.get(found[1], found[0]), sql)


STATEMENTS, PARTS = _read(Path(__file__).with_name("queries.sql").read_text(encoding="utf-8"))


def statement(name: str, *clauses: str) -> str:
    """Return the statement, with the optional parts that are named in the place for them."""
    return STATEMENTS[name].replace(CLAUSES, "\n".join(PARTS[clause] for clause in clauses))

"""Templates of a mapping: text with columns in braces, such as ``ged-{id}``."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from service.imports.cells import make_id
from service.imports.errors import RowError

_PLACEHOLDER: Final = re.compile(r"\{([^{}|]+)(?:\|([a-z]+))?\}")

FILTERS: Final[Mapping[str, Callable[[str], str]]] = {"id": make_id, "lower": str.lower}
"""What may follow a column after a bar."""

MAX_LENGTH: Final = 100_000
"""How many characters a filled template may have: no field of a report takes as many."""

Row = Mapping[str, str]
"""One row of a file: the text of each column; a cell without a value is empty."""


class Template:
    """A text whose columns in braces are filled in; ``{side_a|id}`` makes an id of the cell."""

    __slots__ = ("_only_column", "_parts", "columns", "text")

    def __init__(self, text: str) -> None:
        """Raise ValueError if braces are unbalanced, or a filter is unknown."""
        rest = _PLACEHOLDER.sub("", text)
        if "{" in rest or "}" in rest:
            raise ValueError("Write a column in braces: {deaths}.")
        for _, name in _PLACEHOLDER.findall(text):
            if name and name not in FILTERS:
                raise ValueError(f"There is no filter {name}. Known: {', '.join(FILTERS)}.")
        self.text = text
        self.columns = tuple(column for column, _ in _PLACEHOLDER.findall(text))
        # Text, column and filter in turn; the parts of a text without columns are the text.
        self._parts = _PLACEHOLDER.split(text)
        self._only_column = self.columns[0] if text == f"{{{self.column}}}" else None

    @property
    def column(self) -> str:
        """The first column that it names; "" if it names none."""
        return self.columns[0] if self.columns else ""

    def fill(self, row: Row) -> str:
        """Return the text of the row; "" if one of the columns is empty.

        Raises RowError if it is too long.
        """
        if self._only_column is not None and len(row[self._only_column]) <= MAX_LENGTH:
            return row[self._only_column]  # Most templates are of this kind.
        parts = self._parts
        filled = parts[0]
        for at in range(1, len(parts), 3):
            cell = row[parts[at]]
            if not cell:
                return ""
            name = parts[at + 1]
            filled += (FILTERS[name](cell) if name else cell) + parts[at + 2]
            if len(filled) > MAX_LENGTH:
                raise RowError(parts[at], f"the text made of it has over {MAX_LENGTH:,} characters")
        return filled

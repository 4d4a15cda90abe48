"""Refs of one file: two different rows with one ref would replace each other."""

from enum import Enum
from hashlib import blake2b
from typing import Any, Final

MAX_RECENT: Final = 1 << 16
"""How many hashes are kept in a set before they are sorted into the array."""


class Seen(Enum):
    """Whether a ref was in an earlier row, and with what."""

    NEVER = "never"
    SAME = "same"
    """The earlier row gives the same report."""
    OTHER = "other"
    """The earlier row gives another report."""


class SeenRefs:
    """The refs of the rows so far, in 16 bytes each."""

    def __init__(self) -> None:
        """Begin without any."""
        self._refs, self._reports = _HashSet(), _HashSet()

    def add(self, ref: str, report: str) -> Seen:
        """Return whether the ref was added before; ``report`` is the text of its whole report."""
        is_new = self._refs.add(ref)
        is_new_report = self._reports.add(f"{ref}\n{report}")
        if is_new:
            return Seen.NEVER
        return Seen.OTHER if is_new_report else Seen.SAME


class _HashSet:
    """A set of texts by hashes of 8 bytes.

    Two of ten million texts have the same hash by accident with a probability of 3 in a million.
    """

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._sorted: Any = None

    def add(self, text: str) -> bool:
        """Return whether the text is new."""
        value = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
        if value in self._recent:
            return False
        if self._sorted is not None and self._is_sorted(value):
            return False
        self._recent.add(value)
        if len(self._recent) == MAX_RECENT:
            self._sort_recent()
        return True

    def _is_sorted(self, value: int) -> bool:
        """Whether the hash is in the array."""
        position = int(self._sorted.searchsorted(self._sorted.dtype.type(value)))
        return position < len(self._sorted) and int(self._sorted[position]) == value

    def _sort_recent(self) -> None:
        """Move the recent hashes into the array."""
        # Imported here: it takes a third of a second to load, and most files are not so long.
        import numpy as np

        recent = np.fromiter(self._recent, dtype=np.uint64, count=len(self._recent))
        every = recent if self._sorted is None else np.concatenate((self._sorted, recent))
        self._sorted = np.sort(every, kind="stable")
        self._recent.clear()

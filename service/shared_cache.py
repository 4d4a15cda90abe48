"""Values kept in memory for later requests, within one limit in bytes for all kinds together.

The value that was used least recently is evicted first. Values of a preferred section, those of the
present state of the record, are evicted only after all others: queries of the past, however many,
do not displace what most readers need.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from itertools import chain
from threading import Lock, RLock
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from service.object_size import measure_bytes

DEFAULT_MAX_BYTES: Final = 128 << 20

ENTRY_BYTES: Final = 500
"""What the cache itself takes for one value, with a short key."""

MEASURE_INTERVAL: Final = 32
"""A value that grows is measured again after so many uses."""


class SharedCache:
    """A limit in bytes for the values of all its sections; threads may share it."""

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """Start empty."""
        self.max_bytes = max_bytes
        self._lock = RLock()
        self._bytes_by_kind: Counter[str] = Counter()
        self._usual: _Entries = OrderedDict()
        self._preferred: _Entries = OrderedDict()
        self._on_change: Callable[[str, int], None] = lambda kind, byte_count: None

    def report_changes_to(self, on_change: Callable[[str, int], None]) -> None:
        """Have ``on_change`` called with a kind and the bytes of its values when they change."""
        with self._lock:
            self._on_change = on_change
            for kind, byte_count in self._bytes_by_kind.items():
                on_change(kind, byte_count)

    def _add_bytes(self, kind: str, byte_count: int) -> None:
        self._bytes_by_kind[kind] += byte_count
        self._on_change(kind, self._bytes_by_kind[kind])

    @property
    def bytes_in_use(self) -> int:
        """How many bytes the values take."""
        with self._lock:
            return self._bytes_by_kind.total()

    def _list_entries(self, section: "CacheSection") -> "_Entries":
        return self._preferred if section.is_preferred else self._usual

    def _shrink(self) -> "list[_Entry]":
        """Evict until the limit is kept, and return what was evicted; the caller has the lock."""
        evicted: list[_Entry] = []
        excess = self._bytes_by_kind.total() - self.max_bytes
        for entry in chain(self._usual.values(), self._preferred.values()):
            if excess <= 0:
                break
            if not entry.section._needs(entry.key):
                excess -= entry.byte_count
                evicted.append(entry)
        for entry in evicted:
            entry.section._remove(entry.key)
        return evicted


class _Entry(NamedTuple):
    section: "CacheSection"
    key: Hashable
    value: Any
    byte_count: int


_Entries = OrderedDict[tuple["CacheSection", Hashable], _Entry]


def _measure_all(value: Any, seen: set[int]) -> int:
    return measure_bytes(value, seen=seen)


class CacheSection:
    """The values of one kind and one owner, by their keys.

    A value that was evicted while some thread still uses it is found until no thread does, so that
    a long computation does not make its own parts anew.
    """

    def __init__(
        self,
        cache: SharedCache,
        kind: str,
        measure: Callable[[Any, set[int]], int] = _measure_all,
        *,
        max_share: float = 1.0,
        needs_largest: bool = False,
        on_evict: Callable[[Any], None] = lambda value: None,
    ) -> None:
        """``measure`` returns the bytes of a value; its set is the ``seen`` of ``measure_bytes``.

        A value that takes more than ``max_share`` of the limit is not kept. If ``needs_largest``,
        the largest value is not evicted for others while the section is preferred. ``on_evict`` is
        called with each value that is evicted.
        """
        self._cache, self._kind, self._measure = cache, kind, measure
        self._max_share, self._needs_largest, self._on_evict = max_share, needs_largest, on_evict
        self._sizes: dict[Hashable, int] = {}
        self._used_values: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        self._makers: dict[Hashable, Lock] = {}
        cache._add_bytes(kind, 0)
        self._uses: Counter[Hashable] = Counter()
        self._unmeasured: set[Hashable] = set()
        self.is_preferred = False

    def __len__(self) -> int:
        return len(self._sizes)

    def get(self, key: Hashable) -> Any:
        """Return the value of the key; None if there is none."""
        cache, full_key = self._cache, (self, key)
        with cache._lock:
            entries = cache._list_entries(self)
            if full_key in entries:
                entries.move_to_end(full_key)
                self._unmeasured.add(key)
                return entries[full_key].value
            value = self._used_values.get(key)
        if value is not None:
            self.put(key, value)
        return value

    def put(self, key: Hashable, value: Any, byte_count: int | None = None) -> None:
        """Keep the value, and evict others if that is necessary.

        ``byte_count`` is how many bytes it takes; None means that it is measured.
        """
        if byte_count is None:
            byte_count = self._measure(value, set()) + ENTRY_BYTES
        cache = self._cache
        with cache._lock:
            self._remove(key)
            with suppress(TypeError):  # Not every object can be referred to weakly.
                self._used_values[key] = value
            if byte_count <= self._max_share * cache.max_bytes:
                self._sizes[key] = byte_count
                self._unmeasured.add(key)
                cache._add_bytes(self._kind, byte_count)
                entry = _Entry(self, key, value, byte_count)
                cache._list_entries(self)[self, key] = entry
            evicted = cache._shrink()
        for entry in evicted:  # Outside of the lock: it can take long.
            entry.section._on_evict(entry.value)

    def get_or_make(
        self, key: Hashable, make: Callable[[], Any], byte_count: int | None = None
    ) -> Any:
        """Return the value of the key, which ``make`` makes if there is none.

        Threads that need the same value wait for it, others do not. ``byte_count`` is that of
        ``put``.
        """
        value = self.get(key)
        if value is not None:
            return value
        with self._cache._lock:
            maker = self._makers.setdefault(key, Lock())
        with maker:
            value = self.get(key)
            if value is None:
                try:
                    value = make()
                    self.put(key, value, byte_count)
                finally:
                    with self._cache._lock:
                        self._makers.pop(key, None)
            return value

    def measure_again(self) -> None:
        """Measure anew what was used since the last call, and evict others if that is necessary.

        For values that grow when they are used. A value is measured after 1, 2, 4, 8 and 16 uses,
        then after every ``MEASURE_INTERVAL``, so that this takes little of the time of the uses.
        What several of the values share is counted once.
        """
        with self._cache._lock:
            entries = self._cache._list_entries(self)
            used_keys = self._unmeasured & self._sizes.keys()
            self._unmeasured.clear()
            self._uses.update(used_keys)
            values = [
                (key, entries[self, key].value)
                for key in used_keys
                if _is_power_of_two(self._uses[key]) or not self._uses[key] % MEASURE_INTERVAL
            ]
        seen: set[int] = set()
        for key, value in values:
            self._resize(key, value, self._measure(value, seen) + ENTRY_BYTES)

    def _resize(self, key: Hashable, value: Any, byte_count: int) -> None:
        cache, evicted = self._cache, []
        with cache._lock:
            entries = cache._list_entries(self)
            entry = entries.get((self, key))
            if entry is not None and entry.value is value:
                entries[self, key] = entry._replace(byte_count=byte_count)
                cache._add_bytes(self._kind, byte_count - entry.byte_count)
                self._sizes[key] = byte_count
                evicted = cache._shrink()
        for entry in evicted:
            entry.section._on_evict(entry.value)

    def discard(self, key: Hashable) -> None:
        """Forget the value of the key, if there is one."""
        with self._cache._lock:
            self._remove(key)
            self._used_values.pop(key, None)

    def clear(self, *, is_valid: bool = False) -> list[Any]:
        """Drop all values, and return them.

        If they are still valid, those that some thread uses are found until no thread does.
        """
        with self._cache._lock:
            entries = [self._remove(key) for key in list(self._sizes)]
            if not is_valid:
                self._used_values.clear()
        return [entry.value for entry in entries if entry is not None]

    def prefer(self, is_preferred: bool) -> None:
        """Let the values be evicted after those of other sections, or not any more."""
        with self._cache._lock:
            before = self._cache._list_entries(self)
            self.is_preferred = is_preferred
            after = self._cache._list_entries(self)
            if before is not after:
                for key in self._sizes:
                    after[self, key] = before.pop((self, key))

    def _needs(self, key: Hashable) -> bool:
        size = self._sizes[key]
        is_needed = self._needs_largest and self.is_preferred and size <= self._cache.max_bytes
        return is_needed and size == max(self._sizes.values())

    def _remove(self, key: Hashable) -> "_Entry | None":
        """Drop the entry of the key, which others may still refer to; the caller has the lock."""
        entry = self._cache._list_entries(self).pop((self, key), None)
        if entry is not None:
            self._cache._add_bytes(self._kind, -self._sizes.pop(key))
            self._unmeasured.discard(key)
            del self._uses[key]
        return entry


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0

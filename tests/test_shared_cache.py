"""All sections of a cache keep to one limit; the least recently used values go first."""

import threading
from collections import Counter
from typing import Any

import pytest

from service.shared_cache import ENTRY_BYTES, MEASURE_INTERVAL, CacheSection, SharedCache

UNIT = 1000 - ENTRY_BYTES


class _Value:
    """A value that states its size; threads can use it weakly."""

    def __init__(self, size: int = UNIT) -> None:
        self.size = size


def _measure(value: _Value, seen: set[int]) -> int:
    return value.size


def _make_section(cache: SharedCache, kind: str = "kind", **options: Any) -> CacheSection:
    return CacheSection(cache, kind, _measure, **options)


def _list_kept(section: CacheSection, keys: str) -> str:
    """Return those of the keys that have values, without using any."""
    return "".join(key for key in keys if key in section._sizes)


def test_a_value_is_made_once() -> None:
    section = _make_section(SharedCache())
    made: list[str] = []

    def make(key: str) -> _Value:
        made.append(key)
        return _Value()

    for key in "aabab":
        section.get_or_make(key, lambda key=key: make(key))
    assert made == ["a", "b"]


def test_the_least_recently_used_value_of_all_sections_is_evicted() -> None:
    cache = SharedCache(3000)
    one, other = _make_section(cache), _make_section(cache)
    for section, key in ((one, "a"), (other, "b"), (one, "c")):
        section.put(key, _Value())
    one.get("a")
    other.put("d", _Value())
    assert (_list_kept(one, "abcd"), _list_kept(other, "abcd")) == ("ac", "d")
    assert cache.bytes_in_use == 3000


def test_a_large_value_makes_room_for_itself_and_a_too_large_one_is_not_kept() -> None:
    cache = SharedCache(4000)
    section = _make_section(cache, max_share=0.5)
    for key in "abcd":
        section.put(key, _Value())
    section.put("e", _Value(UNIT + 1000))
    assert _list_kept(section, "abcde") == "cde"
    section.put("f", _Value(UNIT + 1001))
    assert _list_kept(section, "abcdef") == "cde"


def test_a_replaced_value_counts_once() -> None:
    cache = SharedCache(3000)
    section = _make_section(cache)
    section.put("a", _Value())
    section.put("a", _Value(UNIT + 500))
    assert cache.bytes_in_use == 1500


def test_preferred_values_are_evicted_last() -> None:
    cache = SharedCache(3000)
    preferred, usual = _make_section(cache), _make_section(cache)
    preferred.put("a", _Value())
    preferred.prefer(True)
    preferred.put("b", _Value())
    for number in range(10):
        usual.put(number, _Value())
    assert (_list_kept(preferred, "ab"), len(usual)) == ("ab", 1)
    preferred.put("c", _Value())
    preferred.put("d", _Value())
    assert (_list_kept(preferred, "abcd"), len(usual)) == ("bcd", 0)
    preferred.prefer(False)
    usual.put("e", _Value())
    assert (_list_kept(preferred, "bcd"), len(usual)) == ("cd", 1)


def test_the_largest_value_is_left_where_it_is_needed() -> None:
    cache = SharedCache(3000)
    section = _make_section(cache, needs_largest=True)
    section.prefer(True)
    section.put("large", _Value(UNIT + 1000))
    for key in "abc":
        section.put(key, _Value())
    assert section.get("large") is not None
    section.put("too large", _Value(5000))
    assert section.get("too large") is None


def test_a_value_that_is_in_use_is_found_after_its_eviction() -> None:
    cache = SharedCache(1000)
    section = _make_section(cache)
    value = _Value()
    section.put("a", value)
    section.put("b", _Value())
    assert section.get("a") is value
    del value
    section.put("b", _Value())
    assert section.get("a") is None


def test_growth_is_measured_after_uses_and_evicts() -> None:
    cache = SharedCache(4000)
    section, other = _make_section(cache), _make_section(cache)
    value = _Value()
    section.put("a", value)
    measured = []
    for use in range(1, 2 * MEASURE_INTERVAL + 2):
        section.get("a")
        value.size += 1
        section.measure_again()
        if cache.bytes_in_use == ENTRY_BYTES + value.size:
            measured.append(use)
    assert measured == [1, 2, 4, 8, 16, 32, 64]
    section.measure_again()
    other.put("b", _Value())
    section.put("c", _Value())
    section.put("c", _Value(3 * UNIT))
    assert cache.bytes_in_use <= 4000


def test_evicted_values_are_handed_over_and_cleared_ones_returned() -> None:
    cache, evicted = SharedCache(2000), []
    section = _make_section(cache, on_evict=evicted.append)
    values = [_Value() for _ in range(3)]
    for number, value in enumerate(values):
        section.put(number, value)
    assert evicted == values[:1]
    assert section.clear() == values[1:]
    assert (evicted, cache.bytes_in_use, section.get(1)) == (values[:1], 0, None)
    section.put(1, values[1])
    assert section.clear(is_valid=True) == values[1:2]
    assert cache.bytes_in_use == 0
    assert section.get(1) is values[1]


def test_changes_are_reported_by_kind() -> None:
    cache, reported = SharedCache(2000), Counter[str]()
    first = _make_section(cache, "first")
    first.put("a", _Value())
    cache.report_changes_to(reported.__setitem__)
    assert reported == {"first": 1000}
    second = _make_section(cache, "second")
    for key in "bc":
        second.put(key, _Value())
    assert reported == {"first": 0, "second": 2000}
    second.discard("b")
    assert reported["second"] == 1000


def test_threads_wait_only_for_the_value_that_they_need() -> None:
    section = _make_section(SharedCache())
    is_making, may_end = threading.Event(), threading.Event()
    made: list[_Value] = []

    def make_slowly() -> _Value:
        is_making.set()
        assert may_end.wait(10)
        return _Value()

    def need() -> None:
        made.append(section.get_or_make("slow", make_slowly))

    threads = [threading.Thread(target=need) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert is_making.wait(10)
    other = section.get_or_make("other", _Value)  # Does not wait for the slow one.
    assert other is section.get("other")
    may_end.set()
    for thread in threads:
        thread.join()
    assert made[0] is made[1]


def test_a_value_that_cannot_be_made_leaves_the_cache_usable() -> None:
    section = _make_section(SharedCache())

    def fail() -> _Value:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        section.get_or_make("a", fail)
    value = _Value()
    assert section.get_or_make("a", lambda: value) is value

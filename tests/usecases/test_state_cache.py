"""States of the record in memory: within the limit, and the present one stays."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from schemas.report_in import ReportIn
from service.domain.totals_query import TotalsQuery
from service.object_size import measure_bytes
from service.shared_cache import SharedCache
from service.store.interface import Store
from service.usecases.consistency import MonotonicReader
from service.usecases.reports import submit_report
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import Snapshot, StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals, is_cached
from tests.conftest import START_TIME
from tests.support import bodies

REPORTS = 30


@pytest.fixture
def record(store: Store) -> Callable[[int], None]:
    """Record as many reports."""
    numbers = iter(range(1000))

    def record_reports(count: int) -> None:
        for number in (next(numbers) for _ in range(count)):
            body = bodies.make_report(figures=[bodies.make_figure(exactly=number, wording=...)])
            submit_report(
                store,
                ReportIn().load(body),
                actor="k",
                now=START_TIME,
                new_id=lambda number=number: f"r{number}",  # type: ignore[misc]
            )

    return record_reports


def ask(store: Store, cache: StateCache, seq: int | None = None, **fields: Any) -> Snapshot:
    """Compute the totals as of the event, and return the state."""
    reader = RequestReader(MonotonicReader(store), cache)
    seq = reader.seq if seq is None else seq
    compute_totals(reader, TotalsQuery(**fields), seq, TimeBudget(60.0, 600.0))
    reader.measure_again()
    snapshot = reader.load_snapshot(seq)
    reader.release()
    return snapshot


def has_result(store: Store, cache: StateCache) -> bool:
    reader = RequestReader(MonotonicReader(store), cache)
    try:
        return is_cached(reader, TotalsQuery(), reader.seq)
    finally:
        reader.release()


def measure_use(store: Store, record: Callable[[int], None]) -> int:
    """Return the bytes that one state and one result take."""
    record(REPORTS)
    cache = StateCache()
    ask(store, cache)
    return cache.cache.bytes_in_use


def test_many_queries_keep_to_the_limit(store: Store, record: Callable[[int], None]) -> None:
    cache = StateCache(SharedCache(3 * measure_use(store, record)))
    highest = 0
    for number in range(2 * REPORTS):
        ask(store, cache, number % REPORTS, explain=number >= REPORTS)
        highest = max(highest, cache.cache.bytes_in_use)
    assert cache.cache.max_bytes / 2 < highest <= cache.cache.max_bytes


def test_changing_moments_do_not_evict_the_present_state(
    store: Store, record: Callable[[int], None]
) -> None:
    cache = StateCache(SharedCache(2 * measure_use(store, record)))
    present = ask(store, cache)
    engines = dict(present._engines._sizes)
    for seq in range(REPORTS):
        ask(store, cache, seq)
    assert has_result(store, cache)
    assert dict(present._engines._sizes) == engines
    assert ask(store, cache) is present


def test_a_later_state_takes_the_place_of_the_present_one(
    store: Store, record: Callable[[int], None]
) -> None:
    limit = 2 * measure_use(store, record)
    cache = StateCache(SharedCache(limit))
    former = ask(store, cache)
    record(1)
    present = ask(store, cache)
    assert (former is present, present.results.is_preferred) == (False, True)
    assert not former.results.is_preferred
    for seq in range(REPORTS):
        ask(store, cache, seq)
    assert ask(store, cache) is present
    assert len(former.results) == 0


def test_an_evicted_state_takes_with_it_what_was_made_of_it(
    store: Store, record: Callable[[int], None]
) -> None:
    cache = StateCache(SharedCache(2 * measure_use(store, record)))
    ask(store, cache)
    for seq in range(REPORTS):
        ask(store, cache, seq)
    owners = {
        entry.section
        for entry in cache.cache._usual.values()
        if entry.section._kind in ("engines", "results", "selections", "summaries")
    }
    kept = list(cache._snapshots._sizes)
    alive = [cache.find(*key) for key in kept]
    sections = {section for each in alive if each is not None for section in each._sections}
    assert owners <= sections


def test_a_cache_that_is_too_small_changes_no_answer(
    store: Store, record: Callable[[int], None]
) -> None:
    record(REPORTS)
    reader = RequestReader(MonotonicReader(store), StateCache())
    ample = compute_totals(reader, TotalsQuery(), reader.seq, TimeBudget(60.0, 600.0))
    cache = StateCache(SharedCache(1))
    for _ in range(2):
        reader = RequestReader(MonotonicReader(store), cache)
        result = compute_totals(reader, TotalsQuery(), reader.seq, TimeBudget(60.0, 600.0))
        assert [each.total for each in result.totals] == [each.total for each in ample.totals]
        reader.release()
    assert cache.cache.bytes_in_use <= 1


def test_a_state_that_is_being_made_keeps_nobody_from_the_present_one(
    store: Store, record: Callable[[int], None]
) -> None:
    record(3)
    cache = StateCache()
    present = ask(store, cache)
    with cache._columns_lock:  # Another state is being made for as long as this.
        maker = threading.Thread(target=ask, args=(store, cache, 2))
        maker.start()
        found: list[Snapshot] = []
        finder = threading.Thread(target=lambda: found.append(ask(store, cache)))
        finder.start()
        finder.join(10)
        assert found == [present]
    maker.join(10)
    assert not maker.is_alive()


def test_subjects_and_counts_are_made_once_and_counted_as_memory(
    store: Store, record: Callable[[int], None]
) -> None:
    record(3)
    cache = StateCache()
    snapshot = ask(store, cache)
    before = cache.cache.bytes_in_use
    (reporter,) = snapshot.state.reporters
    made = [
        snapshot.list_subjects(),
        snapshot.list_subjects(reporter),
        snapshot.count_figures_by_place(),
        snapshot.count_figures_by_group(),
    ]
    assert made[0] and made[0] == made[1]
    assert all(made)
    assert cache.cache.bytes_in_use > before + sum(map(measure_bytes, made))
    assert snapshot.list_subjects() is made[0]
    assert snapshot.list_subjects(reporter) is made[1]
    assert snapshot.count_figures_by_place() is made[2]
    record(1)
    assert ask(store, cache).list_subjects()[0].figure_count > made[0][0].figure_count


def test_subjects_are_the_same_without_memory(store: Store, record: Callable[[int], None]) -> None:
    record(3)
    ample, small = ask(store, StateCache()), ask(store, StateCache(SharedCache(1)))
    assert small.list_subjects() == ample.list_subjects()
    assert small.count_figures_by_group() == ample.count_figures_by_group()

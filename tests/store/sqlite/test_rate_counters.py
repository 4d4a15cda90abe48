"""Rate counters in SQLite: shared by all processes, per client and window; or unavailable."""

from collections.abc import Callable
from pathlib import Path

import pytest

from service.domain.rate_limit import RateLimit, RateLimitStatus
from service.store import rate_counters
from service.store.rate_counters import CounterUnavailableError
from service.store.sqlite.rate_counters import FILE_SUFFIX, FileRateCounters
from tests.support.processes import run_in_processes

RATE = RateLimit(3, 60)
NOW = 1_000_000.0


@pytest.fixture
def counters(tmp_path: Path) -> FileRateCounters:
    """Counters in a folder for one test."""
    return FileRateCounters(tmp_path / "x.db", RATE)


def test_each_client_has_a_window_of_its_own_that_begins_with_its_first_request(
    counters: FileRateCounters,
) -> None:
    assert counters.count("a", NOW) == RateLimitStatus(1, 60)
    assert counters.count("a", NOW + 20.5) == RateLimitStatus(2, 40)
    assert counters.count("b", NOW + 30) == RateLimitStatus(1, 60)
    assert counters.count("a", NOW + 59.9) == RateLimitStatus(3, 1)
    assert counters.count("a", NOW + 60) == RateLimitStatus(1, 60)
    assert counters.count("b", NOW + 60) == RateLimitStatus(2, 30)


def test_expired_windows_are_deleted(counters: FileRateCounters) -> None:
    counters.count("from 192.0.2.1", NOW)
    counters.count("b", NOW + 61)
    counters.close()
    assert b"192.0.2.1" not in counters.path.read_bytes()


def test_a_clock_that_is_set_back_blocks_no_client(counters: FileRateCounters) -> None:
    for _ in range(5):
        counters.count("a", NOW)
    assert counters.count("a", NOW - 3_600) == RateLimitStatus(1, 60)


def test_the_counters_are_in_a_separate_file(counters: FileRateCounters, tmp_path: Path) -> None:
    counters.count("a", NOW)
    counters.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"x.db{FILE_SUFFIX}"]


def _count_many(path: str) -> list[int]:
    shared = FileRateCounters(Path(path), RATE)
    standings = [shared.count("a", NOW) for _ in range(50)]
    return [each.requests for each in standings if each is not None]


def test_processes_share_the_counters(tmp_path: Path) -> None:
    counts = run_in_processes(_count_many, str(tmp_path / "x.db"))
    assert sorted(number for numbers in counts for number in numbers) == list(range(1, 201))


def _damage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)


@pytest.mark.parametrize("spoil", [_damage, Path.mkdir], ids=["damaged", "folder"])
def test_an_unusable_file_is_reported_once_and_not_tried_again_for_a_while(
    counters: FileRateCounters, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    spoil(counters.path)
    with pytest.raises(CounterUnavailableError):
        counters.count("a", NOW)
    assert counters.count("a", NOW) is None
    monkeypatch.setattr(rate_counters, "PAUSE_AFTER_FAILURE_SECONDS", -1.0)
    counters._paused_until = 0.0
    for _ in range(2):
        with pytest.raises(CounterUnavailableError):
            counters.count("a", NOW)


def test_counting_resumes_when_the_file_is_usable(
    counters: FileRateCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_counters, "PAUSE_AFTER_FAILURE_SECONDS", -1.0)
    counters.path.mkdir()
    with pytest.raises(CounterUnavailableError):
        counters.count("a", NOW)
    counters.path.rmdir()
    assert counters.count("a", NOW) == RateLimitStatus(1, 60)

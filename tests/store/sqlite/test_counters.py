"""Requests are counted by client, in windows, by all processes together; or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from service.domain.rate_limit import RateLimit, RateLimitStatus
from service.store import rate_counters
from service.store.rate_counters import CounterUnavailableError
from service.store.sqlite.rate_counters import BESIDE, FileCounters
from tests.check import at_once

RATE = RateLimit(3, 60)
NOW = 1_000_000.0


@pytest.fixture
def counted(tmp_path: Path) -> FileCounters:
    """Counters in a folder of the test's own."""
    return FileCounters(tmp_path / "x.db", RATE)


def test_each_client_has_a_window_of_its_own_that_begins_with_its_first_request(
    counted: FileCounters,
) -> None:
    assert counted.count("a", NOW) == RateLimitStatus(1, 60)
    assert counted.count("a", NOW + 20.5) == RateLimitStatus(2, 40)
    assert counted.count("b", NOW + 30) == RateLimitStatus(1, 60)
    assert counted.count("a", NOW + 59.9) == RateLimitStatus(3, 1)
    assert counted.count("a", NOW + 60) == RateLimitStatus(1, 60)
    assert counted.count("b", NOW + 60) == RateLimitStatus(2, 30)


def test_what_ended_is_forgotten(counted: FileCounters) -> None:
    counted.count("from 192.0.2.1", NOW)
    counted.count("b", NOW + 61)
    counted.close()
    assert b"192.0.2.1" not in counted.path.read_bytes()


def test_a_clock_that_is_put_back_locks_nobody_out(counted: FileCounters) -> None:
    for _ in range(5):
        counted.count("a", NOW)
    assert counted.count("a", NOW - 3_600) == RateLimitStatus(1, 60)


def test_the_counts_are_in_a_file_apart(counted: FileCounters, tmp_path: Path) -> None:
    counted.count("a", NOW)
    counted.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"x.db{BESIDE}"]


def _many(path: str) -> list[int]:
    shared = FileCounters(Path(path), RATE)
    standings = [shared.count("a", NOW) for _ in range(50)]
    return [each.requests for each in standings if each is not None]


def test_processes_that_begin_together_count_together(tmp_path: Path) -> None:
    found = at_once(_many, str(tmp_path / "x.db"))
    assert sorted(number for numbers in found for number in numbers) == list(range(1, 201))


def _damage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)


@pytest.mark.parametrize("spoil", [_damage, Path.mkdir], ids=["damaged", "folder"])
def test_a_file_that_cannot_be_used_is_told_once_and_then_left_alone_for_a_while(
    counted: FileCounters, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    spoil(counted.path)
    with pytest.raises(CounterUnavailableError):
        counted.count("a", NOW)
    assert counted.count("a", NOW) is None
    monkeypatch.setattr(rate_counters, "REST", -1.0)
    counted._resting_until = 0.0
    for _ in range(2):
        with pytest.raises(CounterUnavailableError):
            counted.count("a", NOW)


def test_it_counts_again_when_the_file_can_be_used(
    counted: FileCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_counters, "REST", -1.0)
    counted.path.mkdir()
    with pytest.raises(CounterUnavailableError):
        counted.count("a", NOW)
    counted.path.rmdir()
    assert counted.count("a", NOW) == RateLimitStatus(1, 60)

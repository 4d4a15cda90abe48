"""What clients know of what they sent: acknowledged, refused or in doubt; and whether it is so."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from threading import Event, Lock, Thread
from typing import Any, Final

from tests.faults.client import Answer, Client, UnreachableError
from tests.support import bodies

CLIENT_COUNT: Final = 4
FIRST_DAY: Final = date(1990, 1, 1)


@dataclass
class SentReports:
    """The clients' own ledger, by ref; safe to share between their threads."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)
    refused: dict[str, Answer] = field(default_factory=dict)
    doubts: int = 0
    settled: int = 0
    longest_gap: float = 0.0
    _last: float | None = None
    _numbers: Iterator[int] = field(default_factory=count)
    _lock: Lock = field(default_factory=Lock)

    def next_ref(self) -> str:
        """Return a ref that was never sent."""
        with self._lock:
            return f"ref-{next(self._numbers)}"

    def note_response(self, ref: str, answer: Answer | None) -> None:
        """Note what came of a report; no answer leaves it in doubt."""
        with self._lock:
            if answer is None:
                self.in_doubt.add(ref)
                self.doubts += 1
            elif answer.status in (200, 201):
                self._acknowledge(ref, answer.body["id"])
            else:
                self.refused[ref] = answer

    def settle_doubt(self, ref: str, answer: Answer) -> None:
        """Note the answer to a report that was in doubt and is sent again."""
        with self._lock:
            assert answer.status in (200, 201), answer
            self.in_doubt.remove(ref)
            self.settled += answer.status == 200 or answer.replayed
            self._acknowledge(ref, answer.body["id"])

    def pause_gap_clock(self) -> None:
        """Count no gap from here to the next answer."""
        with self._lock:
            self._last = None

    def _acknowledge(self, ref: str, report_id: str) -> None:
        assert ref not in self.acknowledged, ref
        self.acknowledged[ref] = report_id
        now = time.monotonic()
        if self._last is not None:
            self.longest_gap = max(self.longest_gap, now - self._last)
        self._last = now


def make_body(ref: str) -> dict[str, Any]:
    """Return the report of one killed person on a day and in a place of its own, by its ref."""
    number = int(ref.removeprefix("ref-"))
    day = str(FIRST_DAY + timedelta(days=number // 7))
    return bodies.make_report(
        ref=ref,
        quote=f"one person was killed, says {ref}",
        period={"from": day, "to": day},
        places=[bodies.make_place(f"place-{number % 7}")],
        figures=[bodies.make_figure(outcomes=["killed"], wording=..., exactly=1)],
    )


@contextmanager
def keep_posting(
    urls: Sequence[str], key: str, sent_reports: SentReports, pause_seconds: float = 0.0
) -> Iterator[None]:
    """Keep clients posting inside, to each service in turn; ``rest`` seconds between two posts."""

    def post(number: int, is_finished: Event) -> None:
        _post_until_finished(
            urls[number % len(urls)], key, sent_reports, is_finished, pause_seconds
        )

    with run_clients(post, max(CLIENT_COUNT, len(urls)), sent_reports):
        yield


@contextmanager
def run_clients(
    post: Callable[[int, Event], None], client_count: int, sent_reports: SentReports
) -> Iterator[None]:
    """Run so many clients inside the block; each gets its number and the event that ends it."""
    is_finished = Event()
    sent_reports.pause_gap_clock()
    clients = [Thread(target=post, args=(number, is_finished)) for number in range(client_count)]
    for each in clients:
        each.start()
    try:
        yield
    finally:
        is_finished.set()
        for each in clients:
            each.join()


def _post_until_finished(
    url: str, key: str, sent_reports: SentReports, is_finished: Event, pause_seconds: float
) -> None:
    with Client(url, key) as client:
        ref = sent_reports.next_ref()
        while not is_finished.wait(pause_seconds):
            try:
                answer = client.post("/v1/reports", make_body(ref))
            except UnreachableError:
                is_finished.wait(0.02)
                continue
            except OSError:
                sent_reports.note_response(ref, None)
            else:
                sent_reports.note_response(ref, answer)
                if answer.status >= 400:
                    is_finished.wait(0.02)
            ref = sent_reports.next_ref()


def resend_doubtful(url: str, key: str, sent_reports: SentReports) -> None:
    """Post what is in doubt once more: it is known, or it is new; twice it is never."""
    with Client(url, key) as client:
        for ref in sorted(sent_reports.in_doubt):
            sent_reports.settle_doubt(ref, client.post("/v1/reports", make_body(ref)))


def fetch_events(url: str) -> list[tuple[int, str, str]]:
    """Return number, kind and subject of every entry that the service's feed gives."""
    events: list[tuple[int, str, str]] = []
    with Client(url) as client:
        while True:
            page = client.get(f"/v1/changes?limit=1000&since={events[-1][0] if events else 0}").body
            events += [(each["seq"], each["kind"], each["subject"]) for each in page["changes"]]
            if not page["pending"]:
                return events


@dataclass(frozen=True)
class Differences:
    """How the record differs from what the clients know, by ref."""

    lost: list[str]
    doubled: list[str]
    unknown: list[str]


def compare_with_record(url: str, sent_reports: SentReports) -> Differences:
    """Return how the service's reports differ from what its clients know of them."""
    with Client(url) as client:
        reports = client.list_all("/v1/reports?limit=1000", "reports")
    count_by_ref = Counter(each["ref"] for each in reports)
    id_by_ref = {each["ref"]: each["id"] for each in reports}
    possible_refs = sent_reports.acknowledged.keys() | sent_reports.in_doubt
    return Differences(
        lost=[
            ref
            for ref, report_id in sent_reports.acknowledged.items()
            if id_by_ref.get(ref) != report_id
        ],
        doubled=[ref for ref, times_recorded in count_by_ref.items() if times_recorded > 1],
        unknown=[ref for ref in count_by_ref if ref not in possible_refs],
    )


def wait_for_acknowledged(
    sent_reports: SentReports, more: int, timeout_seconds: float = 30.0
) -> None:
    """Return when so many more reports are acknowledged."""
    enough = len(sent_reports.acknowledged) + more
    wait_until(lambda: len(sent_reports.acknowledged) >= enough, timeout_seconds)


def wait_until(condition: Callable[[], bool], timeout_seconds: float = 30.0) -> None:
    """Return when it holds; fails where it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "this took too long"
        time.sleep(0.01)

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

from tests import make
from tests.faults.client import Answer, Client, Unreached

CLIENTS: Final = 4
FIRST_DAY: Final = date(1990, 1, 1)


@dataclass
class Sent:
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

    def note(self, ref: str, answer: Answer | None) -> None:
        """Note what came of a report; no answer leaves it in doubt."""
        with self._lock:
            if answer is None:
                self.in_doubt.add(ref)
                self.doubts += 1
            elif answer.status in (200, 201):
                self._acknowledge(ref, answer.body["id"])
            else:
                self.refused[ref] = answer

    def settle(self, ref: str, answer: Answer) -> None:
        """Note the answer to a report that was in doubt and is sent again."""
        with self._lock:
            assert answer.status in (200, 201), answer
            self.in_doubt.remove(ref)
            self.settled += answer.status == 200 or answer.replayed
            self._acknowledge(ref, answer.body["id"])

    def pause(self) -> None:
        """Count no gap from here to the next answer."""
        with self._lock:
            self._last = None

    def _acknowledge(self, ref: str, id: str) -> None:
        assert ref not in self.acknowledged, ref
        self.acknowledged[ref] = id
        now = time.monotonic()
        if self._last is not None:
            self.longest_gap = max(self.longest_gap, now - self._last)
        self._last = now


def body(ref: str) -> dict[str, Any]:
    """Return the report of one killed person on a day and in a place of its own, by its ref."""
    number = int(ref.removeprefix("ref-"))
    day = str(FIRST_DAY + timedelta(days=number // 7))
    return make.report(
        ref=ref,
        quote=f"one person was killed, says {ref}",
        period={"from": day, "to": day},
        places=[make.place(f"place-{number % 7}")],
        figures=[make.figure(outcomes=["killed"], wording=..., exactly=1)],
    )


@contextmanager
def posting(urls: Sequence[str], key: str, sent: Sent, rest: float = 0.0) -> Iterator[None]:
    """Keep clients posting inside, to each service in turn; ``rest`` seconds between two posts."""

    def post(at: int, enough: Event) -> None:
        _post(urls[at % len(urls)], key, sent, enough, rest)

    with at_work(post, max(CLIENTS, len(urls)), sent):
        yield


@contextmanager
def at_work(post: Callable[[int, Event], None], many: int, sent: Sent) -> Iterator[None]:
    """Keep so many clients at work inside, each told its number and what says that it is enough."""
    enough = Event()
    sent.pause()
    clients = [Thread(target=post, args=(number, enough)) for number in range(many)]
    for each in clients:
        each.start()
    try:
        yield
    finally:
        enough.set()
        for each in clients:
            each.join()


def _post(url: str, key: str, sent: Sent, enough: Event, rest: float) -> None:
    with Client(url, key) as client:
        ref = sent.next_ref()
        while not enough.wait(rest):
            try:
                answer = client.post("/v1/reports", body(ref))
            except Unreached:
                enough.wait(0.02)
                continue
            except OSError:
                sent.note(ref, None)
            else:
                sent.note(ref, answer)
                if answer.status >= 400:
                    enough.wait(0.02)
            ref = sent.next_ref()


def post_again(url: str, key: str, sent: Sent) -> None:
    """Post what is in doubt once more: it is known, or it is new; twice it is never."""
    with Client(url, key) as client:
        for ref in sorted(sent.in_doubt):
            sent.settle(ref, client.post("/v1/reports", body(ref)))


def entries(url: str) -> list[tuple[int, str, str]]:
    """Return number, kind and subject of every entry that the service's feed gives."""
    found: list[tuple[int, str, str]] = []
    with Client(url) as client:
        while True:
            page = client.get(f"/v1/changes?limit=1000&since={found[-1][0] if found else 0}").body
            found += [(each["seq"], each["kind"], each["subject"]) for each in page["changes"]]
            if not page["pending"]:
                return found


@dataclass(frozen=True)
class Found:
    """How the record differs from what the clients know, by ref."""

    lost: list[str]
    doubled: list[str]
    strange: list[str]


def compared(url: str, sent: Sent) -> Found:
    """Return how the service's reports differ from what its clients know of them."""
    with Client(url) as client:
        listed = client.all("/v1/reports?limit=1000", "reports")
    times = Counter(each["ref"] for each in listed)
    ids = {each["ref"]: each["id"] for each in listed}
    possible = sent.acknowledged.keys() | sent.in_doubt
    return Found(
        lost=[ref for ref, id in sent.acknowledged.items() if ids.get(ref) != id],
        doubled=[ref for ref, often in times.items() if often > 1],
        strange=[ref for ref in times if ref not in possible],
    )


def await_more(sent: Sent, more: int, patience: float = 30.0) -> None:
    """Return when so many more reports are acknowledged."""
    enough = len(sent.acknowledged) + more
    await_that(lambda: len(sent.acknowledged) >= enough, patience)


def await_that(holds: Callable[[], bool], patience: float = 30.0) -> None:
    """Return when it holds; fails where it does not in time."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "this took too long"
        time.sleep(0.01)

"""Clients that send what is in doubt again under the same Idempotency-Key, until it is answered."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

from tests.faults.client import Client, Unreached
from tests.faults.posting import Sent, at_work, body

CLIENTS: Final = 6
PATIENCE: Final = 10.0
"""Seconds after which a client gives an answer up and asks again."""

REST: Final = 0.1
"""Seconds between two reports of one client."""

SETTLED: Final = 90.0
"""Seconds within which every request must be answered, however often it is sent."""


@contextmanager
def posting(url: str, key: str, sent: Sent) -> Iterator[None]:
    """Keep clients posting inside; afterwards nothing is in doubt, or ``sent`` has it there."""

    def post(number: int, enough: Event) -> None:
        _post(url, key, sent, enough)

    with at_work(post, CLIENTS, sent):
        yield


def _post(url: str, key: str, sent: Sent, enough: Event) -> None:
    with Client(url, key, PATIENCE) as client:
        while not enough.wait(REST):
            _settle(client, sent, sent.next_ref())


def _settle(client: Client, sent: Sent, ref: str) -> None:
    """Send one report until it is taken or refused; any answer of 5xx leaves it in doubt."""
    doubtful = False
    end = time.monotonic() + SETTLED
    while time.monotonic() < end:
        try:
            answer = client.post("/v1/reports", body(ref), once=f"key-of-{ref}")
        except Unreached:
            pass  # Nothing was sent, so that there is nothing to doubt.
        except OSError:
            doubtful = _doubt(sent, ref, doubtful)
        else:
            if answer.status < 500:
                if doubtful and answer.status in (200, 201):
                    sent.settle(ref, answer)
                else:
                    sent.note(ref, answer)
                return
            doubtful = _doubt(sent, ref, doubtful)
        time.sleep(0.2)


def _doubt(sent: Sent, ref: str, doubtful: bool) -> bool:
    if not doubtful:
        sent.note(ref, None)
    return True

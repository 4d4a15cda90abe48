"""Clients that send what is in doubt again under the same Idempotency-Key, until it is answered."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

from tests.faults.client import Client, UnreachableError
from tests.faults.posting_clients import SentReports, make_body, run_clients

CLIENT_COUNT: Final = 6
TIMEOUT_SECONDS: Final = 10.0
"""Seconds after which a client gives up a response and sends the request again."""

PAUSE_SECONDS: Final = 0.1
"""Seconds between two reports of one client."""

SETTLE_SECONDS: Final = 90.0
"""Seconds within which every request must be answered, however often it is sent."""


@contextmanager
def keep_posting(url: str, key: str, sent_reports: SentReports) -> Iterator[None]:
    """Keep clients posting inside; afterwards nothing is in doubt, or ``sent`` has it there."""

    def post(number: int, is_finished: Event) -> None:
        _post_until_finished(url, key, sent_reports, is_finished)

    with run_clients(post, CLIENT_COUNT, sent_reports):
        yield


def _post_until_finished(url: str, key: str, sent_reports: SentReports, is_finished: Event) -> None:
    with Client(url, key, TIMEOUT_SECONDS) as client:
        while not is_finished.wait(PAUSE_SECONDS):
            _send_until_answered(client, sent_reports, sent_reports.next_ref())


def _send_until_answered(client: Client, sent_reports: SentReports, ref: str) -> None:
    """Send one report until it is taken or refused; any answer of 5xx leaves it in doubt."""
    is_doubtful = False
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        try:
            answer = client.post("/v1/reports", make_body(ref), idempotency_key=f"key-of-{ref}")
        except UnreachableError:
            pass  # Nothing was sent, so that there is nothing to doubt.
        except OSError:
            is_doubtful = _note_doubt(sent_reports, ref, is_doubtful)
        else:
            if answer.status < 500:
                if is_doubtful and answer.status in (200, 201):
                    sent_reports.settle_doubt(ref, answer)
                else:
                    sent_reports.note_response(ref, answer)
                return
            is_doubtful = _note_doubt(sent_reports, ref, is_doubtful)
        time.sleep(0.2)


def _note_doubt(sent_reports: SentReports, ref: str, is_doubtful: bool) -> bool:
    if not is_doubtful:
        sent_reports.note_response(ref, None)
    return True

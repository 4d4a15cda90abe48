"""The reader of a request, and the headers that state and demand how far it sees.

If requests are read from standbys, an event that was just acknowledged may not be there yet. A
client that must see it sends its number in Casualty-Min-Seq (read-your-writes). Each response has
the number of the last event that the reader saw in Casualty-Seq.
"""

from contextlib import suppress
from typing import Final

from flask import Flask, Response, g, request

from service.domain.errors import DomainError, invalid_field
from service.http.context import get_services
from service.http.costly_work import take_slot
from service.http.long_poll_slots import catch_up_slots, is_waiting_allowed, try_acquire_slot
from service.store.interface import Reader
from service.usecases import changes
from service.usecases.consistency import MonotonicReader
from service.usecases.request_reader import RequestReader

SEQ_HEADER: Final = "Casualty-Seq"
"""The response was made from all events up to this one, and perhaps from later ones."""

MIN_SEQ_HEADER: Final = "Casualty-Min-Seq"
"""The response must be made from all events up to this one."""

MAX_WAIT_SECONDS: Final = 2.0
"""How long a request waits for the event that it demands."""

MAX_SEQ_DIGITS: Final = 15


def register(app: Flask) -> None:
    """Add Casualty-Seq to responses, and close the reader of each request at its end."""
    app.after_request(_add_seq_header)
    app.teardown_appcontext(_release_reader)


def get_reader() -> RequestReader:
    """Return the reader of this request; the first call opens its transaction.

    Raises InvalidInputError if Casualty-Min-Seq is not a number, and LockTimeoutError if the record
    does not reach that event in time.
    """
    if "reader" not in g:
        services = get_services()
        source = MonotonicReader(services.read_store, _read_min_seq(), _wait_until_caught_up)
        g.reader = RequestReader(source, services.state_cache, take_slot)
        g.reader_seq = g.reader.seq
    reader: RequestReader = g.reader
    return reader


def parse_seq(header: str, value: str) -> int:
    """Return the number of an event that a header contains; raises InvalidInputError."""
    if not (value.isascii() and value.isdigit() and len(value) <= MAX_SEQ_DIGITS):
        raise invalid_field(header, "This must be the number of an event.")
    return int(value)


def _read_min_seq() -> int:
    return parse_seq(MIN_SEQ_HEADER, request.headers.get(MIN_SEQ_HEADER, "0"))


def _wait_until_caught_up(reader: Reader, seq: int) -> bool:
    """Whether the standby received the event in time; only a few requests may wait at once."""
    with try_acquire_slot(catch_up_slots) as has_slot:
        return has_slot and changes.wait_for_event(
            reader, seq - 1, MAX_WAIT_SECONDS, is_waiting_allowed
        )


def _add_seq_header(response: Response) -> Response:
    if "reader_seq" in g:
        response.headers[SEQ_HEADER] = str(g.reader_seq)
    return response


def _release_reader(error: BaseException | None) -> None:
    """End the transaction of the request, after an error too."""
    reader: RequestReader | None = g.pop("reader", None)
    if reader is not None:
        with suppress(DomainError):  # Nothing that was read is lost if it cannot be ended.
            reader.release()

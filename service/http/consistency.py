"""How far the record reaches that answers a reader: told with the answer, waited for where asked.

Where readers are served from standbys, what one has just written may not be there yet. Who must see
it sends the number of the entry; everybody else is told how far the answer goes.
"""

from typing import Final

from flask import Flask, Response, g, request

from service.domain.errors import invalid_field
from service.http.context import get_services
from service.http.long_poll_slots import catch_up_slots, try_acquire_slot
from service.serving import runtime_dir
from service.store.interface import Reader
from service.usecases import changes
from service.usecases.consistency import MonotonicReader

SEQ_HEADER: Final = "Casualty-Seq"
"""The answer holds every entry up to this one, and perhaps later ones."""

MIN_SEQ_HEADER: Final = "Casualty-Min-Seq"
"""The answer must hold every entry up to this one."""

MAX_WAIT_SECONDS: Final = 2.0
"""So long an answer waits for the entry that is demanded."""


def register(app: Flask) -> None:
    """Tell whoever read the record how far it reached."""
    app.after_request(_add_seq_header)


def get_reader() -> Reader:
    """Return the record that this request reads, having seen that it reaches as far as demanded.

    Raises InvalidInputError for a demand that is no number, and LockTimeoutError for one that is
    not met in time.
    """
    if "reader" not in g:
        g.reader = MonotonicReader(
            get_services().read_store, _read_min_seq(), _wait_until_caught_up
        )
        with g.reader.read_transaction():
            g.reader_seq = g.reader.seq
    reader: MonotonicReader = g.reader
    return reader


def _read_min_seq() -> int:
    value = request.headers.get(MIN_SEQ_HEADER, "0")
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise invalid_field(MIN_SEQ_HEADER, "This must be the number of an entry.")
    return int(value)


def _wait_until_caught_up(reader: Reader, seq: int) -> bool:
    """Whether the copy holds the entry, having waited a little; not everybody may wait at once."""
    with try_acquire_slot(catch_up_slots) as has_slot:
        return has_slot and changes.wait_for_event(
            reader, seq - 1, MAX_WAIT_SECONDS, _is_not_draining
        )


def _is_not_draining() -> bool:
    return not runtime_dir.is_draining()


def _add_seq_header(response: Response) -> Response:
    if "reader_seq" in g:
        response.headers[SEQ_HEADER] = str(g.reader_seq)
    return response

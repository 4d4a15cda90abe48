"""How far the record reaches that answers a reader: told with the answer, waited for where asked.

Where readers are served from standbys, what one has just written may not be there yet. Who must see
it sends the number of the entry; everybody else is told how far the answer goes.
"""

from typing import Final

from flask import Flask, Response, g, request

from service.domain.errors import invalid_field
from service.http.context import parts
from service.http.long_poll_slots import catching_up, turn
from service.serving import runtime_dir
from service.store.interface import Reader
from service.usecases import changes
from service.usecases.consistency import Reaching

HELD: Final = "Casualty-Seq"
"""The answer holds every entry up to this one, and perhaps later ones."""

DEMANDED: Final = "Casualty-Min-Seq"
"""The answer must hold every entry up to this one."""

SECONDS: Final = 2.0
"""So long an answer waits for the entry that is demanded."""


def register(app: Flask) -> None:
    """Tell whoever read the record how far it reached."""
    app.after_request(_tell)


def record() -> Reader:
    """Return the record that this request reads, having seen that it reaches as far as demanded.

    Raises InvalidInputError for a demand that is no number, and LockTimeoutError for one that is
    not met in time.
    """
    if "record" not in g:
        g.record = Reaching(parts().readers, _demanded(), _caught_up)
        with g.record.read_transaction():
            g.held = g.record.seq
    reaching: Reaching = g.record
    return reaching


def _demanded() -> int:
    demanded = request.headers.get(DEMANDED, "0")
    if not (demanded.isascii() and demanded.isdigit() and len(demanded) <= 15):
        raise invalid_field(DEMANDED, "This must be the number of an entry.")
    return int(demanded)


def _caught_up(readable: Reader, seq: int) -> bool:
    """Whether the copy holds the entry, having waited a little; not everybody may wait at once."""
    with turn(catching_up) as mine:
        return mine and changes.wait(readable, seq - 1, SECONDS, _going_on)


def _going_on() -> bool:
    return not runtime_dir.draining()


def _tell(response: Response) -> Response:
    if "held" in g:
        response.headers[HELD] = str(g.held)
    return response

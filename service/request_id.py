"""The id of the request that is being answered: what its lines in every log are found by.

Whoever is in front sends it (``X-Request-ID``), the log has it in every line, and the store may put
it into its queries. Any room may ask for it; only the web sets it.
"""

import re
import secrets
from contextvars import ContextVar
from typing import Final

from service.domain.access import without_keys

_SANE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request() -> str | None:
    """Return the id of the request that is worked on here; None where there is none.

    It is of letters, digits, dots, underscores and hyphens, 64 at most, and holds no key: it may
    stand in a comment of SQL as it is. In the thread that writes for all it is the id of the
    request whose job is being done; what begins and ends a transaction there belongs to none.
    """
    return _current.get()


class answering:
    """Inside, this thread answers the request that was sent with this id.

    One that is empty, or not fit to be repeated, is replaced by a new one. It is no generator: one
    that is left open ends when memory is tidied up, which may be while a context variable is being
    set; to set one then makes CPython crash.
    """

    def __init__(self, sent: str) -> None:
        """Take the id as it was sent."""
        sane = _SANE.fullmatch(sent) and without_keys(sent) == sent
        self._id = sent if sane else secrets.token_hex(8)

    def __enter__(self) -> None:
        """Begin to answer it."""
        _current.set(self._id)

    def __exit__(self, *raised: object) -> None:
        """Answer none from now on: a thread answers one after another, never two at once."""
        _current.set(None)

"""The id of the current request, by which its lines are found in all logs.

A proxy may send it in X-Request-ID. Each line of the log has it, and the store adds it to its
SQL as a comment. Any module may read it; only the HTTP layer sets it.
"""

import re
import secrets
from contextvars import ContextVar
from typing import Final

from service.domain.access import redact_keys

_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

_current_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def get_request_id() -> str | None:
    """Return the id of the request that this thread handles; None if it handles none.

    It has at most 64 letters, digits, dots, underscores and hyphens and contains no API key, so
    that it can be put into an SQL comment. In the writer thread it is the id of the request whose
    job is run, and None while a transaction begins or ends.
    """
    return _current_id.get()


class RequestIdContext:
    """A context manager in which this thread handles the request with this id.

    An id that is empty or has other characters is replaced by a new one. This is a class and not a
    generator function: a generator that was not closed ends during garbage collection, which can
    happen while a context variable is being set, and to set one then makes CPython crash.
    """

    def __init__(self, request_id: str) -> None:
        """Use ``request_id`` if it is valid, else a new id."""
        is_usable = _ID_PATTERN.fullmatch(request_id) and redact_keys(request_id) == request_id
        self._id = request_id if is_usable else secrets.token_hex(8)

    def __enter__(self) -> None:
        """Set the id for this thread."""
        _current_id.set(self._id)

    def __exit__(self, *exception: object) -> None:
        """Clear the id. A thread handles one request at a time, so there is none to restore."""
        _current_id.set(None)

"""The id of the request that is being answered: what its lines in every log are found by.

Whoever is in front sends it (``X-Request-ID``), the log has it in every line, and the store may put
it into its queries. Any room may ask for it; only the web sets it.
"""

import re
import secrets
from contextvars import ContextVar
from typing import Final

from service.domain.access import redact_keys

_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

_current_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def get_request_id() -> str | None:
    """Return the id of the request that is worked on here; None where there is none.

    It is of letters, digits, dots, underscores and hyphens, 64 at most, and holds no key: it may
    stand in a comment of SQL as it is. In the thread that writes for all it is the id of the
    request whose job is being done; what begins and ends a transaction there belongs to none.
    """
    return _current_id.get()


class RequestIdContext:
    """Inside, this thread answers the request that was sent with this id.

    One that is empty, or not fit to be repeated, is replaced by a new one. It is no generator: one
    that is left open ends when memory is tidied up, which may be while a context variable is being
    set; to set one then makes CPython crash.
    """

    def __init__(self, request_id: str) -> None:
        """Take the id as it was sent."""
        is_usable = _ID_PATTERN.fullmatch(request_id) and redact_keys(request_id) == request_id
        self._id = request_id if is_usable else secrets.token_hex(8)

    def __enter__(self) -> None:
        """Begin to answer it."""
        _current_id.set(self._id)

    def __exit__(self, *exception: object) -> None:
        """Answer none from now on: a thread answers one after another, never two at once."""
        _current_id.set(None)

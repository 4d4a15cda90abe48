"""Drains the bodies of refused requests, so that their clients can read the response."""

import time
from contextlib import suppress
from typing import Any, Final

from flask import Flask, Response, request

MAX_DRAINED_BYTES: Final = 64 << 20
"""How many bytes are drained; a client that sends more loses its connection."""

MAX_DRAIN_SECONDS: Final = 5.0
"""How long a body is drained."""

_READ_SIZE_BYTES: Final = 1 << 16


def register(app: Flask) -> None:
    """Read the body of every refused request to its end.

    A client whose body is not read sees a broken connection instead of the response.
    """
    app.after_request(_drain_refused_body)


def _drain_refused_body(response: Response) -> Response:
    # Without this flag of the server, reading past the end of the body would block for ever.
    if response.status_code >= 400 and request.environ.get("wsgi.input_terminated"):
        _discard_body(request.environ["wsgi.input"], request.environ.get("gunicorn.socket"))
    return response


def _discard_body(body: Any, socket: Any) -> None:
    """Read the body to its end, or until it is too long, too slow or broken."""
    usual_timeout = socket.gettimeout() if socket is not None else None
    deadline, bytes_left = time.monotonic() + MAX_DRAIN_SECONDS, MAX_DRAINED_BYTES
    try:
        while bytes_left > 0 and (seconds := deadline - time.monotonic()) > 0:
            if socket is not None:
                socket.settimeout(seconds)
            byte_count = len(body.read(_READ_SIZE_BYTES))
            if not byte_count:
                return
            bytes_left -= byte_count
    except Exception:  # The errors of the WSGI server are not known here; each ends the body.
        return
    finally:
        with suppress(OSError):
            if socket is not None:
                socket.settimeout(usual_timeout)

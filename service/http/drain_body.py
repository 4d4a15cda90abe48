"""What a client still sends when it is refused: read and thrown away, so that it can listen."""

import time
from contextlib import suppress
from typing import Any, Final

from flask import Flask, Response, request

MAX_DRAINED_BYTES: Final = 64 << 20
"""How many bytes are read for nothing; whoever sends more loses the connection."""

MAX_DRAIN_SECONDS: Final = 5.0
"""How long the sender of a refused body is listened to."""

_READ_SIZE_BYTES: Final = 1 << 16


def register(app: Flask) -> None:
    """Read to its end the body of every request that is refused.

    A client that sends while nobody reads sees its connection break, and never the answer.
    """
    app.after_request(_drain_refused_body)


def _drain_refused_body(response: Response) -> Response:
    # Only a server that says so ends the input where the body ends; others would wait for ever.
    if response.status_code >= 400 and request.environ.get("wsgi.input_terminated"):
        _discard_body(request.environ["wsgi.input"], request.environ.get("gunicorn.socket"))
    return response


def _discard_body(body: Any, socket: Any) -> None:
    """Read the body to its end, or until it is too much, too slow or broken."""
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
    except Exception:  # The server's own errors are not known here; any of them ends the body.
        return
    finally:
        with suppress(OSError):
            if socket is not None:
                socket.settimeout(usual_timeout)

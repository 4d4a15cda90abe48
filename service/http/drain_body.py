"""What a client still sends when it is refused: read and thrown away, so that it can listen."""

import time
from contextlib import suppress
from typing import Any, Final

from flask import Flask, Response, request

MOST: Final = 64 << 20
"""How many bytes are read for nothing; whoever sends more loses the connection."""

SECONDS: Final = 5.0
"""How long the sender of a refused body is listened to."""

_STEP: Final = 1 << 16


def register(app: Flask) -> None:
    """Read to its end the body of every request that is refused.

    A client that sends while nobody reads sees its connection break, and never the answer.
    """
    app.after_request(_drain)


def _drain(response: Response) -> Response:
    # Only a server that says so ends the input where the body ends; others would wait for ever.
    if response.status_code >= 400 and request.environ.get("wsgi.input_terminated"):
        _read_away(request.environ["wsgi.input"], request.environ.get("gunicorn.socket"))
    return response


def _read_away(body: Any, socket: Any) -> None:
    """Read the body to its end, or until it is too much, too slow or broken."""
    usual = socket.gettimeout() if socket is not None else None
    end, left = time.monotonic() + SECONDS, MOST
    try:
        while left > 0 and (seconds := end - time.monotonic()) > 0:
            if socket is not None:
                socket.settimeout(seconds)
            read = len(body.read(_STEP))
            if not read:
                return
            left -= read
    except Exception:  # The server's own errors are not known here; any of them ends the body.
        return
    finally:
        with suppress(OSError):
            if socket is not None:
                socket.settimeout(usual)

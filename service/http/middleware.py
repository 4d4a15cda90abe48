"""What holds while a thread is kept by a request: until its answer is sent, streams to their end.

Flask's own hooks are over when an answer begins.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def around(
    app: Flask, holding: "Callable[[WSGIEnvironment], AbstractContextManager[None]]"
) -> None:
    """Enter what ``holding`` returns before each request, and leave it when its answer is sent."""
    inner = app.wsgi_app

    def answered(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with ExitStack() as held:
            held.enter_context(holding(environ))
            return ClosingIterator(inner(environ, start_response), held.pop_all().close)

    replaced: Any = answered
    app.wsgi_app = replaced  # type: ignore[method-assign]

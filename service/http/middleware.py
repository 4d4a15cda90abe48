"""Context managers around requests, until the response is sent, for a stream until its end.

Flask's own hooks run before a response begins.
"""

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def wrap_requests(
    app: Flask, make_context: "Callable[[WSGIEnvironment], AbstractContextManager[None]]"
) -> None:
    """Enter ``make_context(environ)`` before each request; exit it when the response is sent."""
    inner_app = app.wsgi_app

    def respond_in_context(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        context = make_context(environ)
        context.__enter__()
        try:
            chunks = inner_app(environ, start_response)
        except BaseException:
            context.__exit__(*sys.exc_info())
            raise

        def end() -> None:
            context.__exit__(None, None, None)

        return ClosingIterator(chunks, end)

    outer_app: Any = respond_in_context
    app.wsgi_app = outer_app  # type: ignore[method-assign]

"""Context managers around requests, until the response is sent, for a stream until its end.

Flask's own hooks run before a response begins.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
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
        with ExitStack() as stack:
            stack.enter_context(make_context(environ))
            return ClosingIterator(inner_app(environ, start_response), stack.pop_all().close)

    outer_app: Any = respond_in_context
    app.wsgi_app = outer_app  # type: ignore[method-assign]

"""One line of JSON for every request, by which it can be found again; never a key, never a body."""

import logging
import re
import sys
import time
from contextlib import suppress
from typing import Any, Final

import structlog
from flask import Flask, Response, g, request

from service.domain.access import redact_keys
from service.http.middleware import wrap_requests
from service.request_id import RequestIdContext, get_request_id

_HEALTH_CHECK_PATHS: Final = frozenset({"/livez", "/readyz"})
"""Asked every few seconds, which would be 17,000 lines a day that say that all is well."""

_PASSWORD_PATTERN: Final = re.compile(r"\S+(?=@)|(?<=password=)(?:'[^']*'|\S+)")
"""What may hold one where a driver quotes an address: all of a word that stands before an @."""


def configure_logging(level: str) -> None:
    """Make structlog write JSON lines from the level on to standard error, the driver's too."""
    structlog.configure(
        processors=[
            _add_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
            _redact_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_StderrLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    driver = logging.getLogger("psycopg")
    driver.handlers = [_DriverLogHandler()]
    driver.propagate = False


class _DriverLogHandler(logging.Handler):
    """Writes what the driver of PostgreSQL logs, which would be plain text, as lines of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        message = _PASSWORD_PATTERN.sub("...", record.getMessage())
        structlog.get_logger().warning("driver", said=message, exc_info=record.exc_info)


def _add_request_id(logger: Any, method_name: str, event_dict: Any) -> Any:
    """Put into every line the id of the request during which it is written."""
    if (request_id := get_request_id()) is not None:
        event_dict["request_id"] = request_id
    return event_dict


def _redact_line(logger: Any, method_name: str, line: Any) -> str:
    """Cut keys from the whole line, since one may stand in any part of a request."""
    return redact_keys(line)


class _StderrLoggerFactory:
    """Looks up standard error for every line, because tests and servers replace it."""

    def __call__(self, *args: Any) -> "_LossyWriteLogger":
        return _LossyWriteLogger(sys.stderr)


class _LossyWriteLogger(structlog.WriteLogger):
    """Leaves out a line that cannot be written: a full disk must not turn answers into errors."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


def register(app: Flask) -> None:
    """Log every request of the application, and answer it with its id."""
    app.before_request(_start_timer)
    app.after_request(_log_request)
    wrap_requests(app, lambda environ: RequestIdContext(environ.get("HTTP_X_REQUEST_ID", "")))


def _start_timer() -> None:
    g.started_at = time.perf_counter()


def _log_request(response: Response) -> Response:
    # The query string is left out: it tells what somebody looks for.
    principal = g.get("principal")
    log = structlog.get_logger()
    is_quiet = request.path in _HEALTH_CHECK_PATHS and response.status_code < 400
    (log.debug if is_quiet else log.info)(
        "request",
        method=request.method[:20],
        path=request.path[:300],
        status=response.status_code,
        ms=round(1_000 * (time.perf_counter() - g.get("started_at", time.perf_counter())), 1),
        key=principal.id if principal else None,
    )
    response.headers["X-Request-ID"] = get_request_id() or ""
    return response

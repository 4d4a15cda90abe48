"""Structured logs: one line of JSON for each request, without keys and bodies."""

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
"""Requested every few seconds: a line for each would be 17,000 lines a day."""

_PASSWORD_PATTERN: Final = re.compile(r"\S+(?=@)|(?<=password=)(?:'[^']*'|\S+)")
"""Parts of a driver's message that may be a password: a word before an @, or a value."""


def configure_logging(level: str) -> None:
    """Log JSON lines of the level and above to standard error, those of the driver too."""
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
    for name, handler in (("psycopg", _DriverLogHandler()), ("service.store", _StoreLogHandler())):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False


class _DriverLogHandler(logging.Handler):
    """Logs the messages of PostgreSQL's driver as JSON lines."""

    def emit(self, record: logging.LogRecord) -> None:
        message = _PASSWORD_PATTERN.sub("...", record.getMessage())
        structlog.get_logger().warning("driver", said=message, exc_info=record.exc_info)


class _StoreLogHandler(logging.Handler):
    """Logs the messages of the store as JSON lines."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().warning("unmarked", said=record.getMessage())


def _add_request_id(logger: Any, method_name: str, event_dict: Any) -> Any:
    """Add the id of the current request to each line."""
    if (request_id := get_request_id()) is not None:
        event_dict["request_id"] = request_id
    return event_dict


def _redact_line(logger: Any, method_name: str, line: Any) -> str:
    """Redact API keys in the whole line: a key may be in any part of a request."""
    return redact_keys(line)


class _StderrLoggerFactory:
    """Looks up standard error for each line, because tests and servers replace it."""

    def __call__(self, *args: Any) -> "_LossyWriteLogger":
        return _LossyWriteLogger(sys.stderr)


class _LossyWriteLogger(structlog.WriteLogger):
    """Drops a line that cannot be written: a full disk must not turn responses into errors."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


def register(app: Flask) -> None:
    """Log every request of the application, and add its id to the response."""
    app.before_request(_start_timer)
    app.after_request(_log_request)
    wrap_requests(app, lambda environ: RequestIdContext(environ.get("HTTP_X_REQUEST_ID", "")))


def _start_timer() -> None:
    g.started_at = time.perf_counter()


def _log_request(response: Response) -> Response:
    # Without the query string, which shows what somebody looks for.
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

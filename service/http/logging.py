"""Structured logs: one line of JSON for each request, without keys and bodies."""

import logging
import re
import sys
import time
from contextlib import suppress
from threading import Lock
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


_request_logger: Any = structlog.get_logger()
"""The logger of requests, bound once: to bind it takes longer than to write a line."""


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
        logger_factory=lambda *args: _StderrLogger(),
        cache_logger_on_first_use=False,
    )
    global _request_logger
    _request_logger = structlog.get_logger().bind()
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


class _StderrLogger:
    """Writes to standard error as it is at each line, because tests and servers replace it.

    Drops a line that cannot be written: a full disk must not turn responses into errors.
    """

    _lock: Final = Lock()

    def msg(self, message: str) -> None:
        """Write one line."""
        with suppress(OSError), self._lock:
            sys.stderr.write(message + "\n")
            sys.stderr.flush()

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


def register(app: Flask) -> None:
    """Log every request of the application, and add its id to the response."""
    app.before_request(_start_timer)
    app.after_request(_log_request)
    wrap_requests(app, lambda environ: RequestIdContext(environ.get("HTTP_X_REQUEST_ID", "")))


def _start_timer() -> None:
    g.started_at = time.perf_counter()


def _log_request(response: Response) -> Response:
    principal = g.get("principal")
    log_request(
        request.method,
        request.path,
        response.status_code,
        time.perf_counter() - g.get("started_at", time.perf_counter()),
        principal.id if principal else None,
    )
    response.headers["X-Request-ID"] = get_request_id() or ""
    return response


def log_request(method: str, path: str, status: int, seconds: float, key_id: str | None) -> None:
    """Log a request without its query string, which shows what somebody looks for."""
    log = _request_logger
    is_quiet = path in _HEALTH_CHECK_PATHS and status < 400
    (log.debug if is_quiet else log.info)(
        "request",
        method=method[:20],
        path=path[:300],
        status=status,
        ms=round(1_000 * seconds, 1),
        key=key_id,
    )

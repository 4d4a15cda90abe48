"""gunicorn's own messages as structured logs, without API keys, client addresses or queries."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any, Final

from gunicorn.glogging import Logger as Plain

from service.domain.access import redact_keys
from service.request_id import get_request_id

_UNREADABLE_REQUEST: Final = re.compile(r"Invalid request from ip=.*?: ([^:]*).*", re.DOTALL)
"""gunicorn's message about a malformed request, with the client's address and a quotation."""

_FAILED_REQUEST: Final = re.compile(r"(Error handling request [^?]*)\?.*", re.DOTALL)


class Logger(Plain):  # type: ignore[misc]
    """gunicorn's logger with JSON lines; gunicorn's settings choose their destination."""

    def setup(self, cfg: Any) -> None:
        """Set up gunicorn's logger, and replace its formatter."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())


class JsonFormatter(logging.Formatter):
    """Formats a log record with the fields of the application's own log lines."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {"event": redact_client(record.getMessage()), "pid": record.process}
        if (request_id := get_request_id()) is not None:
            fields["request_id"] = request_id
        fields["level"] = record.levelname.lower()
        fields["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        # In the whole line, since gunicorn quotes requests that it cannot parse.
        return redact_keys(json.dumps(fields))


def redact_client(message: str) -> str:
    """Return gunicorn's message without the client's address and what the client sent.

    An IP address is personal data, and a query string shows what a person looks for.
    """
    return _FAILED_REQUEST.sub(r"\1", _UNREADABLE_REQUEST.sub(r"Invalid request: \1", message))

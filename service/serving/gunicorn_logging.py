"""gunicorn's own messages as lines of JSON, without API keys, client addresses or queries."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any, Final

from gunicorn.glogging import Logger as Plain

from service.domain.access import redact_keys
from service.request_id import get_request_id

_UNREADABLE: Final = re.compile(r"Invalid request from ip=.*?: ([^:]*).*", re.DOTALL)
"""gunicorn's message about a request that it cannot parse: the client's address and a quotation."""

_FAILED: Final = re.compile(r"(Error handling request [^?]*)\?.*", re.DOTALL)


class Logger(Plain):  # type: ignore[misc]
    """gunicorn's logger with other lines; where they go is set as ever."""

    def setup(self, cfg: Any) -> None:
        """Begin to log as configured."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_Line())


class _Line(logging.Formatter):
    """Writes a record with the fields that the application's lines have."""

    def format(self, record: logging.LogRecord) -> str:
        told = {"event": redact_client(record.getMessage()), "pid": record.process}
        if (id := get_request_id()) is not None:
            told["request_id"] = id
        told["level"] = record.levelname.lower()
        told["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        # From the whole line, since gunicorn quotes requests that it cannot read.
        return redact_keys(json.dumps(told))


def redact_client(message: str) -> str:
    """Return gunicorn's message without the client's address and what the client sent.

    An IP address is personal data, and a query string shows what a person looks for.
    """
    return _FAILED.sub(r"\1", _UNREADABLE.sub(r"Invalid request: \1", message))

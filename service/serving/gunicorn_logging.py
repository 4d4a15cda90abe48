"""What gunicorn says itself, in the form of every other line of the log: JSON, without a key."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from gunicorn.glogging import Logger as Plain

from service.domain.access import redact_keys
from service.request_id import get_request_id


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
        told = {"event": record.getMessage(), "pid": record.process}
        if (id := get_request_id()) is not None:
            told["request_id"] = id
        told["level"] = record.levelname.lower()
        told["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        # From the whole line, since gunicorn quotes requests that it cannot read.
        return redact_keys(json.dumps(told))

"""Events as the API publishes them: without the key that caused them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.domain.report import RecordedReport


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """One event of the log: what happened (``kind``) to which id (``subject``), and when.

    ``report`` is the report that the event recorded, in its state at that time; None for other
    kinds. ``data`` has the details of other kinds.
    """

    seq: int
    recorded_at: str
    kind: str
    subject: str
    data: Mapping[str, Any]
    report: RecordedReport | None = None

"""What happened, as it is told: one entry of the ledger, without who asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.domain.report import RecordedReport


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """One entry of the ledger: what happened (``kind``) to which id (``subject``), and when.

    ``report`` is the report that was recorded by it, as it was then; None where it was something
    else. ``data`` is what is known of anything else.
    """

    seq: int
    recorded_at: str
    kind: str
    subject: str
    data: Mapping[str, Any]
    report: RecordedReport | None = None

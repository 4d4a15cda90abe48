"""The moment of the record that a question is about: an entry, an instant, or now."""

from datetime import datetime

from service.domain.errors import DomainError, LockTimeoutError, invalid_field
from service.domain.timestamps import format_timestamp
from service.store import event_log
from service.store.interface import REPLICA_BEHIND_MESSAGE, Connection


def seq_beyond_end_error(db: Connection, field: str, detail: str) -> DomainError:
    """Return the error for an entry after the last: of a copy that lies behind it is none yet."""
    if db.may_lag:
        return LockTimeoutError(REPLICA_BEHIND_MESSAGE)
    return invalid_field(field, detail)


def resolve_as_of(
    db: Connection, as_of: int | str | None, now: datetime, field: str = "as_of"
) -> int:
    """Return the last entry of the ledger that counts as of then; None is now.

    What one request recorded is one moment: an entry inside it stands for its last. Raises
    InvalidInputError for a moment that is still to come; ``field`` is the parameter that it is told
    of.
    """
    last = event_log.last_seq(db)
    if as_of is None:
        return last
    if isinstance(as_of, int):
        if as_of > last:
            raise seq_beyond_end_error(
                db, field, f"The record ends at {last}; it has no entry {as_of} yet."
            )
        return event_log.last_seq_of_request(db, as_of)
    # The record can be ahead of a clock that was put back; what it has reached is not to come.
    if as_of > max(format_timestamp(now), event_log.timestamp_of(db, last) or ""):
        raise invalid_field(field, "This moment is still to come.")
    return event_log.seq_at(db, as_of)

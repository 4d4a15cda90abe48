"""From an ``as_of`` (an event, a timestamp or now) to the last event that counts."""

from datetime import datetime

from service.domain.errors import DomainError, LockTimeoutError, invalid_field
from service.domain.timestamps import format_timestamp
from service.store import event_log
from service.store.interface import REPLICA_BEHIND_MESSAGE, Connection


def seq_beyond_end_error(db: Connection, field: str, detail: str) -> DomainError:
    """Return the error for an event after the last one.

    On a standby, which may lag, the event may exist already: the error is a LockTimeoutError.
    """
    if db.may_lag:
        return LockTimeoutError(REPLICA_BEHIND_MESSAGE)
    return invalid_field(field, detail)


def resolve_as_of(
    db: Connection, as_of: int | str | None, now: datetime, field: str = "as_of"
) -> int:
    """Return the last event that counts as of then; None is now.

    The events of one request count together: an event among them resolves to the last of them.
    Raises InvalidInputError for an ``as_of`` in the future; the error names ``field``. Raises
    LockTimeoutError if a standby does not have the event yet.
    """
    last = event_log.last_seq(db)
    if as_of is None:
        return last
    if isinstance(as_of, int):
        if as_of > last:
            raise seq_beyond_end_error(
                db, field, f"The record ends at event {last}; it has no event {as_of} yet."
            )
        return event_log.last_seq_of_request(db, as_of)
    # If the clock was set back, the record is ahead of it: its last event is not in the future.
    if as_of > max(format_timestamp(now), event_log.timestamp_of(db, last) or ""):
        raise invalid_field(field, "This time is in the future.")
    return event_log.seq_at(db, as_of)

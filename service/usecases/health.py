"""Health of the record: whether it can be read, its last event and its size."""

from dataclasses import dataclass
from datetime import datetime

from service.store.event_log import last_seq, timestamp_of
from service.store.interface import Reader, Store, translate_corrupt_rows


@dataclass(frozen=True, slots=True)
class RecordSize:
    """The last event's ``seq`` and time, the record's size and the free space, in bytes.

    ``recorded_at`` is None before the first event; ``free`` is None where the database is on
    another machine.
    """

    seq: int
    recorded_at: datetime | None
    size: int
    free: int | None


def check_readable(store: Reader) -> int:
    """Return the seq of the last event.

    Raises StoreUnavailableError or LockTimeoutError.
    """
    with store.read_transaction() as db:
        return last_seq(db)


def measure_record(store: Store) -> RecordSize:
    """Return the record's last event and its size.

    Raises StoreUnavailableError or LockTimeoutError.
    """
    with store.read_transaction() as db:
        seq = last_seq(db)
        recorded_at = timestamp_of(db, seq)
    return RecordSize(
        seq,
        None if recorded_at is None else _parse_timestamp(recorded_at),
        store.size(),
        store.free_space(),
    )


@translate_corrupt_rows
def _parse_timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text)

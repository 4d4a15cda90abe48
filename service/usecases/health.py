"""Whether the record can be read, how far it goes, and how large it is."""

from dataclasses import dataclass
from datetime import datetime

from service.store.event_log import last_seq, timestamp_of
from service.store.interface import Reader, Store, translate_corrupt_rows


@dataclass(frozen=True, slots=True)
class RecordSize:
    """The number of the ledger's last entry and when it was made, and what the disk holds.

    ``recorded_at`` is None before the first entry. ``size`` is the bytes that the record takes,
    and ``free`` the bytes that are left where it lies: None where that is another machine.
    """

    seq: int
    recorded_at: datetime | None
    size: int
    free: int | None


def check_readable(store: Reader) -> int:
    """Return the number of the last entry of the ledger.

    Raises StoreUnavailableError or LockTimeoutError.
    """
    with store.read_transaction() as db:
        return last_seq(db)


def measure_record(store: Store) -> RecordSize:
    """Return how far the record goes and how large it is.

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

"""Whether the record can be read, and how large it is."""

from dataclasses import dataclass

from service.store.database import Store
from service.store.ledger import last_seq


@dataclass(frozen=True, slots=True)
class Extent:
    """The number of the last entry of the ledger, and the bytes that the record takes on disk."""

    seq: int
    size: int


def check(store: Store) -> int:
    """Return the number of the last entry of the ledger; raises Unavailable or Busy."""
    with store.reading() as db:
        return last_seq(db)


def extent(store: Store) -> Extent:
    """Return how far the record goes and how large it is; raises Unavailable or Busy."""
    return Extent(check(store), store.size())

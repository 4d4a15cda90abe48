"""Whether the record can be read."""

from service.store.ledger import last_seq
from service.store.sqlite import Store


def check(store: Store) -> int:
    """Return the number of the last entry of the ledger; raises Unavailable or Busy."""
    with store.reading() as db:
        return last_seq(db)

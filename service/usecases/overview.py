"""What is known by name as of one entry of the ledger, for pages that show more than ids."""

from service.domain.entities import Place
from service.domain.record_state import RecordState
from service.store.interface import Reader
from service.usecases.state_cache import Snapshot, Snapshots


def overview(store: Reader, snapshots: Snapshots, seq: int) -> Snapshot:
    """Return everything that had been said after the entry, with the trees of places and groups."""
    with store.read_transaction() as db:
        return snapshots.at(db, seq)


def above(claims: RecordState, place: Place) -> list[Place]:
    """Return what the place lies in, the smallest first."""
    found: list[Place] = []
    parent = place.parent
    while parent is not None:
        found.append(claims.places[parent])
        parent = found[-1].parent
    return found


def lies_in(claims: RecordState, place: Place) -> str:
    """Return the names of what the place lies in, by which same names are told apart."""
    return ", ".join(each.name for each in above(claims, place))

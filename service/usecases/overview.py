"""What is known by name as of one entry of the ledger, for pages that show more than ids."""

from service.domain.entities import Place
from service.domain.record_state import RecordState
from service.store.interface import Reader
from service.usecases.state_cache import Snapshot, StateCache


def load_snapshot(store: Reader, state_cache: StateCache, seq: int) -> Snapshot:
    """Return everything that had been said after the entry, with the trees of places and groups."""
    with store.read_transaction() as db:
        return state_cache.load(db, seq)


def list_ancestors(state: RecordState, place: Place) -> list[Place]:
    """Return what the place lies in, the smallest first."""
    ancestors: list[Place] = []
    parent = place.parent
    while parent is not None:
        ancestors.append(state.places[parent])
        parent = ancestors[-1].parent
    return ancestors


def join_ancestor_names(state: RecordState, place: Place) -> str:
    """Return the names of what the place lies in, by which same names are told apart."""
    return ", ".join(each.name for each in list_ancestors(state, place))

"""Looking up no entities asks the database nothing."""

from service.store import entities
from service.store.interface import Store


def test_no_ids_have_no_ancestors_and_no_children(store: Store) -> None:
    with store.read_transaction() as db:
        assert entities.load_with_ancestors(db, "place", []) == []
        assert entities.find_parents(db, "place", []) == set()

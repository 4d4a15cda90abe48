"""The ids with which an unknown id is compared: a bounded number, however many there are."""

import pytest

from service.domain.entities import MAX_COMPARED_IDS
from service.store.entities import NEAR_IDS, list_ids_to_compare
from service.store.interface import Store
from service.store.tables import EntityRow


@pytest.mark.parametrize("count", [MAX_COMPARED_IDS, MAX_COMPARED_IDS + 1])
def test_the_ids_of_one_edit_and_those_near_are_compared_of_many(store: Store, count: int) -> None:
    near = [f"village-{number:04}" for number in range(count - 2)]
    all_ids = [*near, "kursk-oblast", "zyiv-oblast"]
    with store.write_transaction() as db:
        db.insert_many([EntityRow("place", each, 1, "x", "x", None, "{}") for each in all_ids])
        db.insert_many([EntityRow("reporter", "xursk-oblast", 1, "x", "x", None, "{}")])
        compared = list_ids_to_compare(db, "place", "xursk-oblast")
    assert "kursk-oblast" in compared
    if count <= MAX_COMPARED_IDS:
        assert sorted(compared) == sorted(all_ids)
    else:
        assert set(near[-NEAR_IDS:]) | {"zyiv-oblast"} <= set(compared)
        assert len(compared) <= 2 * NEAR_IDS + 1

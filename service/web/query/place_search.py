"""From a reader's words to places: found by any of their names, or offered to choose from."""

from typing import Final, cast

from service.domain.entities import Place, fold_case
from service.domain.list_queries import EntityListQuery
from service.http.consistency import get_reader
from service.usecases import entities
from service.web import labels

MAX_OFFERED_PLACES: Final = 12
"""So many places are offered."""


def find_places(words: str) -> list[tuple[Place, str]]:
    """Return the places whose names hold the words, each with where it lies.

    It is one alone where only one is called so: others whose names are longer do not matter then.
    """
    reader = get_reader()
    candidates = cast(
        list[Place], entities.list_entities(reader, "place", EntityListQuery(words, limit=200))
    )
    exact_matches = [
        each
        for each in candidates
        if fold_case(words) in map(fold_case, (each.name, *each.aliases))
    ]
    offered = (
        exact_matches
        if len(exact_matches) == 1
        else (exact_matches or candidates)[:MAX_OFFERED_PLACES]
    )
    snapshot = reader.load_snapshot(reader.seq)
    return [(each, labels.join_ancestor_names(snapshot, each.id)) for each in offered]

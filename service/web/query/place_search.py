"""Search of places by any of their names."""

from typing import Final, cast

from service.domain.entities import Place, fold_case
from service.domain.list_queries import EntityListQuery
from service.http.consistency import get_reader
from service.usecases import entities
from service.web import labels

MAX_OFFERED_PLACES: Final = 12
"""The most places that a search returns."""


def find_places(words: str) -> list[tuple[Place, str]]:
    """Return the places whose names contain the words, each with the names of its ancestors.

    If exactly one place has the words as its name or alias, only this one is returned.
    """
    reader = get_reader()
    candidates = cast(
        list[Place], entities.list_entities(reader, "place", EntityListQuery(q=words, limit=200))
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

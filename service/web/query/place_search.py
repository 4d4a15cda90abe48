"""Search of places by any of their names."""

from typing import Final

from service.domain.entities import Place
from service.http.consistency import get_reader
from service.usecases.name_index import Closeness
from service.usecases.search import search_names
from service.web import labels

MAX_OFFERED_PLACES: Final = 12
"""The most places that a search returns."""


def find_places(words: str) -> list[tuple[Place, str]]:
    """Return the places that the words may mean, each with the names of its ancestors.

    If exactly one place has the words as its name or alias, only this one is returned.
    """
    reader = get_reader()
    found = [
        (each.entity, each.closeness)
        for each in search_names(reader, words)
        if isinstance(each.entity, Place)
    ]
    exact = [place for place, closeness in found if closeness <= Closeness.SAME_ALIAS]
    offered = exact or [place for place, _ in found]
    snapshot = reader.load_snapshot(reader.seq)
    return [
        (each, labels.join_ancestor_names(snapshot, each.id))
        for each in offered[:MAX_OFFERED_PLACES]
    ]

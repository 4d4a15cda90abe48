"""From a reader's words to places: found by any of their names, or offered to choose from."""

from typing import Final, cast

from service.domain.entities import Place, fold_case
from service.domain.list_queries import EntityListQuery
from service.http.consistency import get_reader
from service.http.context import get_services
from service.usecases import entities, health
from service.usecases.overview import lies_in, overview

MOST: Final = 12
"""So many places are offered."""


def found(words: str) -> list[tuple[Place, str]]:
    """Return the places whose names hold the words, each with where it lies.

    It is one alone where only one is called so: others whose names are longer do not matter then.
    """
    store = get_reader()
    near = cast(list[Place], entities.find(store, "place", EntityListQuery(words, limit=200)))
    called = [
        each for each in near if fold_case(words) in map(fold_case, (each.name, *each.aliases))
    ]
    offered = called if len(called) == 1 else (called or near)[:MOST]
    claims = overview(store, get_services().state_cache, health.check(store)).claims
    return [(each, lies_in(claims, each)) for each in offered]

"""What words of a search name: places."""

from service.web.query.page_query import SUBJECT_PAGE, find_root, link_to_page
from service.web.query.place_search import find_places
from service.web.viewmodels.base import NamedLink


def find_matches(words: str) -> list[NamedLink]:
    """Return what the words name, the nearest first; the addresses are relative to the page."""
    if not words:
        return []
    return [
        NamedLink(
            place.id,
            place.name,
            link_to_page(SUBJECT_PAGE, {"place": place.id}, find_root()),
            about,
        )
        for place, about in find_places(words)
    ]

"""The routes of the pages, a module for each kind of page. They share one blueprint."""

from service.web.views import (
    documents,
    enter,
    files,
    finder,
    index,
    place,
    places,
    reports,
    why,
)
from service.web.views.blueprint import blueprint

__all__ = [
    "blueprint", "documents", "enter", "files", "finder", "index", "place",
    "places", "reports", "why",
]  # fmt: skip

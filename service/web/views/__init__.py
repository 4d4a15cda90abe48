"""The routes of the pages, a module for each kind of page. They share one blueprint."""

from service.web.views import (
    compare,
    documents,
    embed,
    enter,
    files,
    finder,
    incident,
    index,
    new,
    place,
    places,
    reporters,
    reports,
    tables,
    why,
)
from service.web.views.blueprint import blueprint

__all__ = [
    "blueprint",
    "compare",
    "documents",
    "embed",
    "enter",
    "files",
    "finder",
    "incident",
    "index",
    "new",
    "place",
    "places",
    "reporters",
    "reports",
    "tables",
    "why",
]

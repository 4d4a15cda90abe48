"""The routes of the pages, a module for each kind of page. They share one blueprint."""

from service.web.views import (
    enter,
    files,
    finder,
    incident,
    index,
    place,
    places,
    reporters,
    reports,
    why,
)
from service.web.views.blueprint import blueprint

__all__ = [
    "blueprint",
    "enter",
    "files",
    "finder",
    "incident",
    "index",
    "place",
    "places",
    "reporters",
    "reports",
    "why",
]

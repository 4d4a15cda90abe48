"""Addresses of pages with the host, for citations, pictures and link previews."""

from service.http.links import make_absolute

__all__ = ["make_absolute"]

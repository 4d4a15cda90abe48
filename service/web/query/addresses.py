"""Addresses of pages with the host, for citations, pictures and link previews."""

from flask import request

from service.http.context import get_services


def make_absolute(address: str) -> str:
    """Return the absolute address of one that is relative to the index.

    Its beginning is the setting ``public_url``; without that it is what the request was sent to,
    which a proxy may have changed.
    """
    base = get_services().settings.public_url or request.url_root
    return f"{base.rstrip('/')}/{address.removeprefix('./')}"

"""Links in responses: relative references, which are valid behind any path of a reverse proxy."""

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from flask import request

from service.http.context import get_services


def link_to_page(parameters: Iterable[tuple[str, str]]) -> str:
    """Return the link from this list to the same list with other query parameters.

    It is relative to the address of this request (RFC 3986, section 4.2): ``reports?after=…``.
    """
    return link_to(_last_segment(), parameters)


def link_to(path: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return the link to a relative path with the query parameters."""
    return f"{path}?{urlencode(list(parameters), safe=',')}"


def make_absolute(address: str) -> str:
    """Return the absolute address of one that is relative to the index.

    Its beginning is the setting ``public_url``; without that it is what the request was sent to,
    which a proxy may have changed.
    """
    base = get_services().settings.public_url or request.url_root
    return f"{base.rstrip('/')}/{address.removeprefix('./')}"


def link_to_member(member_id: str) -> str:
    """Return the link from this collection to one of its members: ``reports/r1``."""
    return f"{_last_segment()}/{quote(member_id, safe='')}"


def _last_segment() -> str:
    return request.path.rpartition("/")[2]

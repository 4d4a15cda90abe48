"""Links in responses: relative references, which are valid behind any path of a reverse proxy."""

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from flask import request


def link_to_page(parameters: Iterable[tuple[str, str]]) -> str:
    """Return the link from this list to the same list with other query parameters.

    It is relative to the address of this request (RFC 3986, section 4.2): ``reports?after=…``.
    """
    return link_to(_last_segment(), parameters)


def link_to(path: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return the link to a relative path with the query parameters."""
    return f"{path}?{urlencode(list(parameters), safe=',')}"


def link_to_member(member_id: str) -> str:
    """Return the link from this collection to one of its members: ``reports/r1``."""
    return f"{_last_segment()}/{quote(member_id, safe='')}"


def _last_segment() -> str:
    return request.path.rpartition("/")[2]

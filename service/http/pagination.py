"""Pages of a list: how many to fetch, and the address of the next one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import request

from schemas.fields import make_cursor
from service.domain.list_queries import EntityListQuery, ReportListQuery
from service.http.request_parsing import read_query

Asked = TypeVar("Asked", EntityListQuery, ReportListQuery)


def page(
    listed: str, asked: Asked, find: Callable[[Asked], Sequence[Any]], key: str
) -> tuple[Sequence[Any], str | None]:
    """Return one page and the address of the next, None at the end.

    ``key`` is the attribute by which the list is in order. One more than asked is fetched, so that
    a last page is known for the last.
    """
    found = find(replace(asked, limit=asked.limit + 1))
    if len(found) <= asked.limit:
        return found, None
    shown = found[: asked.limit]
    query = {**read_query(request, set()), "after": make_cursor(listed, getattr(shown[-1], key))}
    return shown, f"{request.script_root}{request.path}?{urlencode(query, safe=',')}"

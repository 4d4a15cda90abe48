"""Keyset pagination: one page of a list, and the link to the next one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from flask import request

from schemas.fields import make_cursor
from service.domain.list_queries import EntityListQuery, ReportListQuery
from service.http.links import link_to_page
from service.http.request_parsing import list_parameters

ListQuery = TypeVar("ListQuery", EntityListQuery, ReportListQuery)


def fetch_page(
    list_name: str,
    query: ListQuery,
    find_items: Callable[[ListQuery], Sequence[Any]],
    sort_attribute: str,
) -> tuple[Sequence[Any], str | None]:
    """Return one page and the link to the next; the link is None on the last page.

    ``sort_attribute`` is the attribute by which the list is sorted. One more item than requested is
    fetched, to know whether there is a next page.
    """
    items = find_items(replace(query, limit=query.limit + 1))
    if len(items) <= query.limit:
        return items, None
    page_items = items[: query.limit]
    return page_items, link_after(list_name, getattr(page_items[-1], sort_attribute))


def link_after(list_name: str, position: object, **changes: str) -> str:
    """Return the link to the page of this list after the position, with changed parameters."""
    changes = {**changes, "after": make_cursor(list_name, position)}
    kept = [(name, value) for name, value in list_parameters(request) if name not in changes]
    return link_to_page([*kept, *changes.items()])

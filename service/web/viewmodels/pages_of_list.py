"""The links to the pages before and after one page of a list."""

from dataclasses import dataclass

from service.web.query.page_query import link_to_page


@dataclass(frozen=True, slots=True)
class ListLinks:
    """The addresses of the page before and the next page; None where there is none."""

    previous_link: str | None
    next_link: str | None


def make_list_links(
    page: str, parameters: dict[str, str | None], start: int, size: int, count: int, root: str
) -> ListLinks:
    """Return the links of the page with the items from ``start`` on, of ``count`` items in all."""

    def link_to_start(number: int) -> str:
        return link_to_page(page, {**parameters, "start": str(number) if number else None}, root)

    return ListLinks(
        link_to_start(max(start - size, 0)) if start else None,
        link_to_start(start + size) if start + size < count else None,
    )

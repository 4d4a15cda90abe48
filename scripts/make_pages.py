"""Write the pages of the service that are documents: docs/meaning.md and those that it links to.

    python scripts/make_pages.py        or: make pages

The service sends what is written here, so that it needs neither docs/ nor a Markdown library.
"""

import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.make_api_doc import slugify
from service.web.messages import plain_text
from service.web.responses.assets import FOLDER as ASSETS
from service.web.responses.documents import FOLDER

SOURCES: Final = Path(__file__).parents[1] / "docs"

PAGES: Final = {
    "meaning.md": "method",
    "api.md": "docs",
    "clients.md": "clients",
    "formats.md": "formats",
    "glossary.md": "glossary",
}
"""The page of each document. All are at one level, so that links between them are names."""

PICTURES: Final = ASSETS / "pictures"

MAX_OPEN_ENTRIES: Final = 12
"""A section with more subsections has them folded in the contents."""


def main() -> None:
    """Write all pages, and copy the pictures that they show."""
    FOLDER.mkdir(exist_ok=True)
    for document, page in PAGES.items():
        (FOLDER / f"{page}.html").write_text(make_page(document), encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    for name in list_pictures():
        shutil.copy(SOURCES / "pictures" / name, PICTURES / name)


def list_pictures() -> list[str]:
    """Return the file names of the pictures that the documents show."""
    texts = [(SOURCES / document).read_text(encoding="utf-8") for document in PAGES]
    return sorted({name for text in texts for name in re.findall(r"\]\(pictures/(.+?)\)", text)})


def make_page(document: str) -> str:
    """Return the document as HTML: its contents, and its text."""
    markdown = MarkdownIt("commonmark").enable("table")
    tokens = markdown.parse((SOURCES / document).read_text(encoding="utf-8"))
    tokens = list(_drop_own_contents(tokens))
    headings = list(_name_headings(tokens))
    for token in _iterate_all(tokens):
        _adapt(token)
    _label_cells(tokens)
    text: str = markdown.renderer.render(tokens, markdown.options, {})
    return f"{_make_contents(headings)}\n<article>\n{text}</article>\n"


def _iterate_all(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _iterate_all(token.children or ())


def _drop_own_contents(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens without lists that only link to headings: the page has its own contents."""
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.type == "bullet_list_open":
            end = next(
                each
                for each in range(position, len(tokens))
                if tokens[each].type == "bullet_list_close" and tokens[each].level == token.level
            )
            inlines = [each for each in tokens[position:end] if each.type == "inline"]
            if all(re.fullmatch(r"\[[^]]+\]\(#[^)]+\)", each.content) for each in inlines):
                position = end + 1
                continue
        yield token
        position += 1


def _name_headings(tokens: Sequence[Token]) -> Iterator[tuple[int, str, str]]:
    """Give each heading its anchor; yields level, anchor and text of those below the title."""
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            anchor = slugify(inline.content)
            token.attrSet("id", anchor)
            if token.tag != "h1":
                yield int(token.tag[1]), anchor, inline.content.replace("`", "")


def _adapt(token: Token) -> None:
    """Make the token fit for the pages: links, pictures, no comments and no inline styles."""
    if token.type in ("html_block", "html_inline"):
        if not re.fullmatch(r"(<!--.*?-->\s*)+", token.content, re.DOTALL):
            raise ValueError(f"HTML in a document: {token.content}")
        token.content = ""
    elif token.type == "link_open":
        _adapt_link(token)
    elif token.type == "image":
        token.attrSet("loading", "lazy")
    elif token.type in ("th_open", "td_open"):
        token.attrs.pop("style", None)
    for opening, closing in _pair_links(token.children or ()):
        _name_linked_document(token, opening)
        if _is_elsewhere(str(opening.attrGet("href"))):
            # A document that the service does not have: its name stays, without a link.
            opening.type = closing.type = "text"
            opening.content = closing.content = ""


def _adapt_link(token: Token) -> None:
    name, mark, anchor = str(token.attrGet("href")).partition("#")
    if name in PAGES:
        token.attrSet("href", f"{PAGES[name]}{mark}{anchor}")
    elif name.startswith("http"):
        token.attrSet("rel", "noopener noreferrer")


def _name_linked_document(token: Token, opening: Token) -> None:
    """Give a link whose text is the name of a file the title of its page."""
    children = token.children or []
    text = children[children.index(opening) + 1]
    if text.content in PAGES:
        text.content = plain_text(f"document.{PAGES[text.content]}")


def _pair_links(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    openings = [each for each in tokens if each.type == "link_open"]
    closings = [each for each in tokens if each.type == "link_close"]
    yield from zip(openings, closings, strict=True)


def _is_elsewhere(target: str) -> bool:
    name = target.partition("#")[0]
    return bool(name) and name not in PAGES and not name.startswith("http")


def _label_cells(tokens: Sequence[Token]) -> None:
    """Give each cell but the first of a row its header, which narrow screens show before it."""
    headers: list[str] = []
    column = 0
    for token, inline in pairwise(tokens):
        if token.type == "table_open":
            headers = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            headers.append(inline.content.replace("`", ""))
        elif token.type == "td_open":
            if column and headers[column]:
                token.attrSet("data-label", headers[column])
            column += 1


def _make_contents(headings: Sequence[tuple[int, str, str]]) -> str:
    """Return the list of contents: sections, each with its subsections."""
    sections: list[tuple[str, str, list[str]]] = []
    for level, anchor, text in headings:
        if level == 2:
            sections.append((anchor, text, []))
        else:
            sections[-1][2].append(_make_link(anchor, text))
    lines = ['<nav class="contents" aria-label="Contents">', "<ul>"]
    for anchor, text, entries in sections:
        lines.append(f"<li>{_make_link(anchor, text)}{_make_entries(text, entries)}</li>")
    return "\n".join([*lines, "</ul>", "</nav>"])


def _make_link(anchor: str, text: str) -> str:
    return f'<a href="#{escape(anchor)}">{escape(text)}</a>'


def _make_entries(section: str, entries: Sequence[str]) -> str:
    if not entries:
        return ""
    items = "\n".join(f"<li>{each}</li>" for each in entries)
    if len(entries) <= MAX_OPEN_ENTRIES:
        return f"\n<ul>\n{items}\n</ul>"
    summary = f'<summary>All {len(entries)}<span class="unseen"> of: {escape(section)}</span>'
    return f"\n<details>{summary}</summary>\n<ul>\n{items}\n</ul></details>"


if __name__ == "__main__":
    main()

"""Documents that are pages of the service, as scripts/make_pages.py writes them."""

from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import Markup

from service.web.responses import assets

FOLDER: Final = Path(__file__).parent.parent / "documents"


@cache
def load_document(page: str) -> Markup:
    """Return the contents and the text of a document; its pictures are assets.

    Links and pictures are relative to the index, where all documents are.
    """
    text = (FOLDER / f"{page}.html").read_text(encoding="utf-8")
    pictures = assets.make_address("pictures/")
    return Markup(text.replace('src="pictures/', f'src="{pictures}'))  # noqa: S704 - it is ours

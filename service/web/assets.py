"""The files that a page loads: each with a name that changes when it does, kept by browsers."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("assets")


@cache
def address(name: str) -> str:
    """Return where a page finds the file, relative to the page itself.

    All pages lie at one level, so that they work under any path that a proxy puts before them.
    """
    version = sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"assets/{name}?v={version}"

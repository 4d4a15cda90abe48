"""The files that a page loads, below an address that changes when any of them does."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent.parent / "assets"

YEAR: Final = 31_536_000


@cache
def version() -> str:
    """Return what names all the files as they are.

    They have one version together, and it stands before their names: a script that loads another
    by its name alone then loads the one that belongs to it.
    """
    found = sha256()
    for path in sorted(each for each in FOLDER.rglob("*") if each.is_file()):
        found.update(str(path.relative_to(FOLDER)).encode() + b"\0")
        found.update(sha256(path.read_bytes()).digest())
    return found.hexdigest()[:12]


def address(name: str) -> str:
    """Return where a page finds the file, relative to the page itself.

    All pages lie at one level, so that they work under any path that a proxy puts before them.
    """
    return f"assets/{version()}/{name}"


def keeping(asked: str) -> str:
    """Return who may keep a file that was asked for under the version, and how long.

    Under another version than ours, nobody: while a release takes over from one, a server is asked
    for files that it does not have yet, or not any more, and answers with its own.
    """
    return f"public, max-age={YEAR}, immutable" if asked == version() else "no-cache"

"""The files that a page loads, below an address that changes when any of them does."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent.parent / "assets"

YEAR_SECONDS: Final = 31_536_000


@cache
def compute_version() -> str:
    """Return what names all the files as they are.

    They have one version together, and it stands before their names: a script that loads another
    by its name alone then loads the one that belongs to it.
    """
    digest = sha256()
    for path in sorted(each for each in FOLDER.rglob("*") if each.is_file()):
        digest.update(str(path.relative_to(FOLDER)).encode() + b"\0")
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def make_address(name: str) -> str:
    """Return where a page finds the file, relative to the page itself.

    All pages lie at one level, so that they work under any path that a proxy puts before them.
    """
    return f"assets/{compute_version()}/{name}"


def choose_cache_control(requested_version: str) -> str:
    """Return who may keep a file that was asked for under the version, and how long.

    Under another version than ours, nobody: while a release takes over from one, a server is asked
    for files that it does not have yet, or not any more, and answers with its own.
    """
    return (
        f"public, max-age={YEAR_SECONDS}, immutable"
        if requested_version == compute_version()
        else "no-cache"
    )

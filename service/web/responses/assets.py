"""Assets of the pages, below a path that contains a hash of all of them."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent.parent / "assets"

YEAR_SECONDS: Final = 31_536_000


@cache
def compute_version() -> str:
    """Return the version of the assets: the beginning of a hash of all of them.

    They share one version, which precedes their names in the path, so that a script that imports
    another by a relative name gets the one of the same version.
    """
    digest = sha256()
    for path in sorted(each for each in FOLDER.rglob("*") if each.is_file()):
        digest.update(str(path.relative_to(FOLDER)).encode() + b"\0")
        digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def make_address(name: str) -> str:
    """Return the address of the asset, relative to the index."""
    return f"assets/{compute_version()}/{name}"


def choose_cache_control(requested_version: str) -> str:
    """Return the Cache-Control header for an asset that was requested with this version.

    An asset of another version must not be cached: during an upgrade, a server gets requests for
    versions that it does not have and answers with its own.
    """
    return (
        f"public, max-age={YEAR_SECONDS}, immutable"
        if requested_version == compute_version()
        else "no-cache"
    )

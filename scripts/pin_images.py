"""Write the digests of the pulled images into the Dockerfile and compose.yaml.

    python scripts/pin_images.py           or: make pin-images
    python scripts/pin_images.py --check   or: make release-image, which begins with it

A tag such as python:3.11-slim-bookworm names another image from day to day; with a digest every
build begins with the same one. This needs a container engine and a registry. If an image cannot be
pulled, no file is changed and the exit status is 1. ``--check`` needs neither: it lists the images
without a digest, and exits with 1 if there are any.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]

PATTERNS: Final = {
    "Dockerfile": re.compile(r"(?<=^ARG BASE=)(?P<name>[\w./:-]+)(?P<digest>@\S+)?$", re.MULTILINE),
    "compose.yaml": re.compile(
        r"(?<=_IMAGE:-)(?P<name>(?!casualty-figures\b)[\w./:-]+)(?P<digest>@[^}]+)?(?=\})"
    ),
}
"""Where the files name images: a name with a tag, and a digest if it is pinned."""

_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}")


class PinError(Exception):
    """An image cannot be pinned; the text states the reason."""


def main(arguments: list[str] | None = None) -> int:
    """Pin or check the images; return the exit status."""
    parser = argparse.ArgumentParser(description="Pin the images by their digests.")
    parser.add_argument("--check", action="store_true", help="only list images without a digest")
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder of the files")
    options = parser.parse_args(arguments)
    texts = {name: (options.root / name).read_text(encoding="utf-8") for name in PATTERNS}
    if options.check:
        unpinned = [f"{name}: {image}" for name in texts for image in find_unpinned(name, texts)]
        print("\n".join([*unpinned, "Run make pin-images."]) if unpinned else "Pinned.")
        return 1 if unpinned else 0
    try:
        pinned_texts = {name: pin_images(name, text) for name, text in texts.items()}
    except PinError as error:
        print(error, file=sys.stderr)
        return 1
    for name, text in pinned_texts.items():
        (options.root / name).write_text(text, encoding="utf-8")
    return 0


def find_unpinned(name: str, texts: dict[str, str]) -> list[str]:
    """Return the images in the file that have no digest."""
    matches = list(PATTERNS[name].finditer(texts[name]))
    return [each["name"] for each in matches if not _DIGEST.fullmatch(each["digest"] or "")]


def pin_images(name: str, text: str) -> str:
    """Return the file's text with the present digest of every image; raises PinError."""

    def pin(match: re.Match[str]) -> str:
        image = f"{match['name']}{find_digest(match['name'])}"
        print(f"{name}: {image}")
        return image

    return PATTERNS[name].sub(pin, text)


def find_digest(image: str) -> str:
    """Pull the image by its tag; return its digest in the registry, ``@sha256:…``.

    It is the digest of the list of all platforms, not that of this machine's platform alone.
    """
    _run_docker("pull", "--quiet", image)
    listed = _run_docker("image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', image)
    repository = image.rpartition(":")[0]
    for line in listed.splitlines():
        digest = _DIGEST.search(line)
        if digest and line.removesuffix(digest[0]).split("/")[-1] == repository.split("/")[-1]:
            return digest[0]
    raise PinError(f"The engine knows no digest of {image}; was it built on this machine?")


def _run_docker(*arguments: str) -> str:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        raise PinError("There is no container engine (docker).") from None
    if done.returncode != 0:
        raise PinError(f"docker {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())

"""Make the pictures in docs/pictures anew, from the running service, with Debian's chromium.

    PYTHONPATH=. .venv/bin/python scripts/make_screenshots.py

Only developers run this. It serves the samples and the made-up country of the tests on a port and a
database of its own. Pictures must be small: they lie in everybody's copy of the code.
"""

import base64
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.support.gunicorn_server import run_server
from tests.support.paths import ROOT
from tests.web.conftest import PHONE, launch_chromium, load_everything

FOLDER = ROOT / "docs" / "pictures"
MOST_BYTES = 60_000
QUALITIES = (80, 70, 60, 50, 40)  # of 100; the first that is small enough
EDGE = 16  # pixels that are left free around a part
DESK = {"width": 1120, "height": 760}

WEEKEND = "place=plekhovo,vorozhba,martynovka&from=2024-12-14&to=2024-12-15&show=killed,wounded"


@dataclass(frozen=True)
class Picture:
    """What is shown: the part of the page at the address, not higher than so many pixels.

    ``scale`` makes it smaller.
    """

    path: str
    part: str
    high: int
    scale: float = 1
    phone: bool = False
    dark: bool = False


PICTURES = {
    "page": Picture(f"./?{WEEKEND}", "body", 1100, scale=0.75),
    "places": Picture(f"./?{WEEKEND}", "section:has(#parts-title)", 505),
    "months": Picture("./?place=askermoor&show=killed", "section:has(#times-title)", 480),
    "map": Picture("./?place=velmarra&show=killed", "section:has(#map-title)", 1000, dark=True),
    "proof": Picture(f"proof?{WEEKEND}", "main section", 410),
    "phone": Picture(
        "./?place=askermoor&show=killed", "section:has(#parts-title)", 720, phone=True
    ),
}


def main() -> int:
    """Make them all; returns 1 where one is too large to be kept."""
    FOLDER.mkdir(exist_ok=True)
    too_large = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        run_server(Path(folder)) as server,
        launch_chromium() as browser,
    ):
        load_everything(server)
        for name, picture in PICTURES.items():
            with _shown(browser, server.url, picture) as page:
                taken = _taken(page, picture)
            (FOLDER / f"{name}.webp").write_bytes(taken)
            print(f"{name}: {len(taken):,} bytes")
            too_large += len(taken) > MOST_BYTES
    return min(too_large, 1)


@contextmanager
def _shown(browser: Browser, url: str, picture: Picture) -> Iterator[Page]:
    """Yield the page as the picture is to show it."""
    context = browser.new_context(
        base_url=url,
        viewport=PHONE if picture.phone else DESK,
        device_scale_factor=2 if picture.phone else 1,
        color_scheme="dark" if picture.dark else "light",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(picture.path)
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


def _taken(page: Page, picture: Picture) -> bytes:
    """Return the part of the page as WebP, as good as it can be kept."""
    box = page.locator(picture.part).first.bounding_box()
    if box is None:
        raise SystemExit(f"{picture.path} has no {picture.part}")
    edge = 0 if picture.part == "body" else EDGE
    clip = {
        "x": box["x"] - edge, "y": box["y"] - edge, "width": box["width"] + 2 * edge,
        "height": min(box["height"] + 2 * edge, picture.high), "scale": picture.scale,
    }  # fmt: skip
    line = page.context.new_cdp_session(page)
    for quality in QUALITIES:
        options = {
            "format": "webp",
            "quality": quality,
            "clip": clip,
            "captureBeyondViewport": True,
        }
        taken = base64.b64decode(line.send("Page.captureScreenshot", options)["data"])
        if len(taken) <= MOST_BYTES:
            break
    return taken


if __name__ == "__main__":
    sys.exit(main())

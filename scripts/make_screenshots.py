"""Make the pictures in docs/pictures again, from a running service, with Debian's chromium.

    PYTHONPATH=. .venv/bin/python scripts/make_screenshots.py

Only developers run this. It serves the samples and the generated country of the tests on a port and
a database of its own. Pictures must be small, because every clone of the repository has them.
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
MAX_BYTES = 60_000
QUALITIES = (80, 70, 60, 50, 40, 30)  # of 100; the first with which a picture is small enough
MARGIN_PIXELS = 16  # around the part that is shown
DESKTOP = {"width": 1120, "height": 760}
TIMEOUT_MS = 300_000
"""So many milliseconds may pass until a page is complete, whatever else the machine does."""

WEEKEND = "plekhovo,vorozhba,martynovka?from=2024-12-14&to=2024-12-15"


@dataclass(frozen=True)
class Picture:
    """A picture: the part (a CSS selector) of the page, of at most ``max_height`` pixels.

    A ``scale`` below 1 makes it smaller.
    """

    path: str
    part: str
    max_height: int
    scale: float = 1
    phone: bool = False
    dark: bool = False


PICTURES = {
    "page": Picture(f"place/{WEEKEND}", "body", 1100, scale=0.75),
    "places": Picture(f"place/{WEEKEND}", "section:has(#parts-title)", 590),
    "months": Picture("place/askermoor?outcomes=killed", "section:has(#times-title)", 610),
    "map": Picture("place/velmarra?outcomes=killed", ".panel-map", 1120, dark=True),
    "proof": Picture(f"why?place={WEEKEND.replace('?', '&')}", "main section", 410),
    "phone": Picture(
        "place/askermoor?outcomes=killed", "section:has(#parts-title)", 720, phone=True
    ),
}


def main() -> int:
    """Make all pictures; return 1 if one is larger than the limit, else 0."""
    FOLDER.mkdir(exist_ok=True)
    is_too_large = False
    with (
        tempfile.TemporaryDirectory() as folder,
        run_server(Path(folder)) as server,
        launch_chromium() as browser,
    ):
        load_everything(server)
        for name, picture in PICTURES.items():
            with _open_page(browser, server.url, picture) as page:
                data = _take_picture(page, picture)
            (FOLDER / f"{name}.webp").write_bytes(data)
            print(f"{name}: {len(data):,} bytes")
            is_too_large |= len(data) > MAX_BYTES
    return int(is_too_large)


@contextmanager
def _open_page(browser: Browser, url: str, picture: Picture) -> Iterator[Page]:
    """Yield the page, in a window and a colour scheme as the picture needs them."""
    context = browser.new_context(
        base_url=url,
        viewport=PHONE if picture.phone else DESKTOP,
        device_scale_factor=2 if picture.phone else 1,
        color_scheme="dark" if picture.dark else "light",
        locale="en-GB",
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto(picture.path)
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


def _take_picture(page: Page, picture: Picture) -> bytes:
    """Return the part of the page as WebP, in the best quality that is small enough."""
    box = page.locator(picture.part).first.bounding_box()
    if box is None:
        raise SystemExit(f"{picture.path} has no {picture.part}")
    margin = 0 if picture.part == "body" else MARGIN_PIXELS
    clip = {
        "x": box["x"] - margin, "y": box["y"] - margin, "width": box["width"] + 2 * margin,
        "height": min(box["height"] + 2 * margin, picture.max_height), "scale": picture.scale,
    }  # fmt: skip
    session = page.context.new_cdp_session(page)
    for quality in QUALITIES:
        options = {
            "format": "webp",
            "quality": quality,
            "clip": clip,
            "captureBeyondViewport": True,
        }
        data = base64.b64decode(session.send("Page.captureScreenshot", options)["data"])
        if len(data) <= MAX_BYTES:
            break
    return data


if __name__ == "__main__":
    sys.exit(main())

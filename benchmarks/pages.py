"""How heavy and how slow the first view of the pages is, with 2,018 reports behind it.

Beside it stands /livez, which is one word, in the same browser and the same run. Of each page: what
comes over the line, and when the browser has painted something, can be used (its questions are
there and its script has run), tells the number, and has all of it: the page is sent as it is made.
"first" is asked of a service that was never asked this since it started; the others are medians.

    python benchmarks/pages.py             5 times each
    python benchmarks/pages.py 20          more often
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tests.serving import run_server
from tests.web.conftest import DESK, filled, launched

PAGES = {
    "/livez": "livez",
    "everywhere": "",
    "the country, killed": "?place=velmarra&show=killed",
    "a district": "?place=brindavell",
    "the weekend in Kursk": "?place=plekhovo,vorozhba,martynovka&from=2024-12-14&to=2024-12-15",
    "proof of a district": "proof?place=brindavell&show=killed",
}

LIGHT, SOON = 200_000, 1_000.0

WATCHED = """
    window.seen = {};
    new MutationObserver(() => {
        const now = performance.now();
        const number = document.getElementById('headline') || document.querySelector('main h1');
        if (document.documentElement.classList.contains('with-script')) seen.usable ??= now;
        if (number && number.textContent.trim()) seen.told ??= now;
    }).observe(document, { subtree: true, childList: true, attributes: true });
"""

MEASURED = """() => {
    const [page] = performance.getEntriesByType('navigation');
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    const whole = page.domContentLoadedEventEnd;
    return [paint ? paint.startTime : NaN, seen.usable ?? whole, seen.told ?? whole, whole];
}"""


@dataclass
class View:
    """One view of one page: bytes over the line, and milliseconds until this and that."""

    size: float
    painted: float
    usable: float
    told: float
    whole: float


def viewed(browser: Browser, address: str) -> View:
    """Return what one view costs, with nothing kept by the browser from earlier ones."""
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    sizes: list[float] = []
    line.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.add_init_script(WATCHED)
    page.goto(address, wait_until="load", timeout=120_000)
    page.wait_for_load_state("networkidle")
    times = page.evaluate(MEASURED)
    context.close()
    return View(sum(sizes), *times)


def row(name: str, view: View, base: View | None) -> str:
    """Return a line of the table; ratios are to the page that is one word."""
    ratio = f"{view.whole / base.whole:8.1f}" if base else f"{'':8}"
    size, *times = astuple(view)
    return f"{name:28}{size / 1000:8.1f}" + "".join(f"{each:9.0f}" for each in times) + ratio


def main(arguments: list[str] | None = None) -> int:
    """Print the table; returns 1 where the first view is too heavy or too slow."""
    parser = argparse.ArgumentParser(description="Measure the first view of the pages.")
    parser.add_argument("times", nargs="?", type=int, default=5)
    times = parser.parse_args(arguments).times
    if shutil.which("chromium") is None:
        print("Left out: this needs chromium (Debian: apt-get install chromium).")
        return 0
    head = ("painted", "usable", "told", "whole")
    with tempfile.TemporaryDirectory() as folder:
        filler = Path(folder) / "filled"
        again = Path(folder) / "again"
        filler.mkdir()
        again.mkdir()
        with run_server(filler) as server:
            filled(server)
            database = server.environment["CASUALTY_DATABASE"]
        # Started anew over the same database, it has worked nothing out yet.
        with (
            run_server(again, CASUALTY_DATABASE=database) as server,
            launched() as browser,
        ):
            print(f"{'':28}{'kB':>8}" + "".join(f"{f'{each} ms':>9}" for each in head) + "   ratio")
            base: View | None = None
            light = True
            for name, path in PAGES.items():
                address = f"{server.url}/{path}"
                first = viewed(browser, address)
                views = [viewed(browser, address) for _ in range(times)]
                usual = View(*map(statistics.median, zip(*map(astuple, views), strict=True)))
                print(row(f"{name}, first", first, base))
                print(row(name, usual, base))
                base = base or usual
                light = light and max(first.size, usual.size) <= LIGHT
                light = light and max(first.usable, usual.usable) <= SOON
    print(f"\nEvery view: at most {LIGHT / 1000:.0f} kB, usable within {SOON:.0f} ms: ", end="")
    print("kept" if light else "MISSED")
    return 0 if light else 1


if __name__ == "__main__":
    sys.exit(main())

"""How heavy and how slow the first view of the pages is, with 2,018 reports behind it.

Beside it stands /livez, which is one word, in the same browser and the same run. Of each page: what
comes over the line, and when the browser has painted something, can be used (its questions are
there and its script has run), tells the number, and has all of it: the page is sent as it is made.
"first" is asked of a service that was never asked this since it started; the others are medians.

    python benchmarks/page_loads.py             5 times each
    python benchmarks/page_loads.py 20          more often
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tests.support.gunicorn_server import run_server
from tests.web.conftest import DESKTOP, launch_chromium, load_everything

PAGES = {
    "/livez": "livez",
    "the index": "",
    "the country": "place/velmarra",
    "a district": "place/brindavell",
    "the weekend in Kursk": "place/plekhovo,vorozhba,martynovka?from=2024-12-14&to=2024-12-15",
    "proof of a district": "why?place=brindavell",
}

MAX_BYTES, MAX_USABLE_MS = 100_000, 1_000.0

OBSERVER_SCRIPT = """
    window.seen = {};
    new MutationObserver(() => {
        const now = performance.now();
        const number = document.getElementById('headline') || document.querySelector('main h1');
        if (document.documentElement.classList.contains('with-script')) seen.usable ??= now;
        if (number && number.textContent.trim()) seen.headline ??= now;
    }).observe(document, { subtree: true, childList: true, attributes: true });
"""

TIMINGS_SCRIPT = """() => {
    const [page] = performance.getEntriesByType('navigation');
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    const whole = page.domContentLoadedEventEnd;
    return [paint ? paint.startTime : NaN, seen.usable ?? whole, seen.headline ?? whole, whole];
}"""


@dataclass
class ViewCost:
    """One view of one page: bytes over the line, and milliseconds until this and that."""

    received_bytes: float
    painted_ms: float
    usable_ms: float
    headline_ms: float
    complete_ms: float


def measure_view(browser: Browser, address: str) -> ViewCost:
    """Return what one view costs, with nothing kept by the browser from earlier ones."""
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    sizes: list[float] = []
    line.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.add_init_script(OBSERVER_SCRIPT)
    page.goto(address, wait_until="load", timeout=120_000)
    page.wait_for_load_state("networkidle")
    times = page.evaluate(TIMINGS_SCRIPT)
    context.close()
    return ViewCost(sum(sizes), *times)


def format_row(name: str, view: ViewCost, base: ViewCost | None) -> str:
    """Return a line of the table; ratios are to the page that is one word."""
    ratio = f"{view.complete_ms / base.complete_ms:8.1f}" if base else f"{'':8}"
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
            load_everything(server)
            database = server.environment["CASUALTY_DATABASE"]
        # Started anew over the same database, it has worked nothing out yet.
        with (
            run_server(again, CASUALTY_DATABASE=database) as server,
            launch_chromium() as browser,
        ):
            print(f"{'':28}{'kB':>8}" + "".join(f"{f'{each} ms':>9}" for each in head) + "   ratio")
            base: ViewCost | None = None
            is_within_limits = True
            for name, path in PAGES.items():
                address = f"{server.url}/{path}"
                first = measure_view(browser, address)
                views = [measure_view(browser, address) for _ in range(times)]
                typical = ViewCost(*map(statistics.median, zip(*map(astuple, views), strict=True)))
                print(format_row(f"{name}, first", first, base))
                print(format_row(name, typical, base))
                base = base or typical
                is_within_limits = (
                    is_within_limits
                    and max(first.received_bytes, typical.received_bytes) <= MAX_BYTES
                )
                is_within_limits = (
                    is_within_limits and max(first.usable_ms, typical.usable_ms) <= MAX_USABLE_MS
                )
    print(
        f"\nEvery view: at most {MAX_BYTES / 1000:.0f} kB, usable within {MAX_USABLE_MS:.0f} ms: ",
        end="",
    )
    print("kept" if is_within_limits else "MISSED")
    return 0 if is_within_limits else 1


if __name__ == "__main__":
    sys.exit(main())

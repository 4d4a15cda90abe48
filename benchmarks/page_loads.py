"""How heavy and how slow the first view of the index and of a subject is, of three records.

They are the samples from Kursk, a generated country with 2,000 reports, and published figures
(8,000 reports, read from a folder beside the project and left out without it). Beside them stands
/livez, which is one word, in the same browser and the same run. Of each page: what comes over the
line, and when the browser has painted something, tells the number, and has all of it: the page is
sent while it is made. "first" is asked of a service that was never asked anything since it started;
the others are medians.

    python benchmarks/page_loads.py             5 times each
    python benchmarks/page_loads.py 20          more often
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

from playwright.sync_api import Browser

from samples.client import Client
from service.settings import Settings
from tests.support import real_records
from tests.support.gunicorn_server import RunningServer, create_key, run_server
from tests.web.conftest import DESKTOP, launch_chromium, load_real_records, load_samples
from tests.web.generated_country import load_country, make_country


def load_generated_country(server: RunningServer) -> None:
    """Load the country."""
    with Client(server.url, create_key(server, "admin"), timeout=120) as client:
        load_country(client, make_country())


@dataclass(frozen=True)
class Record:
    """What is loaded, and the pages that are opened, each by its name."""

    load: Callable[[RunningServer], None]
    pages: dict[str, str]


RECORDS = [
    Record(
        load_samples,
        {
            "one word (/livez)": "livez",
            "Kursk: the index": "",
            "Kursk: a weekend": "place/plekhovo,vorozhba,martynovka?from=2024-12-14&to=2024-12-15",
        },
    ),
    Record(
        load_generated_country,
        {
            "made up: the index": "",
            "made up: the country": "place/velmarra",
            "made up: a district": "place/brindavell",
        },
    ),
    Record(
        load_real_records,
        {
            "published: the index": "",
            "published: Syria, 2016": "place/syria?from=2016-01-01&to=2016-12-31",
            "published: Gaza": "place/gaza-strip",
        },
    ),
]

_SETTINGS = Settings()
USUAL_BUDGETS = {
    "CASUALTY_SOLVER_SECONDS": str(_SETTINGS.solver_seconds),
    "CASUALTY_ANSWER_SECONDS": str(_SETTINGS.answer_seconds),
}
"""The times for answers that the service has where nothing else is set; tests have more."""

MAX_BYTES = 100_000
MAX_NUMBER_MS, MAX_FIRST_NUMBER_MS = 500.0, 1_000.0

OBSERVER_SCRIPT = """
    new MutationObserver(() => {
        const number = document.querySelector('#headline, .lead-number');
        if (number && number.textContent.trim()) window.numberAt ??= performance.now();
    }).observe(document, { subtree: true, childList: true });
"""

TIMINGS_SCRIPT = """() => {
    const [page] = performance.getEntriesByType('navigation');
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    const whole = page.domContentLoadedEventEnd;
    return [paint ? paint.startTime : NaN, window.numberAt ?? whole, whole];
}"""


@dataclass
class ViewCost:
    """One view of one page: bytes over the line, and milliseconds until this and that."""

    received_bytes: float
    painted_ms: float
    number_ms: float
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


def format_row(name: str, view: ViewCost) -> str:
    """Return a line of the table."""
    size, *times = astuple(view)
    return f"{name:32}{size / 1000:8.1f}" + "".join(f"{each:11.0f}" for each in times)


def measure_record(browser: Browser, record: Record, times: int, folder: Path) -> bool:
    """Print the lines of a record; returns whether each view is within the limits."""
    filler, again = folder / "filled", folder / "again"
    filler.mkdir()
    again.mkdir()
    is_within_limits = True
    with run_server(filler) as server:
        record.load(server)
        database = server.environment["CASUALTY_DATABASE"]
        for name, path in record.pages.items():
            # Started anew over the same database, it has worked nothing out yet.
            with run_server(again, CASUALTY_DATABASE=database, **USUAL_BUDGETS) as fresh:
                address = f"{fresh.url}/{path}"
                first = measure_view(browser, address)
                views = [measure_view(browser, address) for _ in range(times)]
            typical = ViewCost(*map(statistics.median, zip(*map(astuple, views), strict=True)))
            print(format_row(f"{name}, first", first))
            print(format_row(name, typical), flush=True)
            is_within_limits = (
                is_within_limits
                and max(first.received_bytes, typical.received_bytes) <= MAX_BYTES
                and first.number_ms <= MAX_FIRST_NUMBER_MS
                and typical.number_ms <= MAX_NUMBER_MS
            )
    return is_within_limits


def main(arguments: list[str] | None = None) -> int:
    """Print the table; returns 1 where a first view is too heavy or tells its number too late."""
    parser = argparse.ArgumentParser(description="Measure the first view of the pages.")
    parser.add_argument("times", nargs="?", type=int, default=5)
    times = parser.parse_args(arguments).times
    if shutil.which("chromium") is None:
        print("Left out: this needs chromium (Debian: apt-get install chromium).")
        return 0
    head = ("painted ms", "number ms", "whole ms")
    print(f"{'':32}{'kB':>8}" + "".join(f"{each:>11}" for each in head))
    are_within_limits = []
    with launch_chromium() as browser:
        for record in RECORDS:
            if record.load is load_real_records and not real_records.FOLDER.is_dir():
                print(f"Left out: there are no published figures in {real_records.FOLDER}.")
                continue
            with tempfile.TemporaryDirectory() as folder:
                are_within_limits.append(measure_record(browser, record, times, Path(folder)))
    print(
        f"\nEvery view: at most {MAX_BYTES / 1000:.0f} kB, and the number shown within"
        f" {MAX_FIRST_NUMBER_MS:.0f} ms at first and {MAX_NUMBER_MS:.0f} ms later: "
        + ("kept" if all(are_within_limits) else "MISSED")
    )
    return 0 if all(are_within_limits) else 1


if __name__ == "__main__":
    sys.exit(main())

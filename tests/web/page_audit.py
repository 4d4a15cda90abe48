"""What holds for every page and every reader: checks of a page that is open in a browser."""

import re
from collections import Counter
from functools import cache
from typing import Final

from playwright.sync_api import Page, expect

from service.web.messages import load_catalogue

WIDTHS: Final = (320, 390, 1280, 1440)
PAPER_WIDTH: Final = 720
"""The pixels of a sheet of A4 within its margins."""

MAX_REPETITIONS: Final = 2
"""How often the same sentence may stand in a page."""

MIN_SENTENCE_WORDS: Final = 6
MAX_TABS: Final = 200
"""So many stops of the keyboard are visited; a list of a hundred reports is more of the same."""


def unfold(page: Page) -> None:
    """Open all that is folded; of the filters only one is open at a time, so they stay closed."""
    page.evaluate(
        "document.querySelectorAll('details:not(.chip)').forEach(each => { each.open = true; })"
    )


_READ_OWN_WORDS: Final = """() => {
    // Words of reports and documents are not the page's own; each figure of the form has hints.
    const others = [...document.querySelectorAll(
        'main.document, pre, code, blockquote, q, .words, .note, '
        + '.figure ~ .figure .hint, .figure ~ .figure .reading')];
    const displays = others.map((each) => each.style.display);
    others.forEach((each) => { each.style.display = 'none'; });
    const text = document.body.innerText;
    others.forEach((each, index) => { each.style.display = displays[index]; });
    return text;
}"""


def assert_texts_are_ready(page: Page) -> None:
    """Assert that no key or placeholder of a message is shown, and no sentence again and again."""
    text = page.evaluate(_READ_OWN_WORDS)
    words = set(re.findall(r"[a-z_]+(?:\.[a-z_]+)+", text))
    assert not words & _list_dotted_keys(), words & _list_dotted_keys()
    odd = re.findall(r".*(?:\{[a-z_]+\}|\bundefined\b|\bNaN\b|^None$).*", text, re.MULTILINE)
    assert not odd, odd
    sentences = Counter(_list_sentences(text))
    repeated = {each: count for each, count in sentences.items() if count > MAX_REPETITIONS}
    assert not repeated, repeated


@cache
def _list_dotted_keys() -> frozenset[str]:
    return frozenset(key for key in load_catalogue() if "." in key)


def _list_sentences(text: str) -> list[str]:
    sentences = (each.strip() for each in re.findall(r"[^.!?\n]+[.!?]", text))
    return [each for each in sentences if len(each.split()) >= MIN_SENTENCE_WORDS]


def assert_fits(page: Page, width: int) -> None:
    """Assert that nothing is wider than the screen; the message names what is."""
    page.set_viewport_size({"width": width, "height": 800})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, (
        width,
        page.evaluate(
            """width => [...document.querySelectorAll('body *')].filter(each =>
                each.getBoundingClientRect().right > width + 1).slice(0, 5).map(each =>
                each.outerHTML.slice(0, 120))""",
            width,
        ),
    )


_WATCH_FOCUS: Final = """() => {
    const listParts = (each) => [each, ...[...each.querySelectorAll('*')].slice(0, 6)];
    const describe = (each) => listParts(each).map((part) => {
        const style = getComputedStyle(part);
        return [style.outlineStyle, style.outlineColor, style.boxShadow, style.backgroundColor,
            style.borderColor, style.stroke, style.strokeWidth, style.fill, style.left].join();
    }).join('|');
    window.watched = { describe, seen: new Map() };
    document.addEventListener('focusin', (event) => {
        const box = event.target.getBoundingClientRect();
        const isInView = box.bottom > 0 && box.top < innerHeight && box.right > 0;
        watched.seen.set(event.target, { look: describe(event.target), isInView });
    });
    document.activeElement.blur();
    const stops = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
    // In a date, Tab stops at the day, the month, the year and the calendar.
    return document.querySelectorAll(stops).length
        + 3 * document.querySelectorAll('input[type=date]').length;
}"""

_READ_FOCUS: Final = """async () => {
    document.activeElement.blur();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const name = (each) => each.outerHTML.slice(0, 140);
    const stops = [...document.querySelectorAll(
        'a[href], button, input, select, textarea, summary, [tabindex]')].filter((each) =>
        each.tabIndex >= 0 && !each.disabled && each.type !== 'radio'
        && each.checkVisibility({ visibilityProperty: true }));
    const visited = [...watched.seen];
    return {
        stops: stops.length,
        visited: visited.length,
        missed: stops.filter((each) => !watched.seen.has(each)).map(name),
        unseen: visited.filter(([each, { look }]) => watched.describe(each) === look)
            .map(([each]) => name(each)),
        outside: visited.filter(([, { isInView }]) => !isInView).map(([each]) => name(each)),
    };
}"""


def assert_works_by_keyboard(page: Page) -> None:
    """Assert that Tab reaches every control, that one sees where it is, and that it gets out.

    The first stop leads past the header. A page for a frame has no header.
    """
    candidates = page.evaluate(_WATCH_FOCUS)
    skip = page.locator(".skip")
    if skip.count():
        page.keyboard.press("Tab")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
    # One more than there are controls: where Tab is caught, some are not reached by then. The
    # controls inside a frame are stops, too.
    inside = sum(frame.locator("a, button").count() for frame in page.frames[1:])
    for _ in range(min(candidates, MAX_TABS) + inside + 1):
        page.keyboard.press("Tab")
    found = page.evaluate(_READ_FOCUS)
    assert found["visited"], found
    assert not found["missed"] or found["visited"] >= MAX_TABS, found["missed"]
    assert not found["unseen"], found["unseen"]
    assert not found["outside"], found["outside"]
    if skip.count():
        skip.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#answer")).to_be_focused()


def assert_prints(page: Page) -> None:
    """Assert that on paper there is the content, no control of the header, and nothing cut off."""
    page.emulate_media(media="print")
    expect(page.locator("h1").first).to_be_visible()
    for control in page.locator(".finder, .top nav, .skip").all():
        expect(control).to_be_hidden()
    assert_fits(page, PAPER_WIDTH)

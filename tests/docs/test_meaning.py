"""Every worked number of the page about the meaning of totals is a case that is run.

The page names a case in a comment before each example. The numbers of the case are compared with
those that the example prints; tests/contract runs all cases.
"""

import json
import re
from typing import Any

from schemas.enums import CAVEAT_CODE
from service.domain.wording.reader import read_wording
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "meaning.md").read_text(encoding="utf-8")
CASES: dict[str, Any] = {
    case["name"]: case
    for case in json.loads((ROOT / "tests/contract/cases.json").read_text("utf-8"))["cases"]
}
MARK = re.compile(r"<!-- case: (.+?) -->\n(.+?)(?=\n\n|\n<!-- |\Z)", re.S)
EXAMPLES = [(name, " ".join(text.split())) for name, text in MARK.findall(PAGE)]
"""The case that each example names, and the example on one line."""

SOFT_ENDS = {
    "–": frozenset(),
    "low": {"low"},
    "high": {"high"},
    "both": {"low", "high"},
}

QUESTIONS = (
    "Why is my total 0 to open?",
    "Why do the parts not add up to the whole?",
    "Why is the high so large?",
    "Why is it disputed?",
    "Why 409?",
    "Can I delete a report?",
)


def test_every_marked_example_is_a_case() -> None:
    names = [name for name, _ in EXAMPLES]
    assert len(names) >= 20
    assert set(names) <= CASES.keys()


def test_every_range_that_an_example_prints_is_expected_by_its_case() -> None:
    for name, text in EXAMPLES:
        expected = _ranges_of(CASES[name])
        for low, high in re.findall(r"\*\*(\d[\d,]*) to (\d[\d,]*)\*\*", text):
            assert (_to_int(low), _to_int(high)) in expected, (name, low, high)
        for low in re.findall(r"\*\*at least (\d[\d,]*)\*\*", text):
            assert (_to_int(low), None) in expected, (name, low)
        for number in re.findall(r"\*\*(\d[\d,]*)\*\*", text):
            assert (_to_int(number), _to_int(number)) in expected, (name, number)
        if "0 or more" in text:
            assert (0, None) in expected, name


def test_every_example_has_a_range_that_is_compared() -> None:
    for name, text in EXAMPLES:
        assert re.search(r"\*\*(at least )?\d", text), name


def test_the_readme_and_the_glossary_link_the_page() -> None:
    for path in ("README.md", "docs/glossary.md"):
        text = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(r"\]\((docs/)?meaning\.md\)", text), path


def test_the_table_of_words_is_read_as_it_says() -> None:
    pattern = r"^\| \"([^\"]+)\" \| (\d[\d,]*) \| (\d[\d,]*|null) \| (low|high|both|–) \|$"
    rows = re.findall(pattern, PAGE, re.M)
    assert len(rows) == len(re.findall(r'^\| "', PAGE, re.M)) >= 25
    for words, low, high, soft in rows:
        reading = read_wording(words)
        expected = (_to_int(low), None if high == "null" else _to_int(high), SOFT_ENDS[soft])
        assert (reading.low, reading.high, reading.soft) == expected, words


def test_every_caveat_of_the_service_is_in_the_table() -> None:
    table = PAGE[PAGE.index("## 6. Caveats") : PAGE.index("## 7. Proof")]
    first_cells = re.findall(r"^\| (`[^|]+`) \|", table, re.M)
    assert set(re.findall(r"`(\w+)`", " ".join(first_cells))) == set(CAVEAT_CODE.values)


def test_the_frequent_questions_are_answered() -> None:
    headings = re.findall(r"^### (.+)$", PAGE, re.M)
    assert set(QUESTIONS) <= set(headings)


def _to_int(text: str) -> int:
    return int(text.replace(",", ""))


def _ranges_of(case: Any) -> set[tuple[int | None, int | None]]:
    expected = [query["expect"] for query in case["queries"]]
    ranges = {(each["low"], each["high"]) for each in expected}
    nearest = [each["nearest"] for each in expected if each.get("nearest")]
    ranges |= {(each["low"], each["high"]) for each in nearest}
    return ranges | {
        (each["placed"]["low"], each["placed"]["high"]) for each in expected if "placed" in each
    }

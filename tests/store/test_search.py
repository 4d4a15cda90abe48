"""A report is found by its words, however they are written, on every engine alike."""

import unicodedata
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store.full_text import LONGEST, words
from tests import make
from tests.side_by_side import SideBySide
from tests.test_engines import HOSTILE

TEXT = st.text() | st.sampled_from(HOSTILE)
ACCENTS = st.sampled_from("\u0301\u0308\u0327")


@given(TEXT)
def test_a_text_is_found_by_each_of_its_words(text: str) -> None:
    found = words(text)
    for word in text.split():
        assert set(words(word)) <= set(found)
    assert found == sorted(set(found))
    assert words(" ".join(found)) == found


@given(TEXT)
def test_case_does_not_matter(text: str) -> None:
    assert words(text.casefold()) == words(text)
    for other in (text.upper(), text.lower(), text.title()):
        # Letters that change with case and back again are no longer the same to Unicode either.
        if other.casefold() == text.casefold():
            assert words(other) == words(text)


@given(TEXT, ACCENTS)
def test_accents_do_not_matter(text: str, accent: str) -> None:
    assert words(unicodedata.normalize("NFC", text)) == words(unicodedata.normalize("NFD", text))
    plain = [each for each in text if each.isascii()]
    marked = "".join(each + accent if each.isalpha() else each for each in plain)
    assert words(marked) == words(unicodedata.normalize("NFC", marked)) == words("".join(plain))


@given(TEXT)
def test_a_word_is_plain_and_not_too_long_for_an_index(text: str) -> None:
    for word in words(text):
        assert word.isalnum()
        assert 0 < len(word) <= LONGEST


@pytest.mark.engines
def test_every_engine_finds_a_report_by_its_words() -> None:
    services = SideBySide()
    try:
        for text in HOSTILE:
            services.send("POST", "/v1/reports", json=make.report(quote=text))
        for text in HOSTILE:
            for asked in (text, text.casefold(), unicodedata.normalize("NFKD", text)):
                query = urlencode({"q": asked})
                told = services.send("GET", f"/v1/reports?{query}").get_json()["reports"]
                if words(asked):
                    assert text in [report["quote"] for report in told], asked
                else:
                    assert told == []
    finally:
        services.close()

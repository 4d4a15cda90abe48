"""Full-text search finds words regardless of case and accents, the same on every engine."""

import unicodedata
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store.full_text import MAX_WORD_LENGTH, extract_words
from tests.store.test_engines_differential import HOSTILE_TEXTS
from tests.support import bodies
from tests.support.side_by_side import SideBySide

TEXT = st.text() | st.sampled_from(HOSTILE_TEXTS)
ACCENTS = st.sampled_from("\u0301\u0308\u0327")


@given(TEXT)
def test_a_text_is_found_by_each_of_its_words(text: str) -> None:
    words_of_text = extract_words(text)
    for word in text.split():
        assert set(extract_words(word)) <= set(words_of_text)
    assert words_of_text == sorted(set(words_of_text))
    assert extract_words(" ".join(words_of_text)) == words_of_text


@given(TEXT)
def test_case_does_not_matter(text: str) -> None:
    assert extract_words(text.casefold()) == extract_words(text)
    for other in (text.upper(), text.lower(), text.title()):
        # Letters that do not survive a change of case and back differ in Unicode too.
        if other.casefold() == text.casefold():
            assert extract_words(other) == extract_words(text)


@given(TEXT, ACCENTS)
def test_accents_do_not_matter(text: str, accent: str) -> None:
    assert extract_words(unicodedata.normalize("NFC", text)) == extract_words(
        unicodedata.normalize("NFD", text)
    )
    plain = [each for each in text if each.isascii()]
    marked = "".join(each + accent if each.isalpha() else each for each in plain)
    assert (
        extract_words(marked)
        == extract_words(unicodedata.normalize("NFC", marked))
        == extract_words("".join(plain))
    )


@given(TEXT)
def test_a_word_is_plain_and_not_too_long_for_an_index(text: str) -> None:
    for word in extract_words(text):
        assert word.isalnum()
        assert 0 < len(word) <= MAX_WORD_LENGTH


@pytest.mark.engines
def test_every_engine_finds_a_report_by_its_words() -> None:
    services = SideBySide()
    try:
        for text in HOSTILE_TEXTS:
            services.send("POST", "/v1/reports", json=bodies.make_report(quote=text))
        for text in HOSTILE_TEXTS:
            for search in (text, text.casefold(), unicodedata.normalize("NFKD", text)):
                query = urlencode({"q": search})
                reports = services.send("GET", f"/v1/reports?{query}").get_json()["reports"]
                if extract_words(search):
                    assert text in [report["quote"] for report in reports], search
                else:
                    assert reports == []
    finally:
        services.close()

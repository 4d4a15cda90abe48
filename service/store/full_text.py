"""Words of the full-text search: without case and accents, the same on every engine."""

import re
import unicodedata
from typing import Final

from service.domain.report import Report

MAX_WORD_LENGTH: Final = 100
"""Longer words are cut to so many characters: PostgreSQL limits the size of index entries."""

_WORD: Final = re.compile(r"[^\W_]+")


def extract_words(text: str) -> list[str]:
    """Return the words of the text, each once, sorted."""
    if text.isascii():  # It has no accents.
        return sorted({word[:MAX_WORD_LENGTH] for word in _WORD.findall(text.lower())})
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    without_accents = "".join(each for each in decomposed if not unicodedata.combining(each))
    return sorted({word[:MAX_WORD_LENGTH] for word in _WORD.findall(without_accents.casefold())})


def extract_report_words(report: Report) -> list[str]:
    """Return the words of all texts of the report that a search covers, each once, sorted."""
    source = report.source
    texts = [report.quote, report.note, report.ref]
    texts += [source.title, source.publisher] if source else []
    texts += [text for figure in report.figures for text in (figure.wording, figure.note)]
    return extract_words("\n".join(text for text in (*texts, *report.caveats) if text))

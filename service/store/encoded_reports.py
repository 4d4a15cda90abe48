"""Reports as their events and rows contain them, as far as that follows from the report alone.

This needs no database, so the second process of an import does it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.domain.report import Report, ReportWarning
from service.store.codec import hash_content, to_plain
from service.store.event_log import canonical_json
from service.store.full_text import extract_report_words
from service.store.redactable_text import RedactableText, has_free_text, seal_texts


class EncodedReport(NamedTuple):
    """A report as JSON: as it is, and ``sealed``, with a hash in place of each free text.

    ``texts`` are its free texts by their JSON pointers in the event. ``content_hash`` is that of
    ``hash_content``. ``words`` are those by which a search finds it.
    """

    json: str
    sealed: str
    texts: Mapping[str, RedactableText]
    content_hash: str
    words: Sequence[str]

    def make_body(self, warnings: Sequence[ReportWarning]) -> str:
        """Return the body of the event that records the report with these warnings."""
        return _make_body(self.json, warnings)

    def make_sealed_body(self, warnings: Sequence[ReportWarning]) -> str:
        """Return the body as the event is stored; warnings have no free texts."""
        return _make_body(self.sealed, warnings)


def encode_report(report: Report) -> EncodedReport:
    """Return the report as its event and its row contain it."""
    fields = to_plain(report)
    encoded = sealed = canonical_json(fields)
    texts: Mapping[str, RedactableText] = {}
    if has_free_text(encoded):
        body, texts = seal_texts({"report": fields})
        sealed = canonical_json(body["report"])
    words = extract_report_words(report)
    return EncodedReport(encoded, sealed, texts, hash_content(report, fields), words)


def _make_body(report: str, warnings: Sequence[ReportWarning]) -> str:
    # As canonical_json would encode the whole.
    encoded_warnings = canonical_json(to_plain(tuple(warnings))) if warnings else "[]"
    return f'{{"report":{report},"warnings":{encoded_warnings}}}'

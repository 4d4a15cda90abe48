"""An encoded report is what the whole event, sealed as others are, would be."""

import json
from dataclasses import fields
from typing import Any

import pytest

from schemas.report_in import ReportIn
from service.domain.normalize import normalize_submission
from service.domain.report import ReportWarning
from service.store.codec import hash_content, to_plain
from service.store.encoded_reports import encode_report
from service.store.event_log import canonical_json
from service.store.redactable_text import (
    FREE_TEXT_FIELDS,
    has_free_text,
    iterate_seals,
    open_texts,
    seal_texts,
)
from tests.schemas.test_quick_load import FULL

PLAIN = {
    "reporter": "a",
    "ref": "note",
    "places": ["quote"],
    "period": {"from": None, "to": "2026-01-05"},
    "figures": [{"outcomes": ["killed"], "low": 1}],
}

WARNINGS = (ReportWarning("same_place", "Is “a” the “note” of b?", places=("a", "b")),)


@pytest.mark.parametrize("warnings", [(), WARNINGS])
@pytest.mark.parametrize(
    "body",
    [
        FULL,
        PLAIN,
        {**PLAIN, "note": "a"},
        {**PLAIN, "source": {"title": "T"}},
        {**PLAIN, "caveats": ["c"]},
        {**PLAIN, "figures": [{"outcomes": ["killed"], "wording": "at least 30"}]},
    ],
)
def test_it_is_the_event_as_canonical_json(
    body: dict[str, Any], warnings: tuple[ReportWarning, ...]
) -> None:
    report = normalize_submission(ReportIn().load(body), "r1")
    encoded = encode_report(report)
    event = {"report": to_plain(report), "warnings": to_plain(warnings)}
    assert encoded.make_body(warnings) == canonical_json(event)
    assert encoded.content_hash == hash_content(report)
    sealed = json.loads(encoded.make_sealed_body(warnings))
    assert open_texts(sealed, encoded.texts) == json.loads(encoded.make_body(warnings))
    assert dict(iterate_seals(sealed)) == {
        pointer: text.seal() for pointer, text in encoded.texts.items()
    }
    assert encoded.texts.keys() == seal_texts(event)[1].keys()
    assert bool(encoded.texts) == (body != PLAIN)


def test_a_warning_has_no_free_text() -> None:
    assert FREE_TEXT_FIELDS.isdisjoint(each.name for each in fields(ReportWarning))


@pytest.mark.parametrize("name", sorted(FREE_TEXT_FIELDS))
def test_every_free_text_is_noticed(name: str) -> None:
    assert has_free_text(canonical_json({"a": [{name: "b"}]}))
    assert not has_free_text(canonical_json({"a": name, "b": f'"{name}":'}))

"""A report that another process has prepared is the one that would be made here."""

import pickle
from typing import Any

import pytest

from schemas.quick_load import ReportIn
from service.domain.errors import InvalidInputError
from service.domain.normalize import normalize_submission
from service.imports.prepared_reports import prepare_report
from service.store.encoded_reports import encode_report
from tests.schemas.test_quick_load import FULL


def _make_id() -> str:
    return "r1"


@pytest.mark.parametrize(
    "changes",
    [{}, {"figures": [], "stance": "declines_to_say"}, {"source": None, "relays": "r0"}],
)
def test_it_is_the_same_after_the_way_between_processes(changes: dict[str, Any]) -> None:
    body = {**FULL, **changes}
    prepared = pickle.loads(pickle.dumps(prepare_report(body, new_id=_make_id)))  # noqa: S301
    submission = ReportIn().load(body)
    report = normalize_submission(submission, "r1")
    assert prepared[:2] == (submission, report)
    texts = {pointer: each.text for pointer, each in prepared.encoded.texts.items()}
    again = encode_report(report)
    assert texts == {pointer: each.text for pointer, each in again.texts.items()}
    assert prepared.encoded.json == again.json
    assert prepared.encoded.content_hash == again.content_hash


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"ref": ""}, "/ref"), ({"figures": []}, "/figures")],
)
def test_why_it_is_refused_is_the_same_too(changes: dict[str, Any], pointer: str) -> None:
    error = prepare_report({**FULL, **changes}, new_id=_make_id)
    assert isinstance(error, InvalidInputError)
    (first, *_) = error.errors
    assert first.pointer == pointer
    received = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (received.detail, received.errors) == (error.detail, error.errors)


def test_equal_mentions_are_one_object() -> None:
    first, second = (ReportIn().load(FULL) for _ in range(2))
    assert first.places[0] is second.places[0]
    assert first.groups[0] is second.groups[0]
    other = {**FULL, "groups": [{"id": "north-korean", "name": "North Korean", "facet": "status"}]}
    assert ReportIn().load(other).groups[0] != first.groups[0]

"""The quick way to load a report has the same result as the schema, or the same errors."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from schemas import quick_load
from schemas.quick_load import _DoubtError, _load_submission
from schemas.report_in import ReportIn
from tests.store.test_engines_differential import HOSTILE_TEXTS

SCHEMA = ReportIn()
QUICK_SCHEMA = quick_load.ReportIn()

TEXTS = st.sampled_from(
    (
        *HOSTILE_TEXTS,
        "",
        " ",
        "a",
        "a b",
        "A-b_1",
        "-a",
        "a" * 100,
        "a" * 101,
        "é" * 200,
        "e\u0301",
        "\u0627\u200f",
        "\u00a0",
        "a\tb",
        "a\nb",
        "\n",
        "a\x00",
        "\ud800",
        "\u0378",
        "own",
        "own:1",
        "ucdp:5",
        "ucdp:5 6",
        "ucdp:",
        "UCDP:5",
        "2024-12-15",
        "2024-02-30",
        "2024-12-15T10:00:00Z",
        "2024-12-15T25:00:00Z",
        "0001-01-01",
        "٢٠٢٤-١٢-١٥",
        "https://example.org/a?b=c",
        "https://user@example.org",
        "ftp://example.org",
        "http:// x",
        "en",
        "uk-UA",
        "Q5838",
        "killed",
        "asserts",
        "x" * 1_001,
    )
)
NUMBERS = st.sampled_from((0, 1, 3, 30.0, 30.5, -1, 10**9, 10**9 + 1, 2**63, True, False, 1e300))
VALUES = st.one_of(
    TEXTS,
    NUMBERS,
    st.none(),
    st.just([]),
    st.just({}),
    st.lists(TEXTS, max_size=3),
    st.just([1]),
    st.just([None]),
    st.just({"id": "a"}),
    st.just({"from": None, "to": "2024-12-15"}),
    st.just({"ref": "a", "reporter": "b"}),
)

FULL: dict[str, Any] = {
    "reporter": {"party": True, "name": "Military intelligence", "id": "ua-hur", "kind": "agency"},
    "ref": "r-1",
    "published_at": "2024-12-16",
    "source": {
        "url": "https://example.org/1",
        "publisher": "HUR",
        "title": "A title\nof two lines",
        "language": "uk",
    },
    "quote": "They said\nso.",
    "note": "A note.",
    "period": {"from": "2024-12-14", "to": "2024-12-15"},
    "places": [
        {
            "geonames_id": 12,
            "parent": {"name": "Kursk", "id": "ru-kursk", "parent": "ru", "latitude": 51.5},
            "name": "Plekhovo",
            "id": "plekhovo",
            "aliases": ["Plehovo"],
            "longitude": 35,
        },
        "sudzha",
    ],
    "groups": [{"id": "north-korean", "name": "North Korean", "facet": "side"}],
    "incident": "ucdp:512345",
    "figures": [
        {
            "outcomes": ["killed", "wounded"],
            "wording": "at least 30 killed or wounded",
            "note": "x",
            "incident": None,
        },
        {
            "outcomes": ["killed"],
            "low": 3,
            "high": 5,
            "best": 4,
            "places": ["plekhovo"],
            "groups": ["everyone"],
            "period": {"from": None, "to": "2024-12-15"},
            "incident": "own",
        },
        {
            "outcomes": ["killed"],
            "exactly": 7,
            "reclassifies": {"figure": "r-1", "from": "missing"},
        },
    ],
    "stance": "asserts",
    "caveats": ["preliminary"],
    "relays": {"ref": "x", "reporter": "y"},
    "supersedes": "r0",
}


def _list_pointers(value: Any, pointer: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where there is a value, and where an object could have one more."""
    pointers = [pointer] if pointer else []
    if isinstance(value, dict):
        pointers += [(*pointer, "unknown"), (*pointer, "kind")]
        for name, each in value.items():
            pointers += _list_pointers(each, (*pointer, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            pointers += _list_pointers(each, (*pointer, index))
    return pointers


POINTERS = _list_pointers(FULL)


def _change(body: Any, pointer: tuple[Any, ...], value: Any) -> None:
    *way, last = pointer
    for step in way:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(body, dict) or (isinstance(body, list) and isinstance(last, int)):
        try:
            body[last] = value
        except IndexError:
            return


def _result(load: Any, body: Any) -> Any:
    try:
        # The order of an entity's fields is that of the conflicts that it is told of.
        return repr(load(deepcopy(body)))
    except ValidationError as error:
        return error.messages


@given(st.lists(st.tuples(st.sampled_from(POINTERS), VALUES), max_size=3), st.data())
def test_a_report_is_loaded_or_rejected_as_by_the_schema(
    changes: list[tuple[tuple[Any, ...], Any]], data: st.DataObject
) -> None:
    body = deepcopy(FULL)
    for name in data.draw(st.sets(st.sampled_from(sorted(FULL)), max_size=4)):
        del body[name]
    for pointer, value in changes:
        _change(body, pointer, value)
    assert _result(QUICK_SCHEMA.load, body) == _result(SCHEMA.load, body)


@pytest.mark.parametrize("body", [None, 1, "a", [], [FULL], {}])
def test_what_is_no_report_is_rejected_as_by_the_schema(body: Any) -> None:
    assert _result(QUICK_SCHEMA.load, body) == _result(SCHEMA.load, body)


@pytest.mark.parametrize("depth", [1, 8, 9])
def test_a_line_of_parents_is_as_long_as_the_schema_allows(depth: int) -> None:
    parent: Any = "root"
    for number in range(depth):
        parent = {"id": f"p{number}", "name": "P", "parent": parent}
    body = {**FULL, "places": [{"id": "a", "name": "A", "parent": parent}]}
    assert _result(QUICK_SCHEMA.load, body) == _result(SCHEMA.load, body)


def test_a_line_of_parents_without_end_is_rejected() -> None:
    place: dict[str, Any] = {"id": "a", "name": "A"}
    place["parent"] = place
    for _ in range(10_000):
        place = {"id": "a", "name": "A", "parent": place}
    with pytest.raises(_DoubtError):
        _load_submission({**FULL, "places": [place]})


def test_a_mention_that_differs_in_a_type_is_no_known_one() -> None:
    mention = {"id": "a", "name": "A", "latitude": 1}
    reports = [{**FULL, "places": [{**mention, "longitude": each}]} for each in (1, 1.0, True, "1")]
    for body in (*reports, *reversed(reports)):
        assert _result(QUICK_SCHEMA.load, body) == _result(SCHEMA.load, body)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "https://example.org?a",
        "https://example.org/a@b",
        "https://user:word@example.org/",
        "https://example.org\\@example.com/",
        "https:///a",
        "https://?a",
        "https://example.org/a\x7f",
        "https://example.org/a\n",
    ],
)
def test_an_address_is_checked_as_by_the_schema(url: str) -> None:
    body = {**FULL, "source": {"url": url}}
    assert _result(QUICK_SCHEMA.load, body) == _result(SCHEMA.load, body)


def test_a_plain_report_needs_no_schema() -> None:
    assert repr(_load_submission(FULL)) == repr(SCHEMA.load(FULL))


def test_an_invalid_report_is_in_doubt() -> None:
    with pytest.raises(_DoubtError):
        _load_submission({**FULL, "ref": ""})

"""Malformed requests are rejected with the right status and the pointer to the error."""

import gzip
import json
import zlib
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

REPORT = json.dumps(bodies.make_report()).encode()


def _post_bytes(
    send: SendRequest, data: bytes, content_type: str = "application/json", **headers: str
) -> Any:
    options = {"content_type": content_type} if content_type else {}
    return send(None, data=data, **options)


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        (b"", []),
        (b"{", []),
        (REPORT + b"x", []),
        (REPORT + REPORT, []),
        (b"\xef\xbb\xbf" + REPORT, []),
        (REPORT.decode().encode("utf-16"), []),
        (b'{"quote": "\xff"}', []),
        (b'{"ref": "a", "ref": "b"}', ["/ref"]),
        (b'{"figures": [{"low": 1, "low": 1}]}', ["/figures/0/low"]),
        (b'{"figures": [{"low": NaN}]}', ["/figures/0/low"]),
        (b'{"figures": [{"low": -Infinity}]}', ["/figures/0/low"]),
        (b'{"figures": [{"low": 1e999}]}', ["/figures/0/low"]),
        (b'{"figures": [{"low": ' + b"9" * 5000 + b"}]}", []),
        (b'{"ref": "a", "r\\u0065f": "b"}', ["/ref"]),
        (REPORT.decode().encode("utf-16-le"), []),
        (REPORT.decode().encode("utf-32"), []),
        (gzip.compress(REPORT), []),
        (zlib.compress(REPORT), []),
        (b'{"ref": "\xed\xa0\x80"}', []),  # A surrogate in what would be UTF-8.
        (b'{"ref": "\xc0\x80"}', []),  # NUL, longer than it may be.
        (b'{"figures": [{"low": Infinity}]}', ["/figures/0/low"]),
        (b'{"figures": [{"low": 1e400}]}', ["/figures/0/low"]),
        (b'{"figures": [{"low": -1e400}]}', ["/figures/0/low"]),
        (b'{"figures": [{"low": 030}]}', []),
        (b'{"figures": [{"low": +3}]}', []),
        (b'{"figures": [{"low": 0x1F}]}', []),
        (b'{"a\\ud800": 1}', [""]),
        (b'{"a": ' * 17 + b"1" + b"}" * 17, ["/a" * 16]),
        (b"[" * 100_000, []),
        (b"'a'", []),
        (b'{"ref": "\t"}', []),
    ],
)
def test_a_body_that_is_not_strict_json_is_malformed(
    send: SendRequest, data: bytes, pointers: list[str]
) -> None:
    assert_problem(_post_bytes(send, data), 400, *pointers)


@pytest.mark.parametrize("data", [b"[]", b"null", b"1", b'"a"', b"true"])
def test_the_top_level_is_an_object(send: SendRequest, data: bytes) -> None:
    assert_problem(_post_bytes(send, data), 422, "")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/merge-patch+json",
        "multipart/form-data",
    ],
)
def test_another_content_type_is_refused(send: SendRequest, content_type: str) -> None:
    assert_problem(_post_bytes(send, REPORT, content_type), 415)


def test_a_charset_of_utf_8_is_accepted(send: SendRequest) -> None:
    assert_recorded(_post_bytes(send, REPORT, "application/json; charset=UTF-8"))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", "br", "x, y", ""])
def test_an_encoded_body_is_refused(client: FlaskClient, key: Any, encoding: str) -> None:
    headers = {**key("report"), "Content-Encoding": encoding}
    assert_problem(client.post("/v1/reports", json=bodies.make_report(), headers=headers), 415)


def test_a_body_beyond_a_mebibyte_is_refused(send: SendRequest) -> None:
    padding = b" " * ((1 << 20) - len(REPORT))
    assert_recorded(_post_bytes(send, REPORT + padding))
    assert_problem(_post_bytes(send, REPORT + padding + b" "), 413)


def test_a_body_in_chunks_is_not_cut_off_but_refused(send: SendRequest) -> None:
    for more in (1, 100_000):
        body = REPORT + b" " * ((1 << 20) - len(REPORT) + more)
        stream = {"input_stream": BytesIO(body), "content_type": "application/json"}
        assert_problem(send(None, **stream, environ_overrides={"wsgi.input_terminated": True}), 413)


@pytest.mark.parametrize(
    "value",
    [-1, 1_000_000_001, 2**63, 10**30, -(2**63), 30.5, 1e300, "30", "٣٠", "1_000", True, False, []],
)
def test_a_count_is_a_whole_number_of_people(send: SendRequest, value: object) -> None:
    for end in ("low", "high", "exactly", "best"):
        figure = bodies.make_figure(**{end: value})
        assert_problem(send(bodies.make_report(figures=[figure])), 422, f"/figures/0/{end}")


@pytest.mark.parametrize("number", ["-0", "-0.0", "0e9", "0.0"])
def test_zero_is_zero_however_it_is_written(send: SendRequest, number: str) -> None:
    body = json.dumps(bodies.make_report(figures=[bodies.make_figure(wording=..., exactly=7)]))
    body = body.replace('"exactly": 7', f'"exactly": {number}')
    (figure,) = assert_recorded(_post_bytes(send, body.encode()))["figures"]
    assert (figure["low"], str(figure["high"])) == (0, "0")


def test_a_very_long_list_is_refused_at_once(send: SendRequest) -> None:
    many = [f"p{number}" for number in range(100_000)]
    assert_problem(send(bodies.make_report(places=many)), 422, "/places")
    assert_problem(
        send(bodies.make_report(places=[bodies.make_place(aliases=["a"] * 1_001)])),
        422,
        "/places/0/aliases",
    )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("&".join(f"x{number}=1" for number in range(5_000)), 422),
        ("&" * 8_000, 200),
        ("place=" + ",".join("a" for _ in range(2_000)), 422),
        ("outcomes=killed&" * 400 + "outcomes=killed", 422),
        ("place=%", 400),
        ("place=%zz", 400),
        ("place=%ff", 400),
        ("place=%ed%a0%80", 400),
        ("place=%00", 422),
        ("place=plekhovo%2Cplekhovo", 422),
        ("pl%61ce=x&place=y", 422),
        ("PLACE=x", 422),
        ("place[]=x", 422),
        ("from=%F0%9D%9F%90024-12-14", 422),
        ("=", 422),
    ],
)
def test_a_malformed_query_is_refused(client: FlaskClient, query: str, status: int) -> None:
    assert client.get(f"/v1/totals?{query}").status_code == status


@pytest.mark.parametrize("text", ["", " ", "\n\t", "a\x00b", "a\x1b[0m", "\x7f", "\x85"])
def test_no_text_is_empty_or_holds_controls(send: SendRequest, text: str) -> None:
    for name in ("ref", "quote", "note"):
        assert_problem(send(bodies.make_report(**{name: text})), 422, f"/{name}")
    assert_problem(send(bodies.make_report(caveats=[text])), 422, "/caveats/0")
    assert_problem(send(bodies.make_report(source={"title": text})), 422, "/source/title")
    assert_problem(
        send(bodies.make_report(figures=[bodies.make_figure(wording=text)])),
        422,
        "/figures/0/wording",
    )


@pytest.mark.parametrize("text", ["a\tb", "a\nb"])
def test_only_running_text_has_tabs_and_lines(send: SendRequest, text: str) -> None:
    assert_recorded(send(bodies.make_report(quote=text, note=text, source={"title": text})))
    assert_problem(send(bodies.make_report(ref=text)), 422, "/ref")
    assert_problem(send(bodies.make_report(caveats=[text])), 422, "/caveats/0")
    assert_problem(
        send(bodies.make_report(figures=[bodies.make_figure(wording=text)])),
        422,
        "/figures/0/wording",
    )


@pytest.mark.parametrize("text", [b"\\ud800", b"a\\udfff", b"\\udc00\\ud800"])
def test_a_lone_surrogate_is_refused(send: SendRequest, text: bytes) -> None:
    body = json.dumps(bodies.make_report(quote="QUOTE")).encode()
    assert_problem(_post_bytes(send, body.replace(b"QUOTE", text)), 422, "/quote")
    assert_problem(_post_bytes(send, REPORT.replace(b"Plekhovo", text)), 422, "/places/0/name")
    assert_problem(
        _post_bytes(send, REPORT.replace(b"wounded", text)), 422, "/figures/0/outcomes/1"
    )


@pytest.mark.parametrize("text", ["\u200b", "\u2060\u2003", "\ufeff", "\ue000", "\u00ad\n"])
def test_no_text_consists_of_invisible_characters(send: SendRequest, text: str) -> None:
    assert_problem(send(bodies.make_report(quote=text)), 422, "/quote")
    assert_problem(
        send(bodies.make_report(figures=[bodies.make_figure(note=text)])), 422, "/figures/0/note"
    )
    name = text.replace("\n", "")
    assert_problem(
        send(bodies.make_report(places=[bodies.make_place(name=name)])), 422, "/places/0/name"
    )
    assert_problem(
        send(bodies.make_report(places=[bodies.make_place(aliases=[name])])),
        422,
        "/places/0/aliases/0",
    )


def test_invisible_characters_among_letters_are_accepted(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(places=[bodies.make_place(name="می\u200cخواهم")])))


def test_a_lone_surrogate_in_a_field_name_is_refused(send: SendRequest) -> None:
    assert_problem(_post_bytes(send, b'{"figures": [{"\\ud800": 1}]}'), 400, "/figures/0")


def test_free_text_keeps_its_direction_and_its_lines(send: SendRequest) -> None:
    quote = "قتل 30\u202e\n\tabc\u2066d\u2069 \U0001f480"
    assert assert_recorded(send(bodies.make_report(quote=quote, note=quote)))["quote"] == quote


@pytest.mark.parametrize("character", "\u061c\u200e\u200f\u202a\u202e\u2066\u2069")
def test_a_name_or_a_ref_keeps_its_direction(send: SendRequest, character: str) -> None:
    name = f"a{character}b"
    assert_problem(
        send(bodies.make_report(places=[bodies.make_place(name=name)])), 422, "/places/0/name"
    )
    assert_problem(send(bodies.make_report(ref=name)), 422, "/ref")
    assert_problem(
        send(bodies.make_report(reporter={"id": name, "name": "a"})), 422, "/reporter/id"
    )


@pytest.mark.parametrize(
    "place_id", ["", "A", "a b", "a/b", "a,b", "-a", "é", "a\n", "a" * 101, "а"]
)
def test_an_id_is_a_slug(send: SendRequest, place_id: str) -> None:
    assert_problem(send(bodies.make_report(places=[place_id])), 422, "/places/0")
    assert_problem(
        send(bodies.make_report(places=[{"id": place_id, "name": "A"}])), 422, "/places/0/id"
    )


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"places": [bodies.make_place(), "plekhovo"]}, ["/places/1"]),
        ({"groups": ["everyone", "everyone"]}, ["/groups/1"]),
        ({"caveats": ["preliminary", "preliminary"]}, ["/caveats/1"]),
        (
            {"figures": [bodies.make_figure(outcomes=["killed", "killed"])]},
            ["/figures/0/outcomes/1"],
        ),
        ({"places": []}, ["/places"]),
        ({"places": "plekhovo"}, ["/places"]),
        ({"places": [1]}, ["/places/0"]),
        ({"places": [None]}, ["/places/0"]),
        ({"reporter": ...}, ["/reporter"]),
        ({"reporter": None}, ["/reporter"]),
        ({"reporter": {"name": "A"}}, ["/reporter/id"]),
        ({"figures": None}, ["/figures"]),
        ({"figures": {}}, ["/figures"]),
        ({"figures": [1]}, ["/figures/0"]),
        ({"figures": [bodies.make_figure()] * 1001}, ["/figures"]),
        ({"stance": "denies"}, ["/stance"]),
        ({"caveats": ["x"] * 101}, ["/caveats"]),
        ({"quote": "x" * 20_001}, ["/quote"]),
        ({"ref": 1}, ["/ref"]),
        ({"published_at": "16.12.2024"}, ["/published_at"]),
        ({"published_at": "2024-02-30"}, ["/published_at"]),
        ({"published_at": "2024-12-16T10:00:00+02:00"}, ["/published_at"]),
        ({"source": {"url": "javascript:alert(1)"}}, ["/source/url"]),
        ({"source": {"url": "https://user:pw@example.org/"}}, ["/source/url"]),
        ({"source": {"url": "https://user@example.org"}}, ["/source/url"]),
        ({"source": {"url": "HTTPS://@example.org/a"}}, ["/source/url"]),
        ({"source": {"url": "https://example.org\\@other.example/"}}, ["/source/url"]),
        ({"source": {"url": "https:///a"}}, ["/source/url"]),
        ({"source": {"language": "English, please"}}, ["/source/language"]),
        ({"source": []}, ["/source"]),
        ({"relays": "R1"}, ["/relays"]),
    ],
)
def test_a_wrong_field_is_named(send: SendRequest, changes: dict, pointers: list[str]) -> None:
    assert_problem(send(bodies.make_report(**changes)), 422, *pointers)


@pytest.mark.parametrize(
    ("period", "pointers"),
    [
        ({"from": "2024-12-15", "to": "2024-12-14"}, ["/period/to"]),
        ({"from": "2024-12-15"}, ["/period/to"]),
        ({"to": "2024-12-15"}, ["/period/from"]),
        ({"from": None, "to": None}, ["/period/to"]),
        ({"from": "2024-12-15", "to": "2024-12-32"}, ["/period/to"]),
        ({"from": "2024-12-15", "to": "15 December"}, ["/period/to"]),
        ({"from": "2024-12-15T00:00:00Z", "to": "2024-12-15"}, ["/period/from"]),
        ({"from": "٢٠٢٤-12-15", "to": "2024-12-15"}, ["/period/from"]),
        ({"from": "20241215", "to": "2024-W50-1"}, ["/period/from", "/period/to"]),
        ({"from": 20241215, "to": "2024-12-15"}, ["/period/from"]),
        ("2024-12-15", ["/period"]),
        (None, ["/figures/0/period"]),  # Null is left out, and no figure has its own.
    ],
)
def test_a_period_is_two_days_in_order(
    send: SendRequest, period: object, pointers: list[str]
) -> None:
    assert_problem(send(bodies.make_report(period=period)), 422, *pointers)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (bodies.make_report(typo=1), "/typo"),
        (bodies.make_report(id="r1"), "/id"),
        (bodies.make_report(figures=[bodies.make_figure(outcome="killed")]), "/figures/0/outcome"),
        (bodies.make_report(period={**bodies.PERIOD, "until": 1}), "/period/until"),
        (bodies.make_report(places=[bodies.make_place(party=True)]), "/places/0/party"),
        (bodies.make_report(source={"uri": "x"}), "/source/uri"),
        (bodies.make_report(**{"a/b~c": 1}), "/a~1b~0c"),
    ],
)
def test_an_unknown_field_is_named(send: SendRequest, body: dict, pointer: str) -> None:
    assert_problem(send(body), 422, pointer)


def test_all_errors_are_reported_at_once(send: SendRequest) -> None:
    body = bodies.make_report(
        ref="", figures=[bodies.make_figure(low=-1), bodies.make_figure(high="x")]
    )
    assert_problem(send(body), 422, "/ref", "/figures/0/low", "/figures/1/high")


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT", "TRACE", "BREW", "a" * 300])
def test_an_unknown_method_names_those_that_are_known(client: FlaskClient, method: str) -> None:
    answer = client.open("/v1/reports", method=method)
    assert_problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    "address",
    ["/nowhere", "/v1", "/v1/reports/", "/v1/reports/%00", "/v1/reports/%ff", "/v1/reports/a/b"],
)
def test_other_addresses_are_not_found(client: FlaskClient, address: str) -> None:
    assert_problem(client.get(address), 404)


def test_head_and_options_are_answered(client: FlaskClient) -> None:
    assert client.head("/v1/reports").status_code == 200
    assert client.head("/v1/reports").data == b""
    assert "POST" in client.options("/v1/reports").headers["Allow"]


def test_a_known_etag_is_answered_without_a_body(send: SendRequest, client: FlaskClient) -> None:
    tag = send(bodies.make_report()).headers["ETag"]
    assert not tag.startswith("W/")
    again = client.get("/v1/reports/r1", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/v1/reports/r1", headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_precondition_that_fails_is_a_problem(send: SendRequest, client: FlaskClient) -> None:
    tag = send(bodies.make_report()).headers["ETag"]
    assert client.get("/v1/reports/r1", headers={"If-Match": tag}).status_code == 200
    assert_problem(client.get("/v1/reports/r1", headers={"If-Match": '"x"'}), 412)

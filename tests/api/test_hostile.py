"""What nobody should send: refused at the door, each with the status and the place of the fault."""

import gzip
import json
import zlib
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.check import problem, recorded
from tests.conftest import SendRequest

REPORT = json.dumps(make.report()).encode()


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
def test_what_is_not_plain_json_is_malformed(
    send: SendRequest, data: bytes, pointers: list[str]
) -> None:
    problem(_post_bytes(send, data), 400, *pointers)


@pytest.mark.parametrize("data", [b"[]", b"null", b"1", b'"a"', b"true"])
def test_the_top_level_is_an_object(send: SendRequest, data: bytes) -> None:
    problem(_post_bytes(send, data), 422, "")


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
    problem(_post_bytes(send, REPORT, content_type), 415)


def test_a_charset_of_utf_8_is_fine(send: SendRequest) -> None:
    recorded(_post_bytes(send, REPORT, "application/json; charset=UTF-8"))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", "br", "x, y", ""])
def test_an_encoded_body_is_refused(client: FlaskClient, key: Any, encoding: str) -> None:
    headers = {**key("report"), "Content-Encoding": encoding}
    problem(client.post("/v1/reports", json=make.report(), headers=headers), 415)


def test_a_body_beyond_a_mebibyte_is_refused(send: SendRequest) -> None:
    padding = b" " * ((1 << 20) - len(REPORT))
    recorded(_post_bytes(send, REPORT + padding))
    problem(_post_bytes(send, REPORT + padding + b" "), 413)


def test_a_body_in_chunks_is_not_cut_off_but_refused(send: SendRequest) -> None:
    for more in (1, 100_000):
        body = REPORT + b" " * ((1 << 20) - len(REPORT) + more)
        stream = {"input_stream": BytesIO(body), "content_type": "application/json"}
        problem(send(None, **stream, environ_overrides={"wsgi.input_terminated": True}), 413)


@pytest.mark.parametrize(
    "value",
    [-1, 1_000_000_001, 2**63, 10**30, -(2**63), 30.5, 1e300, "30", "٣٠", "1_000", True, False, []],
)
def test_a_count_is_a_whole_number_of_people(send: SendRequest, value: object) -> None:
    for end in ("low", "high", "exactly", "best"):
        figure = make.figure(**{end: value})
        problem(send(make.report(figures=[figure])), 422, f"/figures/0/{end}")


@pytest.mark.parametrize("number", ["-0", "-0.0", "0e9", "0.0"])
def test_zero_is_zero_however_it_is_written(send: SendRequest, number: str) -> None:
    body = json.dumps(make.report(figures=[make.figure(wording=..., exactly=7)]))
    body = body.replace('"exactly": 7', f'"exactly": {number}')
    (figure,) = recorded(_post_bytes(send, body.encode()))["figures"]
    assert (figure["low"], str(figure["high"])) == (0, "0")


def test_a_list_of_no_end_is_refused_at_once(send: SendRequest) -> None:
    many = [f"p{number}" for number in range(100_000)]
    problem(send(make.report(places=many)), 422, "/places")
    problem(send(make.report(places=[make.place(aliases=["a"] * 1_001)])), 422, "/places/0/aliases")


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
def test_a_query_that_is_odd_is_refused(client: FlaskClient, query: str, status: int) -> None:
    assert client.get(f"/v1/totals?{query}").status_code == status


@pytest.mark.parametrize("text", ["", " ", "\n\t", "a\x00b", "a\x1b[0m", "\x7f", "\x85"])
def test_no_text_is_empty_or_holds_controls(send: SendRequest, text: str) -> None:
    for name in ("ref", "quote", "note"):
        problem(send(make.report(**{name: text})), 422, f"/{name}")
    problem(send(make.report(caveats=[text])), 422, "/caveats/0")
    problem(send(make.report(source={"title": text})), 422, "/source/title")
    problem(send(make.report(figures=[make.figure(wording=text)])), 422, "/figures/0/wording")


@pytest.mark.parametrize("text", ["a\tb", "a\nb"])
def test_only_running_text_has_tabs_and_lines(send: SendRequest, text: str) -> None:
    recorded(send(make.report(quote=text, note=text, source={"title": text})))
    problem(send(make.report(ref=text)), 422, "/ref")
    problem(send(make.report(caveats=[text])), 422, "/caveats/0")
    problem(send(make.report(figures=[make.figure(wording=text)])), 422, "/figures/0/wording")


@pytest.mark.parametrize("text", [b"\\ud800", b"a\\udfff", b"\\udc00\\ud800"])
def test_half_a_character_is_refused(send: SendRequest, text: bytes) -> None:
    body = json.dumps(make.report(quote="QUOTE")).encode()
    problem(_post_bytes(send, body.replace(b"QUOTE", text)), 422, "/quote")
    problem(_post_bytes(send, REPORT.replace(b"Plekhovo", text)), 422, "/places/0/name")
    problem(_post_bytes(send, REPORT.replace(b"wounded", text)), 422, "/figures/0/outcomes/1")


@pytest.mark.parametrize("text", ["\u200b", "\u2060\u2003", "\ufeff", "\ue000", "\u00ad\n"])
def test_no_text_is_made_of_what_nobody_sees(send: SendRequest, text: str) -> None:
    problem(send(make.report(quote=text)), 422, "/quote")
    problem(send(make.report(figures=[make.figure(note=text)])), 422, "/figures/0/note")
    name = text.replace("\n", "")
    problem(send(make.report(places=[make.place(name=name)])), 422, "/places/0/name")
    problem(send(make.report(places=[make.place(aliases=[name])])), 422, "/places/0/aliases/0")


def test_what_nobody_sees_may_stand_among_letters(send: SendRequest) -> None:
    recorded(send(make.report(places=[make.place(name="می\u200cخواهم")])))


def test_half_a_character_in_a_name_of_a_field_is_refused(send: SendRequest) -> None:
    problem(_post_bytes(send, b'{"figures": [{"\\ud800": 1}]}'), 400, "/figures/0")


def test_free_text_keeps_its_direction_and_its_lines(send: SendRequest) -> None:
    quote = "قتل 30\u202e\n\tabc\u2066d\u2069 \U0001f480"
    assert recorded(send(make.report(quote=quote, note=quote)))["quote"] == quote


@pytest.mark.parametrize("character", "\u061c\u200e\u200f\u202a\u202e\u2066\u2069")
def test_a_name_or_a_ref_keeps_its_direction(send: SendRequest, character: str) -> None:
    name = f"a{character}b"
    problem(send(make.report(places=[make.place(name=name)])), 422, "/places/0/name")
    problem(send(make.report(ref=name)), 422, "/ref")
    problem(send(make.report(reporter={"id": name, "name": "a"})), 422, "/reporter/id")


@pytest.mark.parametrize(
    "place_id", ["", "A", "a b", "a/b", "a,b", "-a", "é", "a\n", "a" * 101, "а"]
)
def test_an_id_is_a_slug(send: SendRequest, place_id: str) -> None:
    problem(send(make.report(places=[place_id])), 422, "/places/0")
    problem(send(make.report(places=[{"id": place_id, "name": "A"}])), 422, "/places/0/id")


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"places": [make.place(), "plekhovo"]}, ["/places/1"]),
        ({"groups": ["everyone", "everyone"]}, ["/groups/1"]),
        ({"caveats": ["preliminary", "preliminary"]}, ["/caveats/1"]),
        ({"figures": [make.figure(outcomes=["killed", "killed"])]}, ["/figures/0/outcomes/1"]),
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
        ({"figures": [make.figure()] * 1001}, ["/figures"]),
        ({"stance": "denies"}, ["/stance"]),
        ({"caveats": ["x"] * 101}, ["/caveats"]),
        ({"quote": "x" * 20_001}, ["/quote"]),
        ({"ref": 1}, ["/ref"]),
        ({"published_at": "16.12.2024"}, ["/published_at"]),
        ({"published_at": "2024-02-30"}, ["/published_at"]),
        ({"published_at": "2024-12-16T10:00:00+02:00"}, ["/published_at"]),
        ({"source": {"url": "javascript:alert(1)"}}, ["/source/url"]),
        ({"source": {"language": "English, please"}}, ["/source/language"]),
        ({"source": []}, ["/source"]),
        ({"relays": "R1"}, ["/relays"]),
    ],
)
def test_a_wrong_field_is_named(send: SendRequest, changes: dict, pointers: list[str]) -> None:
    problem(send(make.report(**changes)), 422, *pointers)


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
    problem(send(make.report(period=period)), 422, *pointers)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (make.report(typo=1), "/typo"),
        (make.report(id="r1"), "/id"),
        (make.report(figures=[make.figure(outcome="killed")]), "/figures/0/outcome"),
        (make.report(period={**make.PERIOD, "until": 1}), "/period/until"),
        (make.report(places=[make.place(party=True)]), "/places/0/party"),
        (make.report(source={"uri": "x"}), "/source/uri"),
        (make.report(**{"a/b~c": 1}), "/a~1b~0c"),
    ],
)
def test_an_unknown_field_is_named(send: SendRequest, body: dict, pointer: str) -> None:
    problem(send(body), 422, pointer)


def test_all_faults_are_told_at_once(send: SendRequest) -> None:
    body = make.report(ref="", figures=[make.figure(low=-1), make.figure(high="x")])
    problem(send(body), 422, "/ref", "/figures/0/low", "/figures/1/high")


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT", "TRACE", "BREW", "a" * 300])
def test_an_unknown_method_names_those_that_are_known(client: FlaskClient, method: str) -> None:
    answer = client.open("/v1/reports", method=method)
    problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    "address",
    ["/nowhere", "/v1", "/v1/reports/", "/v1/reports/%00", "/v1/reports/%ff", "/v1/reports/a/b"],
)
def test_nothing_is_at_other_addresses(client: FlaskClient, address: str) -> None:
    problem(client.get(address), 404)


def test_head_and_options_are_answered(client: FlaskClient) -> None:
    assert client.head("/v1/reports").status_code == 200
    assert client.head("/v1/reports").data == b""
    assert "POST" in client.options("/v1/reports").headers["Allow"]


def test_a_precondition_that_holds_is_answered_without_a_body(
    send: SendRequest, client: FlaskClient
) -> None:
    tag = send(make.report()).headers["ETag"]
    assert not tag.startswith("W/")
    again = client.get("/v1/reports/r1", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/v1/reports/r1", headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_precondition_that_fails_is_a_problem(send: SendRequest, client: FlaskClient) -> None:
    tag = send(make.report()).headers["ETag"]
    assert client.get("/v1/reports/r1", headers={"If-Match": tag}).status_code == 200
    problem(client.get("/v1/reports/r1", headers={"If-Match": '"x"'}), 412)

"""Reports as lines, as a table and as a map; pages and tags in every form."""

import csv
import io
import json
import re
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.exports.figure_rows import COLUMNS
from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

SKY = {"id": "sky", "name": "Sky"}
MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "geojson": "application/geo+json",
}
each_format = pytest.mark.parametrize("form", MEDIA_TYPES)


def read_report_ids(answer: TestResponse) -> list[str]:
    """Return the ids of the reports in the answer, in whatever form it is, each once."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    text = answer.get_data(as_text=True)
    if answer.mimetype == MEDIA_TYPES["ndjson"]:
        report_ids = [json.loads(line)["id"] for line in text.splitlines()]
    elif answer.mimetype == MEDIA_TYPES["csv"]:
        report_ids = [row["report"] for row in read_rows(answer)]
    elif answer.mimetype == MEDIA_TYPES["geojson"]:
        report_ids = [each["properties"]["report"] for each in read_features(answer)]
    else:
        report_ids = [each["id"] for each in answer.get_json()["reports"]]
    return list(dict.fromkeys(report_ids))


def read_rows(answer: TestResponse) -> list[dict[str, str]]:
    """Return the rows of a table by column."""
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))


def read_features(answer: TestResponse) -> list[dict[str, Any]]:
    """Return the features of a map."""
    collection = answer.get_json(force=True)
    assert collection["type"] == "FeatureCollection"
    items: list[dict[str, Any]] = collection["features"]
    return items


@pytest.fixture
def three_reports(send: SendRequest) -> list[dict[str, Any]]:
    """One report of two figures, one of a stance, one by another reporter."""
    places = [
        bodies.make_place(latitude=51.1, longitude=35.25),
        bodies.make_place("vorozhba", latitude=-51.5, longitude=-34.0),
        bodies.make_place("somewhere", latitude=10.0),
    ]
    figures = [
        bodies.make_figure(note="in the evening"),
        {"outcomes": ["killed"], "low": 2, "high": 9, "best": 5, "places": ["plekhovo"]},
        {"outcomes": ["missing"], "exactly": 0, "places": ["somewhere"]},
    ]
    source = {"url": "https://example.org/a", "publisher": "P", "title": "T"}
    return [
        assert_recorded(send(bodies.make_report(
            ref="a", published_at="2024-12-16", source=source, places=places, figures=figures,
            quote="they said", caveats=["preliminary", "of one day"], incident="acled:7",
        ))),
        assert_recorded(send(bodies.make_stance(places=["plekhovo"], reporter=SKY))),
        assert_recorded(send(bodies.make_report(
            reporter=SKY, relays="r1", places=["plekhovo", "vorozhba"],
            period={"from": None, "to": "2024-12-16"},
        ))),
    ]  # fmt: skip


@each_format
def test_a_format_is_chosen_by_parameter_or_accept_header(
    client: FlaskClient, three_reports: Any, form: str
) -> None:
    named = client.get(f"/v1/reports?format={form}", headers={"Accept": "text/html"})
    accepted = client.get(
        "/v1/reports", headers={"Accept": f"text/html, {MEDIA_TYPES[form]};q=0.5"}
    )
    for answer in (named, accepted):
        assert answer.mimetype == MEDIA_TYPES[form]
        assert read_report_ids(answer) == ["r1", "r2", "r3"]
        assert {"Accept", "Authorization"} <= set(answer.vary)
    assert named.get_data() == accepted.get_data()


@pytest.mark.parametrize("accept", ["*/*", "application/*", "image/png", "application/json, */*"])
def test_json_is_the_default_format(client: FlaskClient, accept: str) -> None:
    assert client.get("/v1/reports", headers={"Accept": accept}).mimetype == MEDIA_TYPES["json"]


def test_a_line_of_ndjson_is_a_report(client: FlaskClient, three_reports: Any) -> None:
    text = client.get("/v1/reports?format=ndjson").get_data(as_text=True)
    assert text.endswith("\n")
    listed_reports = client.get("/v1/reports").get_json()["reports"]
    assert [json.loads(line) for line in text.split("\n")[:-1]] == listed_reports


def test_a_row_of_csv_is_a_figure(client: FlaskClient, three_reports: Any) -> None:
    answer = client.get("/v1/reports?format=csv")
    table = read_rows(answer)
    assert answer.get_data(as_text=True).splitlines()[0] == ",".join(COLUMNS)
    assert [(row["report"], row["figure"]) for row in table] == [
        ("r1", "r1-1"), ("r1", "r1-2"), ("r1", "r1-3"), ("r2", ""), ("r3", "r3-1"),
    ]  # fmt: skip
    assert table[0] == {
        "report": "r1",
        "seq": str(three_reports[0]["seq"]),
        "recorded_at": three_reports[0]["recorded_at"],
        "state": "live",
        "reporter": "ua-hur",
        "ref": "a",
        "published_at": three_reports[0]["published_at"],
        "stance": "asserts",
        "figure": "r1-1",
        "outcomes": "killed,wounded",
        "low": "30",
        "high": "",
        "best": "",
        "soft": "",
        "wording": "at least 30",
        "qualifier": "at_least",
        "from": "2024-12-14",
        "to": "2024-12-15",
        "places": "plekhovo,vorozhba,somewhere",
        "groups": "everyone",
        "incident": "acled:7",
        "reclassifies": "",
        "relays": "",
        "origin": "",
        "supersedes": "",
        "superseded_by": "",
        "source_url": "https://example.org/a",
        "source_publisher": "P",
        "source_title": "T",
        "quote": "they said",
        "note": "",
        "figure_note": "in the evening",
        "caveats": "preliminary; of one day",
    }
    assert [(row["low"], row["high"], row["best"]) for row in table[1:4]] == [
        ("2", "9", "5"), ("0", "0", ""), ("", "", ""),
    ]  # fmt: skip
    assert (table[3]["stance"], table[3]["outcomes"]) == ("does_not_acknowledge", "")
    assert (table[3]["places"], table[3]["groups"], table[3]["to"]) == (
        "plekhovo", "everyone", "2024-12-15",
    )  # fmt: skip
    assert (table[4]["from"], table[4]["relays"], table[4]["state"]) == ("", "r1", "relay")


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "'=1", '"=1+1"', "“+30”", "\u00a0=1",
     "\u200b=1", "＝1", '" =1', "\n=1"],
)  # fmt: skip
def test_a_text_that_looks_like_a_formula_is_escaped_in_csv(
    send: SendRequest, client: FlaskClient, text: str
) -> None:
    assert_recorded(send(bodies.make_report(quote=f"{text} ", note=text)))
    (row,) = read_rows(client.get("/v1/reports?format=csv"))
    assert (row["quote"], row["note"]) == (f"'{text} ", f"'{text}")
    assert (row["low"], row["source_url"]) == ("30", "")


def test_a_text_that_is_no_formula_is_not_escaped_in_csv(
    send: SendRequest, client: FlaskClient
) -> None:
    text = 'they, "the ministry", said:\n30 = thirty – or more'
    assert_recorded(send(bodies.make_report(quote=text, reporter=SKY)))
    (row,) = read_rows(client.get("/v1/reports?format=csv"))
    assert row["quote"] == text


def test_a_feature_of_geojson_is_a_figure_with_the_points_of_its_places(
    client: FlaskClient, three_reports: Any
) -> None:
    items = read_features(client.get("/v1/reports?format=geojson"))
    assert [each["id"] for each in items] == ["r1-1", "r1-2", "r1-3", "r2", "r3-1"]
    plekhovo, vorozhba = [35.25, 51.1], [-34.0, -51.5]
    assert [each["geometry"] for each in items] == [
        {"type": "MultiPoint", "coordinates": [plekhovo, vorozhba]},
        {"type": "Point", "coordinates": plekhovo},
        None,
        {"type": "Point", "coordinates": plekhovo},
        {"type": "MultiPoint", "coordinates": [plekhovo, vorozhba]},
    ]
    assert all(each["type"] == "Feature" for each in items)
    properties = items[0]["properties"]
    assert tuple(properties) == COLUMNS
    assert (properties["low"], properties["high"], properties["places"]) == (
        30,
        None,
        "plekhovo,vorozhba,somewhere",
    )
    assert items[3]["properties"]["low"] is None


def test_a_place_has_the_coordinates_of_the_seq(
    client: FlaskClient, three_reports: Any, put: SendRequest, key: MakeHeaders
) -> None:
    moved = {"name": "Plekhovo", "latitude": 52, "longitude": 36}
    assert put("/v1/places/plekhovo", moved).status_code == 200
    then = three_reports[0]["seq"]

    def geometry(query: str = "") -> Any:
        return read_features(client.get(f"/v1/reports?format=geojson{query}"))[1]["geometry"]

    assert geometry()["coordinates"] == [36, 52]
    assert geometry(f"&as_of={then}")["coordinates"] == [35.25, 51.1]
    client.post("/v1/places/plekhovo/merge", json={"into": "vorozhba"}, headers=key("admin"))
    assert geometry()["coordinates"] == [-34.0, -51.5]
    first = read_features(client.get("/v1/reports?format=geojson"))[0]
    assert first["geometry"]["type"] == "Point"


@each_format
def test_pages_follow_each_other_by_their_links(
    client: FlaskClient, three_reports: Any, form: str
) -> None:
    address: str | None = f"/v1/reports?format={form}&limit=1&place=plekhovo"
    report_ids = []
    while address:
        answer = client.get(address)
        report_ids += read_report_ids(answer)
        link = answer.headers.get("Link")
        if form == "json":
            next_link = answer.get_json()["next"]
            assert link == (next_link and f'<{next_link}>; rel="next"')
        match = link and re.fullmatch(r'<(reports\?[!-;=?-~]+)>; rel="next"', link)
        assert bool(match) == bool(link)
        address = urljoin(address, match[1]) if match else None
    assert report_ids == ["r1", "r2", "r3"]


@each_format
def test_every_format_can_be_read_as_of_a_seq(
    client: FlaskClient, send: SendRequest, key: MakeHeaders, three_reports: Any, form: str
) -> None:
    address = f"/v1/reports?format={form}"
    then = client.get(address)
    seq = three_reports[-1]["seq"]
    client.post("/v1/reports/r1/retraction", json={"reason": "x"}, headers=key("admin"))
    assert_recorded(send(bodies.make_report(places=["plekhovo"])))
    assert client.get(f"{address}&as_of={seq}").get_data() == then.get_data()
    assert read_report_ids(client.get(address)) == ["r1", "r2", "r3", "r4"]
    assert_problem(client.get(f"{address}&as_of=999"), 422, "as_of")


@each_format
def test_filters_and_errors_are_the_same_in_every_format(
    client: FlaskClient, three_reports: Any, form: str
) -> None:
    assert read_report_ids(client.get(f"/v1/reports?format={form}&reporter=sky")) == ["r2", "r3"]
    assert read_report_ids(client.get(f"/v1/reports?format={form}&q=nothing")) == []
    assert_problem(client.get(f"/v1/reports?format={form}&place=nowhere"), 422, "place")
    assert_problem(client.get(f"/v1/reports?format={form}&format={form}"), 422, "format")


@each_format
def test_a_known_etag_is_answered_with_304(
    client: FlaskClient, send: SendRequest, three_reports: Any, form: str
) -> None:
    for address in (f"/v1/reports?limit=3&format={form}", "/v1/reports/r1", "/v1/places"):
        first = client.get(address)
        tag = first.headers["ETag"]
        assert not tag.startswith("W/")
        again = client.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, again.get_data(), again.headers["ETag"]) == (304, b"", tag)
        assert {"Accept", "Authorization"} <= set(first.vary) & set(again.vary)
    page = f"/v1/reports?limit=3&format={form}"
    tag = client.get(page).headers["ETag"]
    assert_recorded(send(bodies.make_report(places=["plekhovo"])))
    # The rows are the same, but another page follows now.
    assert client.get(page, headers={"If-None-Match": tag}).status_code == 200


def test_every_format_has_its_own_etag(client: FlaskClient) -> None:
    answers = [
        client.get("/v1/reports", headers={"Accept": MEDIA_TYPES[form]}) for form in MEDIA_TYPES
    ]
    assert len({answer.headers["ETag"] for answer in answers}) == len(MEDIA_TYPES)
    tag = answers[0].headers["ETag"]
    other = client.get("/v1/reports", headers={"Accept": MEDIA_TYPES["csv"], "If-None-Match": tag})
    assert other.status_code == 200


@pytest.fixture
def villages(send: SendRequest) -> None:
    """A region with two villages, one of which has coordinates."""
    tree = [
        bodies.make_place("n", latitude=1, longitude=2),
        bodies.make_place(parent="n", latitude=51.1, longitude=35.25),
        bodies.make_place("vorozhba", parent="n"),
    ]
    assert_recorded(
        send(bodies.make_report(places=tree, figures=[bodies.make_figure(places=["plekhovo"])]))
    )


@pytest.mark.parametrize("address", ["/v1/totals?place=n&", "/v1/places/n/totals?"])
def test_totals_by_place_are_a_map(client: FlaskClient, villages: None, address: str) -> None:
    query = f"{address}by=place&outcomes=killed,wounded"
    named = client.get(f"{query}&format=geojson")
    accepted = client.get(query, headers={"Accept": MEDIA_TYPES["geojson"]})
    totals = client.get(query).get_json()
    for answer in (named, accepted):
        assert answer.mimetype == MEDIA_TYPES["geojson"]
        whole = answer.get_json(force=True)
        assert (whole["query"], whole["as_of"]) == (totals["query"], totals["as_of"])
        plekhovo, vorozhba = read_features(answer)
        assert (plekhovo["id"], plekhovo["properties"]) == ("plekhovo", totals["parts"][0])
        assert plekhovo["geometry"] == {"type": "Point", "coordinates": [35.25, 51.1]}
        assert (vorozhba["properties"], vorozhba["geometry"]) == (totals["parts"][1], None)
    tags = {client.get(f"{query}&format={form}").headers["ETag"] for form in ("json", "geojson")}
    assert len(tags) == 2
    compared = client.get(f"{query}&format=geojson&compare=0").get_json(force=True)
    assert compared["compared"]["seq"] == 0
    assert "then" in compared["features"][0]["properties"]["totals"][0]


def test_only_totals_by_place_are_a_map(client: FlaskClient, villages: None) -> None:
    for query in ("format=geojson", "format=geojson&by=group"):
        assert_problem(client.get(f"/v1/totals?{query}"), 422, "by")
    assert_problem(client.get("/v1/totals", headers={"Accept": MEDIA_TYPES["geojson"]}), 422, "by")
    both = client.get(
        "/v1/totals", headers={"Accept": f"{MEDIA_TYPES['geojson']}, application/json"}
    )
    assert both.mimetype == MEDIA_TYPES["json"]


def test_a_name_that_looks_like_a_formula_is_escaped_in_the_csv_of_totals(
    send: SendRequest, client: FlaskClient
) -> None:
    assert_recorded(
        send(
            bodies.make_report(
                places=[bodies.make_place("x", name="'=1+1"), bodies.make_place("y", name="@")]
            )
        )
    )
    table = read_rows(client.get("/v1/totals?by=place&outcomes=killed&format=csv"))
    parts = [row for row in table if row["row"] == "part"]
    assert [(row["name"], row["low"]) for row in parts] == [("''=1+1", "0"), ("'@", "0")]


def test_a_csv_of_reports_begins_with_a_byte_order_mark_on_request(
    three_reports: list[dict[str, Any]], client: FlaskClient
) -> None:
    marked = client.get("/v1/reports?format=csv&bom=true").get_data()
    plain = client.get("/v1/reports?format=csv").get_data()
    assert marked == b"\xef\xbb\xbf" + plain
    assert_problem(client.get("/v1/reports?format=ndjson&bom=true"), 422, "bom")

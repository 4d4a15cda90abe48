"""GET /v1/reports: filters and pages."""

from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

SKY = {"id": "sky", "name": "Sky"}
KURSK = bodies.make_place("ru-kursk", parent="ru")


@pytest.fixture
def find_ids(send: SendRequest, client: FlaskClient) -> Any:
    """Five reports, and a way to list the ids that a query finds."""
    tree = [bodies.make_place("ru"), KURSK, bodies.make_place(parent="ru-kursk")]
    dprk = {"id": "dprk-forces", "name": "North Korean forces"}
    assert_recorded(send(bodies.make_report(places=tree, note="first")))
    assert_recorded(
        send(
            bodies.make_report(
                places=["plekhovo"], groups=[dprk], quote="dozens of “hidden” bodies"
            )
        )
    )
    assert_recorded(send(bodies.make_report(reporter=SKY, relays="r1", places=["ru"])))
    later = {"from": "2025-01-01", "to": "2025-01-02"}
    assert_recorded(send(bodies.make_report(places=["ru-kursk"], period=later, supersedes="r2")))
    assert_recorded(
        send(bodies.make_stance(places=["ru"], period={"from": None, "to": "2024-01-01"}))
    )

    def list_ids(query: str) -> list[str]:
        answer = client.get(f"/v1/reports?{query}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return [report["id"] for report in answer.get_json()["reports"]]

    return list_ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", "r1 r2 r3 r4 r5"),
        ("place=plekhovo", "r1 r2"),
        ("place=ru-kursk", "r1 r2 r4"),
        ("place=ru", "r1 r2 r3 r4 r5"),
        ("place=plekhovo,ru-kursk", "r1 r2 r4"),
        ("group=dprk-forces", "r2"),
        ("group=everyone", "r1 r2 r3 r4 r5"),
        ("reporter=sky", "r3"),
        ("reporter=sky,ua-hur", "r1 r2 r3 r4 r5"),
        ("state=live", "r1 r4 r5"),
        ("contradicts=true", ""),
        ("contradicts=false", "r1 r2 r3 r4 r5"),
        ("outcomes=wounded", "r1 r2 r3 r4"),
        ("outcomes=killed,missing", "r1 r2 r3 r4"),
        ("outcomes=missing,captured", ""),
        ("state=relay,superseded", "r2 r3"),
        ("state=retracted", ""),
        ("from=2024-12-15", "r1 r2 r3 r4"),
        ("from=2024-12-16", "r4"),
        ("to=2024-12-14", "r1 r2 r3 r5"),
        ("to=2024-12-13", "r5"),
        ("from=2024-12-15&to=2024-12-15", "r1 r2 r3"),
        ("q=HIDDEN", "r2"),
        ("q=hidden+dozens", "r2"),
        ("q=hidden+nowhere", ""),
        ("format=json", "r1 r2 r3 r4 r5"),
        ("q=least", "r1 r2 r3 r4"),
        ("q=%22%2A(NEAR+OR+NOT", ""),
        ("q=%E2%80%94", ""),
        ("place=ru-kursk&state=live&to=2024-12-31", "r1"),
    ],
)
def test_filters_find_the_matching_reports(find_ids: Any, query: str, ids: str) -> None:
    assert find_ids(query) == ids.split()


def test_pages_follow_each_other_without_gap_or_repeat(find_ids: Any, client: FlaskClient) -> None:
    address: str | None = "/v1/reports?limit=2&place=ru"
    ids = []
    while address:
        answer = client.get(address).get_json()
        ids.append([report["id"] for report in answer["reports"]])
        address = answer["next"] and urljoin(address, answer["next"])
    assert ids == [["r1", "r2"], ["r3", "r4"], ["r5"]]


def test_links_hold_below_a_path_that_a_proxy_takes_off(
    find_ids: Any, client: FlaskClient, send: SendRequest
) -> None:
    asked = "https://example.org/figures/v1/reports"
    link = client.get("/v1/reports?limit=2").get_json()["next"]
    assert urljoin(f"{asked}?limit=2", link).startswith(f"{asked}?limit=2&after=")
    location = send(bodies.make_report()).headers["Location"]
    assert urljoin(asked, location) == f"{asked}/r6"


def test_a_page_that_is_just_full_is_the_last(find_ids: Any, client: FlaskClient) -> None:
    assert client.get("/v1/reports?limit=5").get_json()["next"] is None


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("place=ru-kurs", "place"),
        ("group=nobody", "group"),
        ("reporter=skyy", "reporter"),
        ("place=RU", "place"),
        ("place=", "place"),
        ("place=ru,ru", "place"),
        ("place=ru,", "place"),
        ("state=dead", "state"),
        ("from=2024-02-30", "from"),
        ("from=20241214", "from"),
        ("from=2024-12-15&to=2024-12-14", "to"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=1.0", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=-1", "limit"),
        ("format=xml", "format"),
        ("q=", "q"),
        ("q=%00", "q"),
        ("q=%E2%80%AE", "q"),
        ("after=x", "after"),
        ("after=cGxhY2VzOjE", "after"),
        ("after=%C3%A9", "after"),
        ("foo=1", "foo"),
        ("limit=1&limit=1", "limit"),
        ("Place=ru", "Place"),
    ],
)
def test_a_wrong_parameter_is_named(
    find_ids: Any, client: FlaskClient, query: str, pointer: str
) -> None:
    assert_problem(client.get(f"/v1/reports?{query}"), 422, pointer)


@pytest.mark.parametrize("query", ["q=%ff", "q=%", "q=%zz", "%ff=1"])
def test_a_query_that_is_not_utf_8_is_refused(client: FlaskClient, query: str) -> None:
    assert_problem(client.get(f"/v1/reports?{query}"), 400)


def test_an_unknown_id_in_a_query_names_similar_ids(find_ids: Any, client: FlaskClient) -> None:
    assert (
        "ru-kursk"
        in assert_problem(client.get("/v1/reports?place=ru-kurs"), 422, "place")["detail"]
    )


@pytest.mark.parametrize(
    "address", ["/v1/reports/r1?x=1", "/v1/vocabulary?x=1", "/v1/places/ru?x=1"]
)
def test_an_address_without_parameters_refuses_any(
    find_ids: Any, client: FlaskClient, address: str
) -> None:
    assert_problem(client.get(address), 422, "x")


def test_a_period_filter_matches_a_figure_and_not_the_gap_between_two(
    send: SendRequest, client: FlaskClient
) -> None:
    first, last = ({"from": day, "to": day} for day in ("2024-12-01", "2024-12-05"))
    assert_recorded(
        send(
            bodies.make_report(
                figures=[bodies.make_figure(period=first), bodies.make_figure(period=last)]
            )
        )
    )
    for query, count in (("from=2024-12-02&to=2024-12-04", 0), ("from=2024-12-05", 1),
                         ("to=2024-12-01", 1), ("from=2024-12-06", 0)):  # fmt: skip
        assert len(client.get(f"/v1/reports?{query}").get_json()["reports"]) == count


def test_the_later_of_two_reports_that_contradict_each_other_is_found(
    send: SendRequest, client: FlaskClient
) -> None:
    def post_count(people: int, **changes: Any) -> str:
        figures = [{"outcomes": ["killed"], "exactly": people}]
        report: str = assert_recorded(send(bodies.make_report(figures=figures, **changes)))["id"]
        return report

    post_count(5, quote='5 killed, "code":"contradicts"')
    post_count(5, reporter=SKY)
    contradicting = [post_count(7, reporter=SKY), post_count(7)]
    answer = client.get("/v1/reports?contradicts=true&state=live").get_json()
    assert [report["id"] for report in answer["reports"]] == contradicting

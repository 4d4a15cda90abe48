"""POST /v1/reports: what is recorded, and what is answered."""

from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded


def test_a_posted_report_is_answered_with_its_seq(send: SendRequest) -> None:
    answer = send(bodies.make_report(ref="hur-1"))
    body = assert_recorded(answer)
    assert (body["id"], body["ref"], body["state"]) == ("r1", "hur-1", "live")
    assert body["seq"] == 3  # The reporter and the place were recorded before it.
    assert answer.headers["Location"] == "reports/r1"
    assert body["recorded_at"].endswith("Z")


def test_the_answer_to_a_post_is_that_of_a_get(send: SendRequest, client: FlaskClient) -> None:
    post_response = send(bodies.make_report(quote="потери — «не менее 30»", note="a\tb\nc"))
    get_response = client.get(urljoin("/v1/reports", post_response.headers["Location"]))
    assert get_response.get_json() == post_response.get_json()
    assert get_response.headers["ETag"] == post_response.headers["ETag"]
    assert "не менее" in get_response.get_data(as_text=True)


def test_every_sent_field_is_in_the_answer(send: SendRequest) -> None:
    report = bodies.make_report(
        ref="hur-2024-12-16-1",
        published_at="2024-12-16",
        source={
            "url": "https://example.org/a?b=c",
            "publisher": "GUR",
            "title": "Losses",
            "language": "en",
        },
        quote="at least 30 soldiers were killed or wounded",
        note="n",
        groups=[{"id": "dprk-forces", "name": "North Korean forces"}],
        caveats=["not_independently_verified"],
        incident="ucdp:1",
    )
    body = assert_recorded(send(report))
    for name in ("ref", "published_at", "source", "quote", "note", "caveats", "incident", "period"):
        assert body[name] == report[name]
    assert (body["reporter"], body["places"], body["groups"]) == (
        "ua-hur",
        ["plekhovo"],
        ["dprk-forces"],
    )


@pytest.mark.parametrize(
    "url",
    ["http://host", "https://[::1]:8443/a", "https://host/@name?to=a@b#c@d", "https://host?a@b",
     "https://пример.example/путь\\"],
)  # fmt: skip
def test_an_address_of_a_source_may_have_an_at_sign_after_its_host(
    send: SendRequest, url: str
) -> None:
    body = assert_recorded(send(bodies.make_report(source={"url": url})))
    assert body["source"]["url"] == url


def test_a_wording_becomes_a_range_with_the_version_of_the_lexicon(send: SendRequest) -> None:
    (figure,) = assert_recorded(
        send(bodies.make_report(figures=[bodies.make_figure(wording="about 30")]))
    )["figures"]
    assert (figure["low"], figure["high"], figure["soft"]) == (25, 35, ["low", "high"])
    assert figure["qualifier"]
    assert figure["lexicon"]
    assert figure["wording"] == "about 30"
    assert figure["id"] == "r1-1"


@pytest.mark.parametrize(
    ("numbers", "low", "high"),
    [
        ({"low": 3}, 3, None),
        ({"low": 3, "high": None}, 3, None),
        ({"high": 5}, 0, 5),
        ({"low": None, "high": 5}, 0, 5),
        ({"low": 3, "high": 5}, 3, 5),
        ({"low": 30.0, "high": 30}, 30, 30),
        ({"exactly": 4}, 4, 4),
        ({"exactly": 0}, 0, 0),
        ({"low": 0, "high": 1_000_000_000}, 0, 1_000_000_000),
    ],
)
def test_given_numbers_are_stored_unchanged(
    send: SendRequest, numbers: dict, low: int, high: int | None
) -> None:
    figure = bodies.make_figure(wording=..., **numbers)
    (recorded_figure,) = assert_recorded(send(bodies.make_report(figures=[figure])))["figures"]
    assert (
        recorded_figure["low"],
        recorded_figure["high"],
        recorded_figure["soft"],
        recorded_figure["lexicon"],
    ) == (low, high, [], None)


def test_a_wording_beside_numbers_is_stored_and_not_read(send: SendRequest) -> None:
    figure = bodies.make_figure(wording="quite a lot, they say", low=10, high=20)
    (recorded_figure,) = assert_recorded(send(bodies.make_report(figures=[figure])))["figures"]
    assert (recorded_figure["low"], recorded_figure["high"], recorded_figure["wording"]) == (
        10,
        20,
        "quite a lot, they say",
    )
    assert recorded_figure["qualifier"] is None


def test_missing_outcomes_are_taken_from_the_wording(send: SendRequest) -> None:
    figure = bodies.make_figure(outcomes=..., wording="at least 30 killed or wounded")
    (recorded_figure,) = assert_recorded(send(bodies.make_report(figures=[figure])))["figures"]
    assert recorded_figure["outcomes"] == ["killed", "wounded"]


def test_outcomes_are_taken_from_a_wording_beside_numbers_too(send: SendRequest) -> None:
    figure = bodies.make_figure(outcomes=..., wording="3 people missing", exactly=3)
    (recorded_figure,) = assert_recorded(send(bodies.make_report(figures=[figure])))["figures"]
    assert recorded_figure["outcomes"] == ["missing"]


def test_a_figure_inherits_the_scope_of_its_report_or_has_its_own(send: SendRequest) -> None:
    own = {
        "period": {"from": None, "to": "2024-12-20"},
        "places": [bodies.make_place("kurilovka")],
        "groups": [{"id": "ru-forces", "name": "Russian forces"}],
        "incident": "acled:7",
    }
    body = assert_recorded(
        send(
            bodies.make_report(
                incident="ucdp:1", figures=[bodies.make_figure(), bodies.make_figure(**own)]
            )
        )
    )
    first, second = body["figures"]
    assert (first["period"], first["places"]) == (bodies.PERIOD, ["plekhovo"])
    assert (first["groups"], first["incident"]) == (["everyone"], "ucdp:1")
    assert (second["period"], second["places"]) == (own["period"], ["kurilovka"])
    assert (second["groups"], second["incident"]) == (["ru-forces"], "acled:7")


def test_a_figure_may_have_no_incident_though_its_report_has_one(send: SendRequest) -> None:
    body = assert_recorded(
        send(bodies.make_report(incident="own", figures=[bodies.make_figure(incident=None)]))
    )
    assert body["figures"][0]["incident"] is None


def test_without_a_ref_every_post_is_a_new_report(send: SendRequest) -> None:
    assert (
        assert_recorded(send(bodies.make_report()))["id"]
        != assert_recorded(send(bodies.make_report()))["id"]
    )


def test_the_same_ref_and_content_gives_the_stored_report(send: SendRequest) -> None:
    first = send(bodies.make_report(ref="a"))
    again = send(bodies.make_report(ref="a", reporter="ua-hur", places=["plekhovo"]))
    assert again.status_code == 200
    assert again.get_json() == first.get_json()
    assert again.headers["Location"] == first.headers["Location"]


def test_the_same_ref_with_other_content_points_to_supersedes(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    problem_body = assert_problem(send(bodies.make_report(ref="a", note="more")), 409, "/ref")
    assert "supersedes" in problem_body["detail"]


def test_a_ref_is_the_reporters_own(send: SendRequest) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    assert_recorded(send(bodies.make_report(ref="a", reporter={"id": "sky", "name": "Sky"})))


def test_a_stance_has_places_and_a_period_and_no_figures(send: SendRequest) -> None:
    body = assert_recorded(send(bodies.make_stance("declines_to_say")))
    assert (body["stance"], body["figures"], body["period"]) == (
        "declines_to_say",
        [],
        bodies.PERIOD,
    )


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"figures": [bodies.make_figure()]}, ["/figures"]),
        ({"figures": ..., "places": ...}, ["/places"]),
        ({"figures": ..., "period": ...}, ["/period"]),
        ({"stance": "asserts", "figures": ...}, ["/figures"]),
        ({"stance": "asserts", "figures": []}, ["/figures"]),
    ],
)
def test_a_stance_that_contradicts_its_report_is_refused(
    send: SendRequest, changes: dict, pointers: list[str]
) -> None:
    body = bodies.make_report(**{"stance": "acknowledges", **changes})
    assert_problem(send(body), 422, *pointers)


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"low": 5, "high": 4, "wording": ...}, ["/figures/0/low"]),
        ({"exactly": 5, "low": 4}, ["/figures/0/low"]),
        ({"exactly": 5, "high": 4, "low": 2}, ["/figures/0/low", "/figures/0/high"]),
        ({"wording": ...}, ["/figures/0"]),
        ({"wording": "umpteen"}, ["/figures/0/wording"]),
        ({"best": 20}, ["/figures/0/best"]),
        ({"low": 3, "high": 5, "best": 6}, ["/figures/0/best"]),
        ({"wording": "at least 30", "outcomes": ...}, ["/figures/0/outcomes"]),
        ({"wording": "30 killed"}, ["/figures/0/outcomes"]),
        ({"wording": "about 30 killed"}, ["/figures/0/outcomes"]),
        ({"wording": "at least 30 missing"}, ["/figures/0/outcomes"]),
        ({"wording": "30 casualties", "outcomes": ["killed"]}, ["/figures/0/outcomes"]),
        ({"wording": "heavy losses", "outcomes": ["killed"]}, ["/figures/0/outcomes"]),
        ({"wording": "heavy casualties", "outcomes": ["killed"]}, ["/figures/0/outcomes"]),
        ({"low": 3, "wording": ..., "outcomes": ...}, ["/figures/0/outcomes"]),
        ({"outcomes": []}, ["/figures/0/outcomes"]),
        ({"outcomes": ["injured"]}, ["/figures/0/outcomes/0"]),
        (
            {"reclassifies": {"figure": "r9-1", "from": "missing"}},
            ["/figures/0/reclassifies/figure"],
        ),
        ({"reclassifies": {"figure": "r9-1"}}, ["/figures/0/reclassifies/from"]),
    ],
)
def test_a_figure_that_contradicts_itself_is_refused(
    send: SendRequest, changes: dict, pointers: list[str]
) -> None:
    assert_problem(
        send(bodies.make_report(figures=[bodies.make_figure(**changes)])), 422, *pointers
    )


def test_the_unreadable_part_of_a_wording_is_named(send: SendRequest) -> None:
    problem_body = assert_problem(
        send(bodies.make_report(figures=[bodies.make_figure(wording="umpteen")])),
        422,
        "/figures/0/wording",
    )
    assert "umpteen" in problem_body["detail"]


def test_every_figure_needs_a_place_and_a_period(send: SendRequest) -> None:
    whole = bodies.make_figure(places=["plekhovo"], period=bodies.PERIOD)
    body = bodies.make_report(places=..., period=..., figures=[bodies.make_figure(), whole])
    assert_problem(send(body), 422, "/figures/0/period", "/figures/0/places")


@pytest.mark.parametrize("incident", ["nothing", "a:", ":b", "A:b", "a:b c", "own:1", "a b:c"])
def test_an_incident_is_a_scheme_and_an_id(send: SendRequest, incident: str) -> None:
    assert_problem(send(bodies.make_report(incident=incident)), 422, "/incident")


def test_a_refused_report_records_nothing(send: SendRequest, client: FlaskClient) -> None:
    assert_problem(
        send(bodies.make_report(figures=[bodies.make_figure(places=["nowhere"])])),
        422,
        "/figures/0/places/0",
    )
    assert client.get("/v1/places").get_json()["places"] == []
    assert client.get("/v1/reporters").get_json()["reporters"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"groups": ["everyone"]},
        {"stance": "asserts"},
        {
            "figures": [
                bodies.make_figure(groups=["everyone"], places=["plekhovo"], period=bodies.PERIOD)
            ]
        },
        {"places": ..., "figures": [bodies.make_figure(places=["plekhovo"])]},
        {"period": ..., "figures": [bodies.make_figure(period=bodies.PERIOD)]},
        {"figures": [bodies.make_figure(incident=None, outcomes=["wounded", "killed"])]},
        {"source": {"url": None}, "caveats": [], "note": None},
    ],
)
def test_the_same_content_in_another_notation_is_the_same(send: SendRequest, changes: dict) -> None:
    first = assert_recorded(send(bodies.make_report(ref="a")))
    again = send(bodies.make_report(ref="a", **changes))
    assert (again.status_code, again.get_json()) == (200, first)


def test_a_number_given_twice_over_is_the_same_as_given_exactly(send: SendRequest) -> None:
    assert_recorded(
        send(bodies.make_report(ref="a", figures=[bodies.make_figure(wording=..., low=4, high=4)]))
    )
    again = send(bodies.make_report(ref="a", figures=[bodies.make_figure(wording=..., exactly=4)]))
    assert again.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"incident": "own"},
        {"period": {**bodies.PERIOD, "from": None}},
        {"places": ["plekhovo", bodies.make_place("vorozhba")]},
        {"figures": [bodies.make_figure(places=[bodies.make_place("vorozhba")])]},
        {"figures": [bodies.make_figure(low=30)]},
        {"figures": [bodies.make_figure(), bodies.make_figure()]},
        {"groups": [{"id": "ru-forces", "name": "Russian forces"}]},
        {
            "places": [bodies.make_place("vorozhba")],
            "figures": [bodies.make_figure(places=["plekhovo"])],
        },
        {"stance": "acknowledges", "figures": ...},
    ],
)
def test_content_that_means_something_else_is_other_content(
    send: SendRequest, changes: dict
) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    assert_problem(send(bodies.make_report(ref="a", **changes)), 409, "/ref")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"reporter": {"id": "ua-hur", "party": False}}, "/reporter/party"),
        ({"places": [bodies.make_place(kind="village")]}, "/places/0/kind"),
    ],
)
def test_known_content_does_not_excuse_a_differing_object(
    send: SendRequest, client: FlaskClient, changes: dict, pointer: str
) -> None:
    assert_recorded(send(bodies.make_report(ref="a")))
    assert_problem(send(bodies.make_report(ref="a", **changes)), 409, pointer)


@pytest.mark.parametrize(
    "changes",
    [
        {"reporter": {"id": "ua-hur", "name": "Other"}},
        {"groups": [{"id": "everyone", "name": "All"}]},
    ],
)
def test_known_content_with_another_name_is_known(
    send: SendRequest, client: FlaskClient, changes: dict
) -> None:
    stored = assert_recorded(send(bodies.make_report(ref="a")))
    response = send(bodies.make_report(ref="a", **changes))
    assert (response.status_code, response.get_json()) == (200, stored)
    assert client.get("/v1/reporters/ua-hur").get_json()["name"] == bodies.REPORTER["name"]
    assert client.get("/v1/groups/everyone").get_json()["name"] != "All"


def test_null_is_a_missing_field_wherever_a_field_may_be_missing(send: SendRequest) -> None:
    empty = {"note": None, "best": None, "places": None, "groups": None, "period": None}
    place = bodies.make_place(parent=None, aliases=None, latitude=None)
    body = bodies.make_report(
        reporter={**bodies.REPORTER, "kind": None, "aliases": None},
        places=[place],
        groups=None,
        stance=None,
        caveats=None,
        source={"url": None, "language": None},
        figures=[
            bodies.make_figure(**empty, low=3, wording=None),
            bodies.make_figure(**empty, outcomes=None, wording="4 missing"),
        ],
    )
    first, second = assert_recorded(send(body))["figures"]
    assert (first["wording"], first["groups"]) == (None, ["everyone"])
    assert second["outcomes"] == ["missing"]
    assert_problem(
        send(bodies.make_report(stance="acknowledges", figures=None, places=None)), 422, "/places"
    )


@pytest.mark.parametrize(
    ("changes", "pointer", "detail"),
    [
        ({"reporter": ...}, "/reporter", "This field is required."),
        ({"reporter": None}, "/reporter", "This must not be null."),
        ({"places": [None]}, "/places/0", "This must not be null."),
        ({"reporter": {"name": "A"}}, "/reporter/id", "This field is required."),
    ],
)
def test_a_missing_field_is_named_with_advice(
    send: SendRequest, changes: dict, pointer: str, detail: str
) -> None:
    (fault,) = assert_problem(send(bodies.make_report(**changes)), 422, pointer)["errors"]
    assert fault["detail"] == detail

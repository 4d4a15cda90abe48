"""The finder: places, groups, reporters, reports and incidents by words."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.web.messages import plain_text
from service.web.viewmodels.report_list import MAX_OFFERED_PLACES
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.support.pages import list_hrefs, read_page


@pytest.fixture
def record(send: SendRequest) -> str:
    """A report about a town, and another about a plant named after it; the id of the first."""
    town = bodies.make_place("town", name="Aleppo", aliases=["حلب", "Halab"], parent="syria")
    plant = bodies.make_place("plant", name="Aleppo power plant")
    syria = bodies.make_place("syria", kind="country")
    places = [syria, town]
    changes = {"ref": "A-1", "quote": "The bridge was hit", "incident": "ucdp:77"}
    named = {
        **changes,
        "published_at": "2024-12-18",
        "figures": [bodies.make_figure(places=["town"])],
    }
    first = assert_recorded(send(bodies.make_report(places=places, **named)))["id"]
    second = bodies.make_report(
        places=[plant], reporter={"id": "aleppo-today", "name": "Aleppo Today"}
    )
    assert_recorded(send(second))
    return str(first)


def suggest(client: FlaskClient, words: str) -> list[dict[str, Any]]:
    answer = client.get("/suggest", query_string={"words": words})
    assert answer.status_code == 200 and answer.json is not None
    found: list[dict[str, Any]] = answer.json["found"]
    return found


@pytest.mark.parametrize("words", ["alepp", "ALEPPO", "allepo", "Halab", "حلب"])
def test_the_town_is_suggested_first(client: FlaskClient, record: str, words: str) -> None:
    assert suggest(client, words)[0]["href"] == "place/town"


def test_a_suggestion_says_what_it_is(client: FlaskClient, record: str) -> None:
    found = suggest(client, "halab")
    assert found[0] == {
        "id": "town",
        "name": "Aleppo",
        "about": "also “Halab” · place · Syria · 1 figure",
        "href": "place/town",
    }
    about = {each["href"]: each["about"] for each in suggest(client, "aleppo")}
    assert about["reporter/aleppo-today"] == "reporter · 1 report"
    (party, _) = suggest(client, "defence intelligence")
    assert party["about"] == "reporter · party to the conflict · 1 report"


@pytest.mark.parametrize(
    ("kind", "words", "first"),
    [
        ("place", "allepo", "town"),
        ("reporter", "alepo", "aleppo-today"),
        ("group", "nprth", "dprk"),
    ],
)
def test_a_field_for_one_kind_offers_this_kind_alone_whatever_the_spelling(
    client: FlaskClient, send: SendRequest, record: str, kind: str, words: str, first: str
) -> None:
    assert_recorded(
        send(bodies.make_report(groups=[{"id": "dprk", "name": "North Korean forces"}]))
    )
    answer = client.get("/suggest", query_string={"kind": kind, "words": words})
    assert answer.json is not None
    assert answer.json["found"][0]["id"] == first
    with_prefix = {"place": "place/", "reporter": "reporter/", "group": "place?group="}[kind]
    assert all(each["href"].startswith(with_prefix) for each in answer.json["found"])


def test_suggestions_for_a_field_of_a_place_are_places(client: FlaskClient, record: str) -> None:
    answer = client.get("/suggest", query_string={"words": "aleppo", "kind": "place"})
    assert answer.json is not None
    assert [each["id"] for each in answer.json["found"]] == ["town", "plant"]
    for kind in ("place", "group", "reporter"):
        assert client.get(f"/suggest?words=&kind={kind}").json == {"found": []}


def test_a_figure_can_be_about_everyone(client: FlaskClient, record: str) -> None:
    for words in ("everyone", "EVERY"):
        found = client.get("/suggest", query_string={"kind": "group", "words": words}).json
        assert found is not None and found["found"][0]["id"] == "everyone"
    assert client.get("/suggest?kind=group&words=very").json == {"found": []}
    assert client.get("/suggest?kind=place&words=everyone").json == {"found": []}


def test_a_kind_that_nothing_is_of_is_refused(client: FlaskClient) -> None:
    assert client.get("/suggest?kind=report&words=a").status_code == 422


def test_the_last_suggestion_searches_the_reports(client: FlaskClient, record: str) -> None:
    assert suggest(client, "nothing like it") == [
        {
            "id": "",
            "name": plain_text("find.in_reports", words="nothing like it"),
            "about": "",
            "href": "reports?q=nothing+like+it",
        }
    ]


def test_reports_and_incidents_are_suggested_by_their_ids(client: FlaskClient, record: str) -> None:
    for words in ("A-1", record):
        report = suggest(client, words)[0]
        assert report["href"] == f"report/{record}"
        assert report["about"].startswith(
            "report · 18 December 2024 · at least 30 killed or wounded"
        )
    assert suggest(client, "ucdp:7")[0]["href"] == "incident/ucdp:77"


def test_nothing_is_suggested_without_words(client: FlaskClient, record: str) -> None:
    assert suggest(client, "  ") == suggest(client, "") == []


def test_the_page_groups_what_it_finds(client: FlaskClient, record: str) -> None:
    page = "/find?words=aleppo"
    text = read_page(client, page)
    headings = [plain_text(f"find.{name}") for name in ("places", "reporters")]
    first, second = (text.index(f"{each} Aleppo") for each in headings)
    assert first < second
    assert list_hrefs(client, page, "place/") == ["place/town", "place/plant"]
    assert list_hrefs(client, page, "reporter/") == ["reporter/aleppo-today"]


def test_the_page_finds_reports_by_words_and_ids(client: FlaskClient, record: str) -> None:
    for words in ("bridge+hit", "A-1", record):
        address = f"/find?words={words}"
        assert list_hrefs(client, address, "report/") == [f"report/{record}"]
    assert "“" not in read_page(client, "/find?words=A-1").partition("The bridge")[2]
    assert list_hrefs(client, "/find?words=ucdp:77", "incident/") == ["incident/ucdp:77"]


def test_many_reports_lead_to_the_list_of_all(client: FlaskClient, send: SendRequest) -> None:
    for number in range(10):
        assert_recorded(send(bodies.make_report(note=f"The bridge, {number}")))
    assert list_hrefs(client, "/find?words=bridge", "reports?") == ["reports?q=bridge"]


def test_a_page_without_matches_leads_to_the_lists(client: FlaskClient, record: str) -> None:
    text = read_page(client, "/find?words=xyzzy")
    assert plain_text("find.none") in text
    assert plain_text("find.empty") in read_page(client, "/find?words=")
    assert read_page(client, "/find")


def test_an_incident_with_a_slash_is_found_at_its_address(
    client: FlaskClient, send: SendRequest
) -> None:
    assert_recorded(send(bodies.make_report(incident="acled:SYR/1?2")))
    href = suggest(client, "acled:SYR")[0]["href"]
    assert href == "incident/acled:SYR/1%3F2"
    assert read_page(client, f"/{href}")


@pytest.mark.parametrize("page", ["find", "suggest"])
def test_unknown_and_invalid_parameters_are_refused(client: FlaskClient, page: str) -> None:
    assert client.get(f"/{page}?find=x").status_code == 422
    assert client.get(f"/{page}?words={'x' * 201}").status_code == 422
    assert client.get(f"/{page}?words=a&words=b").status_code == 422


@pytest.fixture
def groups(send: SendRequest) -> None:
    """Figures about soldiers of two kinds, and about civilians."""
    named = [
        {"id": "soldiers", "name": "Soldiers"},
        {"id": "nk", "name": "North Korean (DPRK) forces", "parent": "soldiers", "facet": "side"},
        {"id": "civilians", "name": "Civilians", "aliases": ["Цивільні"]},
    ]
    figures = [
        {"outcomes": ["killed"], "low": 3, "groups": ["nk"]},
        {"outcomes": ["killed"], "low": 3, "groups": ["civilians"]},
    ]
    assert_recorded(send(bodies.make_report(groups=named, figures=figures)))


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(
    ("words", "group"),
    [("north korea", "nk"), ("dprk", "nk"), ("civillians", "civilians"), ("tsyvilni", "civilians")],
)
def test_a_group_is_found_by_its_names(client: FlaskClient, words: str, group: str) -> None:
    assert suggest(client, words)[0]["href"] == f"place?group={group}"
    page = f"/find?words={words}"
    assert list_hrefs(client, page, "place?") == [f"place?group={group}"]
    assert plain_text("find.groups") in read_page(client, page)
    assert read_page(client, f"/place?group={group}")


@pytest.mark.usefixtures("groups")
def test_a_suggested_group_says_in_which_it_is_and_how_many_figures_it_has(
    client: FlaskClient,
) -> None:
    assert suggest(client, "dprk")[0]["about"] == "group of people · Soldiers · 1 figure"
    assert suggest(client, "soldiers")[0]["about"] == "group of people · 1 figure"


@pytest.mark.usefixtures("groups")
def test_everyone_is_no_group_to_find(client: FlaskClient) -> None:
    assert [each["href"] for each in suggest(client, "everyone")] == ["reports?q=everyone"]


@pytest.mark.parametrize("words", ["alepp", "allepo", "Halab", "حلب", "aleppo plant", "syri"])
def test_every_search_finds_the_same_places(client: FlaskClient, record: str, words: str) -> None:
    page = client.get("/find", query_string={"words": words}).get_data(as_text=True)
    suggested = client.get("/suggest", query_string={"words": words, "kind": "place"}).json
    assert suggested is not None and suggested["found"]
    hrefs = [each["href"] for each in suggested["found"]]
    assert [each for each in re.findall('href="([^"]+)"', page) if "place/" in each] == hrefs
    table = client.get("/places", query_string={"words": words}).get_data(as_text=True)
    rows = re.findall(r'rowheader"><a href="[^"]+(?:/|place=)([a-z]+)"', table)
    assert [f"place/{each}" for each in rows] == hrefs
    for form in ("place", "reports"):
        answer = client.get(f"/{form}", query_string={"find": words})
        text = answer.headers.get("Location", "") + answer.get_data(as_text=True)
        assert all(each["id"] in text for each in suggested["found"])


def test_the_form_of_a_subject_takes_a_place_by_close_spelling(
    client: FlaskClient, record: str
) -> None:
    answer = client.get("/place?find=halabb")
    assert (answer.status_code, answer.headers["Location"]) == (303, "place/town")
    assert client.get("/place?find=aleppo").headers["Location"] == "place/town"


def test_a_form_whose_words_may_mean_several_places_offers_each_with_the_other_filters(
    client: FlaskClient, record: str
) -> None:
    address = "/place?place=syria&find=allepo&from=June+2024&outcomes=killed"
    assert list_hrefs(client, address, "place/") == [
        "place/syria,town?from=2024-06-01&outcomes=killed",
        "place/syria,plant?from=2024-06-01&outcomes=killed",
    ]


def test_names_with_markup_are_escaped(client: FlaskClient, send: SendRequest) -> None:
    place = bodies.make_place("x", name="<b>Metaville</b>")
    assert_recorded(send(bodies.make_report(places=[place], quote="<i>metaville</i>")))
    page = client.get("/find?words=metaville").get_data(as_text=True)
    assert "&lt;b&gt;Metaville" in page and "&lt;i&gt;metaville" in page
    assert "<b>" not in page and "<i>" not in page


def test_a_search_offers_few_places(client: FlaskClient, send: SendRequest) -> None:
    places = [bodies.make_place(f"old-{number}", name=f"Old {number}") for number in range(30)]
    figures = [bodies.make_figure(places=["old-3"])]
    assert_recorded(send(bodies.make_report(places=places, figures=figures)))
    assert len(list_hrefs(client, "/find?words=old", "place/")) == 20
    assert suggest(client, "old")[0]["href"] == "place/old-3"
    assert MAX_OFFERED_PLACES < 30

"""The page of an incident: all who speak of it, side by side, and on what they differ."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.web.messages import plain_text
from service.web.viewmodels import incident_page
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.support.pages import list_hrefs, read_page

SKY = {"id": "sky", "name": "Sky"}
KURSK = bodies.make_place("kursk", name="Kursk Oblast")
PLEKHOVO = bodies.make_place(parent="kursk")


def send_account(send: SendRequest, *figures: dict[str, Any], **changes: Any) -> str:
    body = bodies.make_report(
        figures=[{"outcomes": ["killed"], **each} for each in figures],
        **{"incident": "ucdp:7", "places": [KURSK, PLEKHOVO], **changes},
    )
    body["figures"] = [{"places": ["plekhovo"], **each} for each in body["figures"]]
    report_id: str = assert_recorded(send(body))["id"]
    return report_id


def test_each_report_is_beside_the_others(client: FlaskClient, send: SendRequest) -> None:
    send_account(send, {"wording": "at least 30"}, published_at="2024-12-18")
    send_account(
        send, {"wording": "12"}, {"wording": "dozens", "outcomes": ["wounded"]},
        reporter=SKY, published_at="2024-12-16",
    )  # fmt: skip
    text = read_page(client, "/incident/ucdp:7")
    assert "Incident ucdp:7 2 reports by 2 reporters" in text
    assert "Report Killed Wounded Where and when Words" in text
    assert text.index("Sky 16 December 2024 12 at least 12 Plekhovo") < text.index(
        "party to the conflict 18 December 2024 at least 30 – Plekhovo"
    )
    assert "14 and 15 December 2024 “ at least 30 ”".replace("“ ", "").replace(" ”", "") in text


def test_differences_are_listed_and_marked(client: FlaskClient, send: SendRequest) -> None:
    send_account(send, {"exactly": 30})
    send_account(send, {"exactly": 12}, reporter=SKY)
    send_account(send, {"exactly": 12, "places": ["kursk"]}, reporter={"id": "bbc", "name": "BBC"})
    text = read_page(client, "/incident/ucdp:7")
    assert "Killed 30 (Defence Intelligence of Ukraine) · 12 (Sky and BBC)" in text
    assert "Places Plekhovo (Defence Intelligence of Ukraine and Sky) · Kursk Oblast (BBC)" in text
    page = client.get("/incident/ucdp:7").get_data(as_text=True)
    assert page.count('class="differs"') == 6


def test_reports_that_agree_are_said_to(client: FlaskClient, send: SendRequest) -> None:
    send_account(send, {"exactly": 12})
    send_account(send, {"exactly": 12}, reporter=SKY)
    page = client.get("/incident/ucdp:7").get_data(as_text=True)
    assert plain_text("incident.agree") in page
    assert "differs" not in page


def test_reports_that_are_not_counted_are_shown_and_not_compared(
    client: FlaskClient, send: SendRequest
) -> None:
    first = send_account(send, {"exactly": 12})
    send_account(send, {"exactly": 13}, reporter=SKY, relays=first)
    text = read_page(client, "/incident/ucdp:7")
    assert plain_text("state.relay") in text and plain_text("incident.agree") in text


def test_a_report_without_figures_has_its_stance(client: FlaskClient, send: SendRequest) -> None:
    stance = bodies.make_stance(incident="ucdp:7")
    assert_recorded(send(stance))
    text = read_page(client, "/incident/ucdp:7")
    assert "Losses are not acknowledged. That is not a zero." in text
    assert plain_text("incident.total") not in text


def test_the_total_of_its_places_and_days_is_linked(client: FlaskClient, send: SendRequest) -> None:
    send_account(send, {"exactly": 12}, {"exactly": 5, "places": ["kursk"]})
    send_account(send, {"exactly": 2}, incident="ucdp:8")
    address = "place/kursk?from=2024-12-14&to=2024-12-15"
    assert list_hrefs(client, "/incident/ucdp:7", "../place/") == [f"../{address}"]
    headline = read_page(client, f"/{address}").partition("killed in Kursk Oblast")[0].split()[-1]
    assert f"{headline} killed in Kursk Oblast" in read_page(client, "/incident/ucdp:7")


def test_the_total_has_no_beginning_if_a_figure_has_none(
    client: FlaskClient, send: SendRequest
) -> None:
    send_account(send, {"exactly": 12, "period": {"from": None, "to": "2024-12-20"}})
    links = list_hrefs(client, "/incident/ucdp:7", "../place/")
    assert links == ["../place/plekhovo?to=2024-12-20"]


def test_the_page_has_no_total_if_there_was_no_time(
    client: FlaskClient, send: SendRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_account(send, {"exactly": 12})
    monkeypatch.setattr("service.usecases.time_budget.GIVE_UP_FACTOR", -1)
    text = read_page(client, "/incident/ucdp:7")
    assert plain_text("incident.total.open") in text and "killed in Plekhovo" not in text


def test_more_reports_than_fit_are_in_the_api(
    client: FlaskClient, send: SendRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incident_page, "MAX_REPORTS", 1)
    send_account(send, {"exactly": 12})
    send_account(send, {"exactly": 12}, reporter=SKY)
    text = read_page(client, "/incident/ucdp:7")
    assert "1 report by 1 reporter" in text and plain_text("incident.more") in text
    _, api, *_ = list_hrefs(client, "/incident/ucdp:7", "../v1/reports?")
    assert "format=csv" not in api
    answer = client.get(f"/{api.removeprefix('../')}")
    assert answer.json is not None and len(answer.json["reports"]) == 2


def test_an_id_with_a_slash_has_a_page_whose_links_are_right(
    client: FlaskClient, send: SendRequest
) -> None:
    send_account(send, {"exactly": 12}, incident="acled:SYR/12")
    links = list_hrefs(client, "/incident/acled:SYR/12", "../../place/")
    assert links == ["../../place/plekhovo?from=2024-12-14&to=2024-12-15"]


def test_an_incident_of_which_nobody_speaks_is_not_found(client: FlaskClient) -> None:
    assert plain_text("incident.unknown") in read_page(client, "/incident/ucdp:9", 404)


def test_parameters_are_refused(client: FlaskClient, send: SendRequest) -> None:
    send_account(send, {"exactly": 12})
    assert "place" in read_page(client, "/incident/ucdp:7?place=plekhovo", 422)

"""The address of a subject: errors are shown beside their fields, and then no number."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.web.messages import plain_text
from tests.support import bodies
from tests.support.assertions import assert_recorded

Send = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def record_one_report(send: Send) -> None:
    """A report, so that there is something to show."""
    assert_recorded(send(bodies.make_report()))


def read_field_errors(client: FlaskClient, query: str, status: int = 422) -> dict[str, str]:
    """Return the page's error messages by parameter; check that the page has its form."""
    answer = client.get(f"/place/plekhovo?{query}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page
    assert 'id="filters"' in page and 'id="headline"' in page
    errors = re.findall(r'<span class="fault" id="fault-(\w+)">([^<]*)</span>', page)
    assert len(errors) == len(dict(errors))
    return dict(errors)


@pytest.mark.parametrize("name", ["show", "utm_source", "compare", "x"])
@pytest.mark.parametrize("page", ["place/plekhovo", "why", "figures", "embed", "chart.svg", ""])
def test_an_unknown_parameter_is_refused_and_named(
    client: FlaskClient, page: str, name: str
) -> None:
    """A total of another query could be mistaken for the answer."""
    answer = client.get(f"/{page}?{name}=killed")
    assert answer.status_code == 422
    text = re.sub(r"<[^>]+>", "", answer.get_data(as_text=True))
    assert f"{name}: There is no such parameter. Known here: " in text
    assert "outcomes" in text or not page
    assert "at least 30" not in text.lower()


@pytest.mark.parametrize("name", ["from", "to", "as_of"])
def test_a_repeated_parameter_is_reported_at_its_field(client: FlaskClient, name: str) -> None:
    found = read_field_errors(client, f"{name}=2024-12-14&{name}=2024-12-14")
    assert found == {name: plain_text("ask.repeated")}


@pytest.mark.parametrize("name", ["from", "as_of", "party", "by", "unit", "chart"])
def test_all_repeated_and_wrong_parameters_are_reported(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/why?{name}=a&{name}=b&outcomes=nobody")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert f"<strong>{name}</strong>: " in page and "<strong>outcomes</strong>: " in page


def test_list_parameters_may_be_repeated(client: FlaskClient) -> None:
    assert read_field_errors(client, "outcomes=killed&outcomes=wounded", 200) == {}


def test_all_errors_are_reported_at_once(client: FlaskClient) -> None:
    answer = client.get("/place/nope,neither?from=2024-13-01&by=xyz&to=x&to=y&outcomes=killed")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    errors = dict(re.findall(r'<span class="fault" id="fault-(\w+)">([^<]*)</span>', page))
    assert set(errors) == {"place", "from", "to"}
    assert "nope" in errors["place"] and "neither" in errors["place"]
    assert "<strong>by</strong>: This must be one of place, group, outcome, reporter." in page


@pytest.mark.parametrize(
    "address",
    [
        "nope",
        "plekhovo?from=2024-13-01",
        "plekhovo?as_of=2999-01-01T00:00:00Z",
        "plekhovo?as_of=9999",
        "plekhovo?by=xyz",
    ],
)
def test_no_number_is_shown_beside_an_error(client: FlaskClient, address: str) -> None:
    answer = client.get(f"/place/{address}")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    (main,) = re.findall(r'<main id="answer".*?</main>', page, re.DOTALL)
    assert plain_text("wrong.title") in main
    assert not re.search(r"[0-9]", re.sub(r"<[^>]*>", "", main))
    assert "30" not in page.partition("</title>")[0].partition("<title>")[2]


def test_valid_values_are_kept_in_the_form(client: FlaskClient) -> None:
    page = client.get("/place/nope?from=2024-12-14&outcomes=killed").get_data(as_text=True)
    assert 'name="from" value="14 December 2024"' in page
    assert 'value="killed" checked' in page and 'value="wounded" checked' not in page


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("by", "place, group, outcome, reporter"),
        ("every", "true"),
        ("unit", "day, week, month, year"),
        ("chart", "parts, times, map"),
    ],
)
def test_an_error_without_a_field_is_reported_above_the_filters(
    client: FlaskClient, name: str, fix: str
) -> None:
    page = client.get(f"/place/plekhovo?{name}=false").get_data(as_text=True)
    fault = re.search(rf'<p class="fault"><strong>{name}</strong>: ([^<]*)</p>', page)
    assert fault and fix in fault[1]


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("30 June 2024", "2024-06-30"),
        ("June 30, 2024", "2024-06-30"),
        ("30 jun 2024", "2024-06-30"),
        ("2024-06-30", "2024-06-30"),
        ("June 2024", "2024-06-30"),
        ("2024-06", "2024-06-30"),
        ("2024", "2024-12-31"),
    ],
)
def test_days_are_read_as_people_write_them(client: FlaskClient, typed: str, day: str) -> None:
    answer = client.get("/place", query_string={"place": "plekhovo", "to": typed})
    assert answer.headers["Location"] == f"place/plekhovo?to={day}"


@pytest.mark.parametrize("typed", ["3/4/2024", "yesterday", "31 June 2024", "14 December"])
def test_a_day_that_is_not_clear_is_an_error(client: FlaskClient, typed: str) -> None:
    answer = client.get(
        "/place", query_string={"place": "plekhovo", "to": typed}, follow_redirects=True
    )
    assert answer.status_code == 422
    assert 'id="fault-to"' in answer.get_data(as_text=True)

"""The address of the main page: errors are shown beside their fields, and then no number."""

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
    answer = client.get(f"/?{query}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page
    assert 'id="ask"' in page and 'id="headline"' in page
    errors = re.findall(r'<span class="fault" id="fault-(\w+)">([^<]*)</span>', page)
    assert len(errors) == len(dict(errors))
    return dict(errors)


@pytest.mark.parametrize("name", ["utm_source", "gclid", "x"])
def test_unknown_parameters_are_ignored(client: FlaskClient, name: str) -> None:
    query = f"show=killed&{name}=a&{name}=b&{name}=c"
    assert read_field_errors(client, query, 200) == {}
    for page in ("", "proof", "embed"):
        answer = client.get(f"/{page}?{query}")
        assert answer.status_code == 200
        assert not re.search(rf"[?;]{name}=", answer.get_data(as_text=True))


@pytest.mark.parametrize("name", ["from", "to", "as_of", "find", "party", "by", "scale", "chart"])
def test_a_repeated_parameter_is_reported_at_its_field(client: FlaskClient, name: str) -> None:
    found = read_field_errors(client, f"{name}=2024-12-14&{name}=2024-12-14")
    assert found == {name: plain_text("ask.repeated")}
    answer = client.get(f"/proof?{name}=a&{name}=b&show=nobody")
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert f"<strong>{name}</strong>: " in page and "<strong>show</strong>: " in page


def test_list_parameters_may_be_repeated(client: FlaskClient) -> None:
    assert read_field_errors(client, "show=killed&show=wounded&place=plekhovo", 200) == {}


def test_all_errors_are_reported_at_once(client: FlaskClient) -> None:
    found = read_field_errors(
        client, "place=nope,neither&from=2024-13-01&by=xyz&to=x&to=y&show=killed"
    )
    assert set(found) == {"place", "from", "to", "by"}
    assert "nope" in found["place"] and "neither" in found["place"]


@pytest.mark.parametrize(
    "query", ["place=nope", "from=2024-13-01", "as_of=2999-01-01T00:00:00Z", "as_of=9999", "by=xyz"]
)
def test_no_number_is_shown_beside_an_error(client: FlaskClient, query: str) -> None:
    page = client.get(f"/?{query}").get_data(as_text=True)
    assert read_field_errors(client, query)
    (answer,) = re.findall(r'<main id="answer".*?</main>', page, re.DOTALL)
    assert plain_text("wrong.title") in answer
    assert not re.search(r"[0-9]", re.sub(r"<[^>]*>", "", answer))


def test_valid_values_are_kept_in_the_form(client: FlaskClient) -> None:
    page = client.get("/?place=nope&from=2024-12-14&show=killed").get_data(as_text=True)
    assert 'name="from" value="2024-12-14"' in page
    assert 'value="killed" checked' in page and 'value="wounded" checked' not in page


def test_a_found_place_is_not_opened_where_a_parameter_is_invalid(client: FlaskClient) -> None:
    assert client.get("/?find=plekhovo").status_code == 303
    assert set(read_field_errors(client, "find=plekhovo&from=yesterday")) == {"from"}


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("by", "place, group, outcome, reporter"),
        ("every", "true"),
        ("scale", "day, week, month, year"),
        ("chart", "parts, times, map"),
        ("party", "include, exclude"),
        ("straddling", "include, exclude"),
    ],
)
def test_an_error_without_a_field_is_reported_above_the_form(
    client: FlaskClient, name: str, fix: str
) -> None:
    assert fix in read_field_errors(client, f"{name}=false")[name]
    page = client.get(f"/?{name}=false").get_data(as_text=True)
    assert page.index(f"<strong>{name}</strong>") < page.index('id="ask"')

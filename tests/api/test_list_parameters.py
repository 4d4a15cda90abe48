"""Every query parameter of the OpenAPI document: lists take commas and repetition alike."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeHeaders, SendRequest
from tests.support import bodies
from tests.support.assertions import assert_problem, assert_recorded

TWO_VALUES = {
    "place": ("east", "west"),
    "group": ("soldiers", "women"),
    "reporter": ("sky", "sea"),
    "exclude_reporter": ("sky", "sea"),
    "state": ("live", "relay"),
    "outcomes": ("killed", "missing"),
    "by": ("place", "month"),
}
"""Two values of each list parameter; together they mean something else than each alone."""

SINGLE_VALUES = {
    "from": "2024-12-01",
    "to": "2024-12-31",
    "limit": "10",
    "since": "0",
    "wait": "0",
    "as_of": "1",
    "compare": "1",
}
"""A value of each parameter that takes one; of all others any text, which is refused later."""

LINKS = ("figures", "next")

LISTS_OF_REPORTS = ("/v1/reports", "/v1/exports/{file}")


class QueryParameter(NamedTuple):
    """A parameter of a GET in the OpenAPI document."""

    path: str
    name: str
    description: dict[str, Any]

    @property
    def is_list(self) -> bool:
        """Whether it is described as a list."""
        return self.description["schema"].get("type") == "array"


def iterate_query_parameters(client: FlaskClient) -> Iterator[QueryParameter]:
    """Yield the query parameters of every GET of the document."""
    document = client.get("/v1/openapi.json").get_json()
    for path, item in document["paths"].items():
        for each in item.get("get", {}).get("parameters", ()):
            if each["in"] == "query":
                yield QueryParameter(path, each["name"], each)


@pytest.fixture
def record(send: SendRequest) -> None:
    """Two places, groups, reporters and months, and a relay."""
    for place, group, reporter, month in (
        ("east", "soldiers", "sky", "2024-11"),
        ("west", "women", "sea", "2024-12"),
        ("north", "children", "sun", "2024-12"),
    ):
        body = bodies.make_report(
            reporter={"id": reporter, "name": reporter.title()},
            places=[bodies.make_place(place)],
            groups=[{"id": group, "name": group.title()}],
            period={"from": f"{month}-01", "to": f"{month}-02"},
        )
        report_id = assert_recorded(send(body))["id"]
    missing = bodies.make_figure(outcomes=["missing"])
    paper = {"id": "paper", "name": "Paper"}
    relay = bodies.make_report(reporter=paper, relays=report_id, figures=[missing])
    assert_recorded(send(relay))


def read_answer(client: FlaskClient, path: str, parameters: list[tuple[str, str]]) -> Any:
    """Return the answer without the links, which repeat the address as it was sent."""
    path = path.replace("{id}", "east").replace("{file}", "figures.ndjson")
    address = f"{path}?{urlencode(parameters, safe=',')}"
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.get_json())
    if not answer.is_json:
        return answer.get_data(as_text=True)
    content = answer.get_json()
    for name in LINKS:
        if not isinstance(content.get(name), list):
            content.pop(name, None)
    return content


def test_lists_take_commas_and_repetition_alike(record: None, client: FlaskClient) -> None:
    checked = set()
    for path, name, _ in filter(lambda each: each.is_list, iterate_query_parameters(client)):
        if name == "outcomes" and path not in LISTS_OF_REPORTS:
            continue  # In a total, commas make one joint set, and repetition several totals.
        first, second = TWO_VALUES[name]
        joined = read_answer(client, path, [(name, f"{first},{second}")])
        assert read_answer(client, path, [(name, first), (name, second)]) == joined, (path, name)
        if (path, name) != ("/v1/totals/figures", "by"):  # It changes nothing there.
            assert read_answer(client, path, [(name, first)]) != joined, (path, name)
            assert read_answer(client, path, [(name, second)]) != joined, (path, name)
        checked.add((path, name))
    lists_of_totals = {"group", "reporter", "exclude_reporter", "by"}
    assert checked == {
        *(
            (path, name)
            for path in LISTS_OF_REPORTS
            for name in ("place", "group", "reporter", "state", "outcomes")
        ),
        *(("/v1/places/{id}/totals", name) for name in lists_of_totals),
        *(("/v1/totals", name) for name in {*lists_of_totals, "place"}),
        *(("/v1/totals/figures", name) for name in {*lists_of_totals, "place"}),
    }


def test_commas_and_repetition_can_be_mixed(record: None, client: FlaskClient) -> None:
    joined = read_answer(client, "/v1/totals", [("place", "east,west,north")])
    assert joined["query"]["places"] == ["east", "west", "north"]
    mixed = [("place", "east,west"), ("place", "north")]
    assert read_answer(client, "/v1/totals", mixed) == joined


def test_the_document_tells_generated_clients_to_repeat_lists(client: FlaskClient) -> None:
    for each in iterate_query_parameters(client):
        if each.is_list:
            assert (each.description["style"], each.description["explode"]) == ("form", True)
            assert isinstance(each.description["example"], list), each


def test_the_sets_of_outcomes_are_repeated_as_documented(record: None, client: FlaskClient) -> None:
    paths = {
        path
        for path, name, _ in iterate_query_parameters(client)
        if name == "outcomes" and path not in ("/v1/totals/figures", *LISTS_OF_REPORTS)
    }
    assert paths == {"/v1/totals", "/v1/places/{id}/totals"}
    for path in paths:
        repeated = [("outcomes", "killed,wounded"), ("outcomes", "missing")]
        totals = read_answer(client, path, repeated)["totals"]
        assert [each["outcomes"] for each in totals] == [["killed", "wounded"], ["missing"]]


def test_a_parameter_of_one_value_is_not_given_twice(client: FlaskClient, key: MakeHeaders) -> None:
    checked, headers = 0, key("admin")
    for path, name, description in iterate_query_parameters(client):
        if QueryParameter(path, name, description).is_list:
            continue
        value = SINGLE_VALUES.get(name, "a")
        for second in (value, f"{value}0"):
            query = urlencode([(name, value), (name, second)])
            answer = client.get(f"{path.replace('{id}', 'east')}?{query}", headers=headers)
            problem = assert_problem(answer, 422, name)
            assert "more than once" in problem["detail"]
        checked += 1
    assert checked > 40


@pytest.mark.parametrize(
    "parameter", ["place", "group", "reporter", "exclude_reporter", "outcomes"]
)
def test_pages_take_commas_and_repetition_alike(
    record: None, client: FlaskClient, parameter: str
) -> None:
    first, second = TWO_VALUES.get(parameter, ("killed", "wounded"))
    for page in ("why", "figures", "embed"):
        joined = client.get(f"/{page}?{parameter}={first},{second}")
        repeated = client.get(f"/{page}?{parameter}={first}&{parameter}={second}")
        assert joined.status_code == repeated.status_code == 200
        assert repeated.get_data() == joined.get_data()


@pytest.mark.parametrize(
    ("page", "parameter"),
    [
        *(("why", name) for name in ("from", "to", "as_of", "by", "unit", "facet", "straddling")),
        ("place/plekhovo", "from"),
        ("chart.svg", "chart"),
        ("reports", "q"),
        ("enter", "report"),
        ("find", "words"),
    ],
)
def test_pages_refuse_a_parameter_of_one_value_that_is_given_twice(
    client: FlaskClient, page: str, parameter: str
) -> None:
    answer = client.get(f"/{page}?{parameter}=a&{parameter}=b")
    assert answer.status_code == 422
    assert "given more than once" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/v1/reports", {"known"}),
        ("/v1/reports/preview", {"known"}),
        ("/v1/reports/batch", {"known", "atomic", "import", "rows"}),
        ("/v1/reports/{id}/retraction", set()),
    ],
)
def test_the_parameters_of_writing_are_documented_and_given_once(
    client: FlaskClient, key: MakeHeaders, path: str, names: set[str]
) -> None:
    document = client.get("/v1/openapi.json").get_json()
    parameters = document["paths"][path]["post"]["parameters"]
    assert {each["name"] for each in parameters if each["in"] == "query"} == names
    headers = {each["name"] for each in parameters if each["in"] == "header"}
    assert ("Idempotency-Key" in headers) == (path != "/v1/reports/preview")
    for name in names:
        address = f"{path}?{name}=true&{name}=true"
        problem = assert_problem(client.post(address, json={}, headers=key("report")), 422, name)
        assert "more than once" in problem["detail"]

"""Two subjects side by side, and one subject on two days with the events between."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.web.test_chart_files import read_size, read_words

Send = Callable[..., TestResponse]


class Calendar:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Calendar:
    return Calendar()


@pytest.fixture
def recorded(
    clock: Calendar, client: FlaskClient, send: Send, key: Callable[..., dict[str, str]]
) -> dict[str, str]:
    """Two villages with reports on two days."""

    def report(**changes: Any) -> str:
        report_id: str = assert_recorded(send(bodies.make_report(**changes)))["id"]
        return report_id

    ids = {
        "one": report(figures=[{"outcomes": ["killed"], "low": 10}]),
        "two": report(
            places=[bodies.make_place("vorozhba")],
            groups=[{"id": "army", "name": "The army"}, {"id": "marines", "name": "Marines"}],
            figures=[{"outcomes": ["killed"], "exactly": 4}, bodies.make_figure()],
        ),
    }
    clock.now += timedelta(days=3)
    ids["newer"] = report(figures=[{"outcomes": ["killed"], "low": 12}], supersedes=ids["one"])
    reporter = {"id": "hospital", "name": "The hospital"}
    ids["wrong"] = report(reporter=reporter, figures=[{"outcomes": ["killed"], "low": 20}])
    client.post(
        f"/v1/reports/{ids['wrong']}/retraction", json={"reason": "x"}, headers=key("report")
    )
    return ids


def read_page(client: FlaskClient, query: str, status: int = 200) -> str:
    answer = client.get(f"/compare?{query}")
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def read_text(page: str) -> str:
    main = page[page.index("<main") : page.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>|[\u2066-\u2069]", " ", main).split())


def test_two_places_are_shown_side_by_side(client: FlaskClient, recorded: dict[str, str]) -> None:
    page = read_page(client, "place=plekhovo&other_place=vorozhba&outcomes=killed")
    text = read_text(page)
    assert "Plekhovo compared with Vorozhba" in text
    assert "At least 12 people killed in Plekhovo on 14 and 15 December 2024" in text
    assert "4 people killed" in text and "1 report by 1 reporter" in text
    assert "Who says so" in text and "party to the conflict" in text
    chart = page[page.index('aria-labelledby="compare-killed-title"') :]
    assert chart.count('class="chart-row"') == 2
    assert 'href="place/plekhovo?outcomes=killed"' in page
    assert "What happened in between" not in text


def test_what_the_second_subject_does_not_name_is_as_in_the_first(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    query = "place=vorozhba&from=2024-12-01&to=2024-12-31&other_group=army"
    page = read_page(client, query)
    assert 'href="place/vorozhba?from=2024-12-01&amp;to=2024-12-31&amp;group=army"' in page
    periods = read_page(client, "place=vorozhba&other_from=2025-01-01&other_to=2025-01-31")
    assert "No report counts people killed in Vorozhba in January 2025." in read_text(periods)


def test_one_subject_on_two_days_has_the_events_between(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    page = read_page(client, "place=plekhovo&compare=2026-03-02")
    text = read_text(page)
    assert "Plekhovo: then and now" in text
    assert "As known on 1 March 2026, 09:00 UTC" in text and "As known today" in text
    assert "At least 10 people killed" in text and "At least 12 people killed" in text
    events = text[text.index("What happened in between") :]
    assert "2 reports added, 1 replaced and 1 withdrawn." in events
    assert "withdrawn The hospital : at least 20 killed , Plekhovo" in events
    for name in ("one", "newer", "wrong"):
        assert f'href="report/{recorded[name]}"' in page
    assert f'href="report/{recorded["two"]}"' not in page
    assert 'href="place/plekhovo?as_of=2026-03-02"' in page


def test_without_an_event_between_the_page_says_so(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    text = read_text(read_page(client, "place=vorozhba&compare=2026-03-02"))
    assert "No report that touches these numbers was added, replaced or withdrawn." in text


def test_a_subject_that_was_not_in_the_record_then_is_said_to_be_new(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    for moment in ("0", "2020-01-01"):
        page = read_page(client, f"place=plekhovo&compare={moment}")
        text = read_text(page)
        assert "This was not in the record then." in text
        assert "At least 12 people killed in Plekhovo" in text and "3 reports added" in text
        assert page.count('class="chart-row"') == 2 and "not reported" in text


def test_events_about_places_are_counted(
    client: FlaskClient, recorded: dict[str, str], put: Send
) -> None:
    put("/v1/places/region", {"name": "The region"})
    put("/v1/places/plekhovo", {"name": "Plekhovo", "parent": "region"})
    text = read_text(read_page(client, "place=plekhovo&compare=2026-03-02"))
    assert re.search(r"\d other events?: of", text)


def test_the_form_reads_names_of_places_and_days_in_words(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    query = "place=Plekhovo&group=&from=June 2024&to=June 2024&other_place=Vorozhba&compare="
    answer = client.get(f"/compare?{quote(query, safe='=&')}")
    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert location == ("compare?place=plekhovo&from=2024-06-01&to=2024-06-30&other_place=vorozhba")
    page = client.get("/" + location).get_data(as_text=True)
    for field in ('name="place" value="Plekhovo"', 'name="from" value="1 June 2024"'):
        assert field in page


def test_without_a_second_subject_the_form_is_open(
    client: FlaskClient, recorded: dict[str, str]
) -> None:
    for query in ("", "place=plekhovo"):
        page = read_page(client, query)
        assert '<details class="compare-form" open>' in page
        assert 'class="chart-row"' not in page
    assert "Choose a second place" in read_text(page)
    group = read_page(client, "group=army&other_group=marines&as_of=5&outcomes=killed,wounded")
    assert '<details class="compare-form">' in group
    assert '<option value="army" selected>' in group
    assert '<input type="hidden" name="as_of" value="5">' in group
    assert 'value="wounded" checked' in group
    several = read_page(client, "group=army,marines&other_place=vorozhba")
    assert '<option value="army,marines" selected>' in several


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("place=nowhere&other_place=vorozhba", "place"),
        ("place=plekhovo&other_place=nowhere", "other_place"),
        ("place=plekhovo&other_group=nobody", "other_group"),
        ("group=nobody&other_place=vorozhba", "group"),
        ("place=plekhovo&from=yesterday", "from"),
        ("place=plekhovo&other_to=yesterday", "other_to"),
        ("place=plekhovo&other_place=vorozhba&compare=5", "compare"),
        ("place=plekhovo&compare=999999", "compare"),
        ("place=plekhovo&compare=2026-03-05", "compare"),
        ("place=plekhovo&compare=1 March 2026&as_of=1", "compare"),
        ("place=plekhovo&compare=5 March 2026", "compare"),
        ("place=plekhovo&compare=someday", "compare"),
        ("place=plekhovo&outcomes=hurt", "outcomes"),
    ],
)
def test_a_wrong_field_is_marked_and_no_number_is_shown(
    client: FlaskClient, recorded: dict[str, str], query: str, field: str
) -> None:
    answer = client.get(f"/compare?{quote(query, safe='=&,')}", follow_redirects=True)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'id="fault-{field}"' in page
    assert "killed in" not in read_text(page)


@pytest.mark.parametrize("name", ["by", "unit", "every", "chart", "other_outcomes", "x"])
def test_other_parameters_are_refused_by_name(
    client: FlaskClient, recorded: dict[str, str], name: str
) -> None:
    text = read_text(read_page(client, f"place=plekhovo&{name}=1", 422))
    assert name in text and "There is no such parameter" in text


def test_a_repeated_parameter_is_refused(client: FlaskClient, recorded: dict[str, str]) -> None:
    assert "fault-other_place" in read_page(client, "other_place=a&other_place=b", 422)


def test_many_events_between_are_counted_and_the_latest_are_listed(
    client: FlaskClient, recorded: dict[str, str], send: Send
) -> None:
    for number in range(45):
        period = {"from": "2024-12-01", "to": f"2024-12-{number % 28 + 1:02}"}
        assert_recorded(send(bodies.make_report(ref=f"no. {number}", period=period)))
    page = read_page(client, "place=plekhovo&compare=2026-03-02")
    text = read_text(page)
    assert "47 reports added, 1 replaced and 1 withdrawn." in text
    assert "and earlier changes: all that came in between" in text
    (link,) = re.findall(r'<a href="(new\?[^"]+)">all that came', page)
    assert "47 reports added" in read_text(client.get("/" + link.replace("&amp;", "&")).text)


def test_a_picture_has_both_bars_on_one_axis(client: FlaskClient, recorded: dict[str, str]) -> None:
    """With both sentences, the state of the record and the address of the comparison."""
    query = "place=plekhovo&other_place=vorozhba&outcomes=killed"
    answer = client.get(f"/compare.svg?{query}")
    assert answer.mimetype == "image/svg+xml"
    words = read_words(answer.get_data(as_text=True))
    assert "Plekhovo compared with Vorozhba" in words
    assert "12+" in words and "At least 12 people killed in Plekhovo" in words
    assert "Vorozhba 4 " in words and "4 people killed in Vorozhba" in words
    assert "not added and not subtracted" in words
    assert "http://localhost/compare?place=plekhovo&other_place=vorozhba" in words
    assert re.search(r"as_of=\d+", words)
    png = client.get(f"/compare.png?{query}")
    width, height = read_size(png.get_data())
    assert width == 1920 and height > 400
    page = unescape(read_page(client, query))
    assert f'href="compare.svg?{query}"' in page and f'href="compare.csv?{query}&' in page
    assert f'<meta property="og:image" content="http://localhost/compare.png?{query}">' in page


def test_a_picture_of_two_days_names_them(client: FlaskClient, recorded: dict[str, str]) -> None:
    words = read_words(client.get("/compare.svg?place=plekhovo&compare=3").get_data(as_text=True))
    assert "Plekhovo: then and now" in words
    assert "10+" in words and "12+" in words
    assert "As known on 1 March 2026" in words and "As known today" in words


@pytest.mark.parametrize("query", ["", "place=plekhovo", "place=plekhovo&group=marines&compare=3"])
def test_without_two_numbers_there_is_no_picture(
    client: FlaskClient, recorded: dict[str, str], query: str
) -> None:
    assert client.get(f"/compare.svg?{query}").status_code == 404
    assert client.get(f"/compare.png?{query}").status_code == 404
    assert "og:image" not in read_page(client, query)

"""The page of a report shows its figures in full: reporter, days, places and groups."""

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import bodies
from tests.support.assertions import assert_recorded

ARMY = {"id": "army", "name": "The army"}
MARINES = {"id": "marines", "name": "The marines", "parent": "army"}


def test_a_report_page_names_the_groups_of_each_figure(
    client: FlaskClient, send: Callable[..., TestResponse]
) -> None:
    figures = [
        bodies.make_figure(groups=["marines"]),
        bodies.make_figure(outcomes=["missing"], wording="three", groups=["army"]),
    ]
    report_id = assert_recorded(send(bodies.make_report(groups=[ARMY, MARINES], figures=figures)))[
        "id"
    ]
    page = client.get(f"/report?id={report_id}").get_data(as_text=True)
    rows = re.findall(r"<tr><td><q>(.*?)</q>.*?<small>(.*?)</small>.*?</tr>", page, re.S)
    names = [(words, re.sub("[\u2066-\u2069]", "", whom)) for words, whom in rows]
    assert names == [("at least 30", "The marines"), ("three", "The army")]

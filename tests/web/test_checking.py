"""What a number rests on is told in full: who said it, when, where, and of whom."""

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import make
from tests.check import recorded

ARMY = {"id": "army", "name": "The army"}
MARINES = {"id": "marines", "name": "The marines", "parent": "army"}


def test_a_report_tells_of_whom_each_of_its_figures_speaks(
    client: FlaskClient, send: Callable[..., TestResponse]
) -> None:
    figures = [
        make.figure(groups=["marines"]),
        make.figure(outcomes=["missing"], wording="three", groups=["army"]),
    ]
    report_id = recorded(send(make.report(groups=[ARMY, MARINES], figures=figures)))["id"]
    page = client.get(f"/report?id={report_id}").get_data(as_text=True)
    rows = re.findall(r"<tr><td><q>(.*?)</q>.*?<small>(.*?)</small>.*?</tr>", page, re.S)
    names = [(words, re.sub("[\u2066-\u2069]", "", whom)) for words, whom in rows]
    assert names == [("at least 30", "The marines"), ("three", "The army")]

"""What qualifies a row of a table is said in the same words in every row, and once on the page."""

import re

from flask.testing import FlaskClient

from service.domain.caveat_codes import CAVEAT_MEANINGS
from service.domain.caveats import Caveat
from service.web.viewmodels.notes import NOTES, list_notes
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded
from tests.support.pages import read_page

KILLED = frozenset({"killed"})


def test_every_kind_of_caveat_has_a_note_except_the_dispute_that_the_row_states() -> None:
    assert set(CAVEAT_MEANINGS) - set(NOTES) == {"disputed"}
    assert all(list_notes([Caveat(code, KILLED, "x")]) != ("x",) for code in NOTES)


def test_rows_with_different_counts_share_a_note() -> None:
    one, other = (
        list_notes([Caveat("shared_period", KILLED, f"{count} figures also cover other days.")])
        for count in (3, 12)
    )
    assert one == other and len(one) == 1


def test_own_words_of_reports_are_quoted_and_what_is_stated_is_left_out() -> None:
    caveats = [
        Caveat("from_a_satellite", KILLED, "from_a_satellite (A)"),
        Caveat("from_a_satellite", KILLED, "from_a_satellite (B and C)"),
        Caveat("disputed", KILLED, "Reports contradict each other."),
        Caveat("approximate", KILLED, "A bound rests on words."),
    ]
    assert list_notes(caveats, {"A bound rests on words."}) == ("from a satellite",)


def test_the_rows_of_a_page_and_of_a_proof_have_each_note_once(
    client: FlaskClient, send: SendRequest
) -> None:
    villages = {"id": "district", "name": "District"}
    for number in range(4):
        for reporter in ("one", "two"):
            report = bodies.make_report(
                reporter={"id": reporter, "name": reporter.title()},
                places=[{"id": f"v{number}", "name": f"Village {number}", "parent": villages}],
                figures=[{"outcomes": ["killed"], "wording": f"more than {number + 10}"}],
            )
            assert_recorded(send(report))
    note = "No report gives an upper limit."
    assert read_page(client, "/place/district?outcomes=killed").count(note) == 1
    assert read_page(client, "/why?place=district&outcomes=killed").count(note) == 1
    proof = client.get("/why?place=district&outcomes=killed").get_data(as_text=True)
    assert len(re.findall(r"<td>[0-9, ]*1[0-9, ]*</td></tr>", proof)) == 2


def test_a_kind_of_caveat_stands_once_under_what_to_know(
    client: FlaskClient, send: SendRequest
) -> None:
    for outcome in ("killed", "wounded", "missing"):
        figures = [{"outcomes": [outcome], "wording": "more than 12"}]
        assert_recorded(send(bodies.make_report(figures=figures)))
    page = read_page(client, "/place/plekhovo")
    assert page.count("No ceiling is known") == 1

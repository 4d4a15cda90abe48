"""Totals as CSV: the key, the name and the outcomes of each row."""

import csv
import io

from flask.testing import FlaskClient

from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded


def _fetch_rows(client: FlaskClient, query: str) -> list[dict[str, str]]:
    answer = client.get(f"/v1/totals?format=csv&{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def test_the_whole_has_the_names_of_its_places(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(
        send(
            bodies.make_report(
                places=[bodies.make_place(), bodies.make_place("ru-kursk", name="Kursk")]
            )
        )
    )
    (both,) = _fetch_rows(client, "place=ru-kursk,plekhovo&outcomes=killed,wounded")
    assert (both["key"], both["name"]) == ("ru-kursk plekhovo", "Kursk, Plekhovo")
    (everywhere,) = _fetch_rows(client, "outcomes=killed,wounded")
    assert (everywhere["key"], everywhere["name"]) == ("", "everywhere")


def test_outcomes_are_in_the_order_of_the_query(send: SendRequest, client: FlaskClient) -> None:
    assert_recorded(send(bodies.make_report()))
    rows = _fetch_rows(client, "outcomes=wounded,killed&outcomes=captured")
    assert [row["outcomes"] for row in rows] == ["killed,wounded", "captured"]
    assert _fetch_rows(client, f"outcomes={rows[0]['outcomes']}") == rows[:1]


COLUMNS = (
    "row,key,name,from,to,outcomes,reported,shape,low,high,placed_low,placed_high,best,text,"
    "disputed,exact,figures,reporters,caveats"
)


def _fetch_lines(client: FlaskClient, query: str) -> list[str]:
    answer = client.get(f"/v1/totals?format=csv&{query}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True).splitlines()


def _send_villages(send: SendRequest, ranges: dict[str, dict[str, int]]) -> None:
    """Record the killed of each village of one land, each with a figure of its own."""
    for village, ends in ranges.items():
        place = {"id": village, "name": village.upper(), "parent": {"id": "land", "name": "Land"}}
        report = bodies.make_report(places=[place], figures=[{"outcomes": ["killed"], **ends}])
        if not ends:
            report = bodies.make_stance(places=[place])
        assert_recorded(send(report))


def test_every_shape_has_its_cells(send: SendRequest, client: FlaskClient) -> None:
    _send_villages(
        send,
        {
            "a": {},
            "b": {"low": 0},
            "c": {"low": 3},
            "d": {"high": 7},
            "e": {"low": 3, "high": 7, "best": 4},
            "f": {"exactly": 5},
            "g": {"exactly": 0},
        },
    )
    lines = _fetch_lines(
        client, "place=land&by=place&outcomes=killed&from=2024-12-14&to=2024-12-15"
    )
    days, one = "2024-12-14,2024-12-15", "1,1,"
    caveats = "party_to_conflict; single_reporter"
    assert lines == [
        COLUMNS,
        f"part,a,A,{days},killed,false,not_reported,,,,,,no figure reported,false,true,0,0,"
        "not_acknowledged",
        f'part,b,B,{days},killed,true,unknown,0,,0,,,"reported, number not known",false,true,{one}'
        f"open_above; {caveats}",
        f"part,c,C,{days},killed,true,at_least,3,,3,,,at least 3 killed,false,true,{one}"
        f"open_above; {caveats}",
        f"part,d,D,{days},killed,true,up_to,0,7,0,7,,up to 7 killed,false,true,{one}{caveats}",
        f"part,e,E,{days},killed,true,range,3,7,3,7,4,between 3 and 7 killed,false,true,{one}"
        f"{caveats}",
        f"part,f,F,{days},killed,true,exactly,5,5,5,5,5,5 killed,false,true,{one}{caveats}",
        f"part,g,G,{days},killed,true,exactly,0,0,0,0,0,nobody killed,false,true,{one}{caveats}",
        f"whole,land,Land,{days},killed,true,at_least,11,,11,,,at least 11 killed,false,true,6,1,"
        f"partly_reported; open_above; not_acknowledged; {caveats}",
        f"unplaced,,,{days},killed,true,unknown,0,,,,,,false,true,,,",
    ]


def test_people_in_no_one_part_have_a_row_of_their_own(
    send: SendRequest, client: FlaskClient
) -> None:
    """At least 30 killed or wounded in three villages, and a village without any figure."""
    villages = ["plekhovo", "vorozhba", "martynovka"]
    places = [bodies.make_place(village) for village in villages]
    assert_recorded(send(bodies.make_report(places=places, reporter={"id": "sky", "name": "Sky"})))
    quiet = bodies.make_stance(
        places=[bodies.make_place("guevo")], period={"from": "2023-01-01", "to": "2023-01-01"}
    )
    assert_recorded(send(quiet))
    rows = _fetch_rows(
        client,
        f"by=place&outcomes=killed,wounded&outcomes=missing&place={','.join(villages)},guevo",
    )
    named = [(row["row"], row["key"], row["outcomes"]) for row in rows]
    assert named[-4:] == [
        ("whole", " ".join([*villages, "guevo"]), "killed,wounded"),
        ("whole", " ".join([*villages, "guevo"]), "missing"),
        ("unplaced", "", "killed,wounded"),
        ("unplaced", "", "missing"),
    ]
    joint = [row for row in rows if row["outcomes"] == "killed,wounded"]
    assert [(row["key"], row["shape"], row["low"], row["high"]) for row in joint] == [
        *((village, "unknown", "0", "") for village in villages),
        ("guevo", "not_reported", "", ""),
        (" ".join([*villages, "guevo"]), "at_least", "30", ""),
        ("", "at_least", "30", ""),
    ]
    assert [(row["placed_low"], row["placed_high"]) for row in joint] == [
        *[("", "")] * 4,
        ("30", ""),
        ("", ""),
    ]
    assert joint[-1]["text"] == "at least 30 killed or wounded, in no one part"
    missing = [row for row in rows if row["outcomes"] == "missing"]
    assert {(row["shape"], row["low"], row["reported"]) for row in missing} == {
        ("not_reported", "", "false")
    }


def test_the_text_of_unplaced_people_does_not_speak_of_what_nobody_reported(
    send: SendRequest, client: FlaskClient
) -> None:
    places = [bodies.make_place("a"), bodies.make_place("b")]
    assert_recorded(send(bodies.make_report(places=places)))
    rows = _fetch_rows(client, "by=place&outcomes=killed,wounded,missing,captured")
    (unplaced,) = [row for row in rows if row["row"] == "unplaced"]
    assert unplaced["text"] == "at least 30 killed or wounded, in no one part"


def test_pairs_of_parts_have_a_second_key_and_open_days_are_empty(
    send: SendRequest, client: FlaskClient
) -> None:
    _send_villages(send, {"a": {"exactly": 5}, "b": {"low": 3}})
    lines = _fetch_lines(client, "place=land&by=place,month&outcomes=killed&bom=true")
    assert lines[0] == "\ufeff" + COLUMNS.replace("name,from", "name,key2,name2,from")
    assert [line.rpartition(",killed,")[0] for line in lines[1:]] == [
        "part,a,A,2024-12,2024-12,2024-12-14,2024-12-15",
        "part,b,B,2024-12,2024-12,2024-12-14,2024-12-15",
        "whole,land,Land,,,,",
        "unplaced,,,,,,",
    ]
    answer = client.get("/v1/totals?format=csv&bom=true")
    assert answer.get_data().startswith(b"\xef\xbb\xbfrow,")
    assert answer.mimetype == "text/csv"

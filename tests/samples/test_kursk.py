"""The Kursk sample, posted through a real server, must give the answers it is known for."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.gunicorn_server import RunningServer, run_server
from tests.support.paths import ROOT

SAMPLE = ROOT / "samples" / "kursk.json"
WEEKEND_QUERY = {"from": "2024-12-14", "to": "2024-12-15", "group": "dprk-forces"}
THREE_VILLAGES = "plekhovo,vorozhba,martynovka"
LOSSES = "killed,wounded,missing,captured"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_server(tmp_path_factory.mktemp("samples")) as server:
        completed = _run_script("load.py", "--url", server.url, "--key", server.key, str(SAMPLE))
        assert completed.returncode == 0, completed.stderr
        yield server


def _run_script(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the sample scripts as a person would, from another folder."""
    return subprocess.run(
        [sys.executable, str(ROOT / "samples" / name), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(sys.executable).parent,
    )


def _get_json(server: RunningServer, path: str, **query: str) -> Any:
    with urllib.request.urlopen(f"{server.url}{path}?{urlencode(query)}") as response:
        return json.load(response)


def _fetch_total(server: RunningServer, place: str, outcomes: str, **query: str) -> Any:
    parameters = WEEKEND_QUERY | query | {"place": place, "outcomes": outcomes}
    (total,) = _get_json(server, "/v1/totals", **parameters)["totals"]
    return total


def _range_of(total: Any) -> tuple[bool, int | None, int | None]:
    return total["reported"], total["low"], total["high"]


def _caveat_codes_of(answer: Any) -> set[str]:
    return {caveat["code"] for caveat in answer["caveats"]}


def test_three_villages_together_lost_at_least_30_killed_or_wounded(server: RunningServer) -> None:
    total = _fetch_total(server, THREE_VILLAGES, "killed,wounded")
    assert _range_of(total) == (True, 30, None)
    assert total["text"] == "at least 30 killed or wounded"


@pytest.mark.parametrize("village", THREE_VILLAGES.split(","))
def test_the_30_are_not_divided_among_the_villages(server: RunningServer, village: str) -> None:
    answer = _get_json(
        server, f"/v1/places/{village}/totals", **WEEKEND_QUERY, outcomes="killed,wounded"
    )
    assert _range_of(answer["totals"][0]) == (True, 0, None)
    assert {"shared_places", "open_above"} <= _caveat_codes_of(answer)


@pytest.mark.parametrize("place", [THREE_VILLAGES, "ru-kursk"])
def test_how_many_of_the_30_were_killed_is_not_known(server: RunningServer, place: str) -> None:
    assert _range_of(_fetch_total(server, place, "killed")) == (True, 0, None)


def test_at_least_three_went_missing_near_kurilovka(server: RunningServer) -> None:
    assert _range_of(_fetch_total(server, "kurilovka", "missing")) == (True, 3, None)


def test_all_losses_in_the_oblast_are_at_least_33(server: RunningServer) -> None:
    assert _range_of(_fetch_total(server, "ru-kursk", LOSSES)) == (True, 33, None)


def test_losses_without_a_number_are_one_or_more_of_each(server: RunningServer) -> None:
    week = {"from": "2024-12-09", "to": "2024-12-16"}
    for outcome in ("killed", "wounded"):
        assert _range_of(_fetch_total(server, "ru-kursk", outcome, **week)) == (True, 1, None)


def test_figures_of_other_groups_are_not_counted(server: RunningServer) -> None:
    day = {"from": "2024-12-14", "to": "2024-12-14"}
    assert _range_of(_fetch_total(server, "ru-kursk", "killed", **day)) == (True, 0, None)
    assert _range_of(_fetch_total(server, "ru-kursk", "killed", **day, group="ru-forces"))[1] == 8
    previous_day = {"from": "2024-12-13", "to": "2024-12-13", "group": "ua-forces"}
    assert _range_of(_fetch_total(server, "plekhovo", "killed", **previous_day)) == (
        True,
        301,
        None,
    )
    assert (
        _fetch_total(server, "plekhovo", "killed", **previous_day | {"group": "dprk-forces"})["low"]
        == 0
    )


def test_relays_are_shown_and_change_nothing(server: RunningServer) -> None:
    alone = WEEKEND_QUERY | {"place": "ru-kursk", "outcomes": LOSSES}
    whole = _get_json(server, "/v1/totals", **alone)
    relays = [figure for figure in whole["excluded"] if figure["reason"] == "relay"]
    # Nine outlets, two of which carry the missing as well; the Pentagon's two, relayed by LIGA.
    assert len(relays) == 9 + 2 + 2
    outlets = "trt-world,kyiv-independent"
    assert _fetch_total(server, "ru-kursk", LOSSES, exclude_reporter=outlets)["low"] == 33
    assert _fetch_total(server, "ru-kursk", LOSSES, reporter=outlets)["reported"] is False


def test_a_stance_is_a_caveat_and_not_a_zero(server: RunningServer) -> None:
    answer = _get_json(server, "/v1/totals", **WEEKEND_QUERY, place="ru-kursk", outcomes="killed")
    (caveat,) = [caveat for caveat in answer["caveats"] if caveat["code"] == "not_acknowledged"]
    assert caveat["reporters"] == ["ru-government"]


def test_every_spelling_finds_the_village(server: RunningServer) -> None:
    for spelling, village in {
        "Martinovka": "martynovka",
        "Vorobzha": "vorozhba",
        "Pliekhovo": "plekhovo",
        "Plyokhovo": "plekhovo",
    }.items():
        places = _get_json(server, "/v1/places", q=spelling)["places"]
        assert [place["id"] for place in places] == [village]


def test_loading_again_changes_nothing(server: RunningServer) -> None:
    seq_before = _get_json(server, "/v1/totals")["as_of"]["seq"]
    completed = _run_script("load.py", "--url", server.url, "--key", server.key, str(SAMPLE))
    assert completed.returncode == 0, completed.stderr
    assert "known already" in completed.stdout and "posted" not in completed.stdout
    assert _get_json(server, "/v1/totals")["as_of"]["seq"] == seq_before


def test_the_loader_reports_what_was_refused(server: RunningServer, tmp_path: Path) -> None:
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    report = sample["reports"][0] | {"ref": "refused", "places": ["plekhova"]}
    file = tmp_path / "refused.json"
    file.write_text(json.dumps({"reports": [report]}), encoding="utf-8")
    completed = _run_script("load.py", "--url", server.url, "--key", server.key, str(file))
    assert completed.returncode == 1
    assert (
        "refused" in completed.stderr
        and "422" in completed.stderr
        and "/places/0" in completed.stderr
    )
    assert "Traceback" not in completed.stderr


def test_the_loader_reports_that_nothing_answers(tmp_path: Path) -> None:
    completed = _run_script("load.py", "--url", "http://127.0.0.1:9", "--key", "none", str(SAMPLE))
    assert completed.returncode == 1
    assert "does not answer" in completed.stderr and "Traceback" not in completed.stderr


def test_the_summary_shows_the_totals_in_a_few_lines(server: RunningServer) -> None:
    completed = _run_script("summary.py", "--url", server.url)
    assert completed.returncode == 0, completed.stderr
    lines = completed.stdout.splitlines()
    assert len(lines) <= 7 and max(map(len, lines)) <= 80
    rows = re.sub(r"\n {6,}", " ", "\n".join(lines)).splitlines()  # A long row is wrapped.
    shown = dict(re.split(r" {2,}", line.strip(), maxsplit=1) for line in rows[1:5])
    assert shown == {
        "Plekhovo, Vorozhba, Martynovka": "at least 30 killed or wounded",
        "each of the three alone": "reported, number not known",
        "Kurilovka": "at least 3 missing",
        "Kursk Oblast": "at least 33 killed, wounded or missing, as reported;"
        " nothing was reported of captured",
    }
    assert "That is not a zero." in rows[5]


def test_the_sample_names_its_source_for_every_report() -> None:
    for report in json.loads(SAMPLE.read_text(encoding="utf-8"))["reports"]:
        assert {"url", "publisher", "language"} <= set(report["source"])
        assert report["quote"] and report["published_at"]

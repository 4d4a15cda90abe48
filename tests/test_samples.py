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

from tests.serving import ROOT, RunningServer, run_server

SAMPLE = ROOT / "samples" / "kursk.json"
WEEKEND = {"from": "2024-12-14", "to": "2024-12-15", "group": "dprk-forces"}
THREE = "plekhovo,vorozhba,martynovka"
LOSSES = "killed,wounded,missing,captured"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with run_server(tmp_path_factory.mktemp("samples")) as server:
        done = _script("load.py", "--url", server.url, "--key", server.key, str(SAMPLE))
        assert done.returncode == 0, done.stderr
        yield server


def _script(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the sample scripts as a person would, from another folder."""
    return subprocess.run(
        [sys.executable, str(ROOT / "samples" / name), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(sys.executable).parent,
    )


def _get(served: RunningServer, path: str, **query: str) -> Any:
    with urllib.request.urlopen(f"{served.url}{path}?{urlencode(query)}") as answer:
        return json.load(answer)


def _total(served: RunningServer, place: str, outcomes: str, **query: str) -> Any:
    asked = WEEKEND | query | {"place": place, "outcomes": outcomes}
    (total,) = _get(served, "/v1/totals", **asked)["totals"]
    return total


def _bounds(total: Any) -> tuple[bool, int | None, int | None]:
    return total["reported"], total["low"], total["high"]


def _codes(answer: Any) -> set[str]:
    return {caveat["code"] for caveat in answer["caveats"]}


def test_three_villages_together_lost_at_least_30_killed_or_wounded(served: RunningServer) -> None:
    total = _total(served, THREE, "killed,wounded")
    assert _bounds(total) == (True, 30, None)
    assert total["text"] == "at least 30 killed or wounded"


@pytest.mark.parametrize("village", THREE.split(","))
def test_the_30_are_not_shared_out_over_the_villages(served: RunningServer, village: str) -> None:
    answer = _get(served, f"/v1/places/{village}/totals", **WEEKEND, outcomes="killed,wounded")
    assert _bounds(answer["totals"][0]) == (True, 0, None)
    assert {"shared_places", "open_above"} <= _codes(answer)


@pytest.mark.parametrize("place", [THREE, "ru-kursk"])
def test_nobody_said_how_many_of_the_30_were_killed(served: RunningServer, place: str) -> None:
    assert _bounds(_total(served, place, "killed")) == (True, 0, None)


def test_at_least_three_went_missing_near_kurilovka(served: RunningServer) -> None:
    assert _bounds(_total(served, "kurilovka", "missing")) == (True, 3, None)


def test_all_losses_in_the_oblast_are_at_least_33(served: RunningServer) -> None:
    assert _bounds(_total(served, "ru-kursk", LOSSES)) == (True, 33, None)


def test_losses_without_a_number_are_one_or_more_of_each(served: RunningServer) -> None:
    week = {"from": "2024-12-09", "to": "2024-12-16"}
    for outcome in ("killed", "wounded"):
        assert _bounds(_total(served, "ru-kursk", outcome, **week)) == (True, 1, None)


def test_other_groups_do_not_leak_in(served: RunningServer) -> None:
    day = {"from": "2024-12-14", "to": "2024-12-14"}
    assert _bounds(_total(served, "ru-kursk", "killed", **day)) == (True, 0, None)
    assert _bounds(_total(served, "ru-kursk", "killed", **day, group="ru-forces"))[1] == 8
    friday = {"from": "2024-12-13", "to": "2024-12-13", "group": "ua-forces"}
    assert _bounds(_total(served, "plekhovo", "killed", **friday)) == (True, 301, None)
    assert _total(served, "plekhovo", "killed", **friday | {"group": "dprk-forces"})["low"] == 0


def test_relays_are_shown_and_change_nothing(served: RunningServer) -> None:
    alone = WEEKEND | {"place": "ru-kursk", "outcomes": LOSSES}
    whole = _get(served, "/v1/totals", **alone)
    relays = [figure for figure in whole["excluded"] if figure["reason"] == "relay"]
    # Nine outlets, two of which carry the missing as well; the Pentagon's two, relayed by LIGA.
    assert len(relays) == 9 + 2 + 2
    outlets = "trt-world,kyiv-independent"
    assert _total(served, "ru-kursk", LOSSES, exclude_reporter=outlets)["low"] == 33
    assert _total(served, "ru-kursk", LOSSES, reporter=outlets)["reported"] is False


def test_a_stance_is_a_caveat_and_no_zero(served: RunningServer) -> None:
    answer = _get(served, "/v1/totals", **WEEKEND, place="ru-kursk", outcomes="killed")
    (caveat,) = [caveat for caveat in answer["caveats"] if caveat["code"] == "not_acknowledged"]
    assert caveat["reporters"] == ["ru-government"]


def test_every_spelling_finds_the_village(served: RunningServer) -> None:
    for spelling, village in {
        "Martinovka": "martynovka",
        "Vorobzha": "vorozhba",
        "Pliekhovo": "plekhovo",
        "Plyokhovo": "plekhovo",
    }.items():
        found = _get(served, "/v1/places", q=spelling)["places"]
        assert [place["id"] for place in found] == [village]


def test_loading_again_changes_nothing(served: RunningServer) -> None:
    before = _get(served, "/v1/totals")["as_of"]["seq"]
    done = _script("load.py", "--url", served.url, "--key", served.key, str(SAMPLE))
    assert done.returncode == 0, done.stderr
    assert "known already" in done.stdout and "posted" not in done.stdout
    assert _get(served, "/v1/totals")["as_of"]["seq"] == before


def test_the_loader_says_what_was_refused(served: RunningServer, tmp_path: Path) -> None:
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    report = sample["reports"][0] | {"ref": "refused", "places": ["plekhova"]}
    file = tmp_path / "refused.json"
    file.write_text(json.dumps({"reports": [report]}), encoding="utf-8")
    done = _script("load.py", "--url", served.url, "--key", served.key, str(file))
    assert done.returncode == 1
    assert "refused" in done.stderr and "422" in done.stderr and "/places/0" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_loader_says_when_nothing_answers(tmp_path: Path) -> None:
    done = _script("load.py", "--url", "http://127.0.0.1:9", "--key", "none", str(SAMPLE))
    assert done.returncode == 1
    assert "does not answer" in done.stderr and "Traceback" not in done.stderr


def test_the_summary_shows_what_is_known_in_a_few_lines(served: RunningServer) -> None:
    done = _script("summary.py", "--url", served.url)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= 6 and max(map(len, lines)) <= 80
    shown = dict(re.split(r" {2,}", line.strip(), maxsplit=1) for line in lines[1:5])
    assert shown == {
        "Plekhovo, Vorozhba, Martynovka": "at least 30 killed or wounded",
        "each of the three alone": "reported, number not known",
        "Kurilovka": "at least 3 missing",
        "Kursk Oblast": "at least 33 killed, wounded, missing or captured",
    }
    assert "That is not a zero." in lines[5]


def test_the_sample_names_its_source_for_every_report() -> None:
    for report in json.loads(SAMPLE.read_text(encoding="utf-8"))["reports"]:
        assert {"url", "publisher", "language"} <= set(report["source"])
        assert report["quote"] and report["published_at"]

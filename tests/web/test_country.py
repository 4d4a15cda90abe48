"""The made-up country holds all that the pages are to be tried on, and is always the same."""

import random
from datetime import date

from tests.web.country import (
    AID,
    CIVILIANS,
    COUNTRY,
    FIRST,
    LAST,
    MANY,
    PARTIES,
    REPORTERS,
    REPORTS,
    RETRACTED,
    SEED,
    VILLAGES,
    Country,
    Json,
    _Writer,
    batches,
    named,
    tally,
)


def test_it_is_always_the_same(land: Country) -> None:
    again = _Writer(random.Random(SEED)).written()
    assert (again.reports, again.places) == (land.reports, land.places)


def test_its_size(land: Country) -> None:
    assert len(land.reports) == REPORTS == len({report["ref"] for report in land.reports})
    assert [len(land.villages(district)) for district in land.districts] == [VILLAGES] * 12
    assert len({place["id"] for place in land.places}) == 1 + 12 + 12 * VILLAGES
    assert all("latitude" in place for place in land.places)
    assert len(land.reporters) == 15
    assert [each["id"] for each in REPORTERS if each.get("party")] == list(PARTIES)
    assert len(land.retractions) == RETRACTED


def test_every_kind_of_report_is_there(land: Country) -> None:
    found = tally(land)
    assert {kind: found[kind] for kind in MANY} == MANY
    assert found["single"] == REPORTS - sum(MANY.values())
    figures = [figure for report in land.reports for figure in report.get("figures", ())]
    words = {str(figure.get("wording")).split()[0] for figure in figures}
    assert {"dozens", "about", "several", "at", "up", "more", "between", "no"} <= words
    assert any(figure.get("exactly") == 0 for figure in figures)
    assert any("best" in figure for figure in figures)
    assert {"does_not_acknowledge", "declines_to_say", "acknowledges"} == {
        report["stance"] for report in land.reports if "stance" in report
    }
    assert any(figure.get("period", {}).get("from", "") is None for figure in figures)


def test_joint_figures_are_over_places_days_and_outcomes(land: Country) -> None:
    joint = [report for report in land.reports if land.kinds[report["ref"]] == "joint"]
    assert any(len(report["places"]) > 2 for report in joint)
    assert any(report["period"]["from"] != report["period"]["to"] for report in joint)
    assert all(len(report["figures"][0]["outcomes"]) > 1 for report in joint if not _moved(report))


def _moved(report: Json) -> bool:
    """Whether its missing stand first, since some of them were found."""
    return bool(report["figures"][0]["outcomes"] == ["missing"])


def test_some_villages_have_one_name_and_some_have_several(land: Country) -> None:
    names = [place["name"] for place in land.places]
    assert len(names) - len(set(names)) == 4
    assert sum("aliases" in place for place in land.places) > 20


def test_most_figures_are_local(land: Country) -> None:
    large = {COUNTRY, *land.districts}
    assert sum(bool(large & set(report["places"])) for report in land.reports) < REPORTS / 10


def test_it_takes_eighteen_months(land: Country) -> None:
    days = [date.fromisoformat(report["period"]["to"]) for report in land.reports]
    assert FIRST <= min(days) < date(2024, 2, 1)
    assert date(2025, 6, 1) < max(days) <= LAST
    assert {CIVILIANS, AID} <= {report["groups"][0] for report in land.reports}


def test_a_batch_names_only_what_came_before(land: Country) -> None:
    seen: set[str] = set()
    for batch in batches(land.reports):
        assert all(ref in seen for report in batch for ref in named(report))
        seen |= {report["ref"] for report in batch}
    assert len(seen) == REPORTS

"""The generated country has every case that pages are tested with, and is always the same."""

import random
from datetime import date

from tests.web.generated_country import (
    AID,
    CIVILIANS,
    COUNTRY,
    FIRST_DAY,
    LAST_DAY,
    PARTIES,
    REPORT_COUNT,
    REPORTERS,
    REPORTS_PER_KIND,
    RETRACTION_COUNT,
    SEED,
    VILLAGES_PER_DISTRICT,
    Country,
    Json,
    _Writer,
    count_kinds,
    linked_refs,
    split_into_batches,
)


def test_the_country_is_reproducible(country: Country) -> None:
    again = _Writer(random.Random(SEED)).write_country()
    assert (again.reports, again.places) == (country.reports, country.places)


def test_the_country_has_its_documented_size(country: Country) -> None:
    assert (
        len(country.reports) == REPORT_COUNT == len({report["ref"] for report in country.reports})
    )
    assert [len(country.villages(district)) for district in country.districts] == [
        VILLAGES_PER_DISTRICT
    ] * 12
    assert len({place["id"] for place in country.places}) == 1 + 12 + 12 * VILLAGES_PER_DISTRICT
    assert all("latitude" in place for place in country.places)
    assert len(country.reporters) == 15
    assert [each["id"] for each in REPORTERS if each.get("party")] == list(PARTIES)
    assert len(country.retractions) == RETRACTION_COUNT


def test_every_kind_of_report_is_there(country: Country) -> None:
    found = count_kinds(country)
    assert {kind: found[kind] for kind in REPORTS_PER_KIND} == REPORTS_PER_KIND
    assert found["single"] == REPORT_COUNT - sum(REPORTS_PER_KIND.values())
    figures = [figure for report in country.reports for figure in report.get("figures", ())]
    words = {str(figure.get("wording")).split()[0] for figure in figures}
    assert {"dozens", "about", "several", "at", "up", "more", "between", "no"} <= words
    assert any(figure.get("exactly") == 0 for figure in figures)
    assert any("best" in figure for figure in figures)
    assert {"does_not_acknowledge", "declines_to_say", "acknowledges"} == {
        report["stance"] for report in country.reports if "stance" in report
    }
    assert any(figure.get("period", {}).get("from", "") is None for figure in figures)


def test_joint_figures_are_over_places_days_and_outcomes(country: Country) -> None:
    joint = [report for report in country.reports if country.kinds[report["ref"]] == "joint"]
    assert any(len(report["places"]) > 2 for report in joint)
    assert any(report["period"]["from"] != report["period"]["to"] for report in joint)
    assert all(
        len(report["figures"][0]["outcomes"]) > 1
        for report in joint
        if not _is_reclassified(report)
    )


def _is_reclassified(report: Json) -> bool:
    """Whether its missing stand first, since some of them were found."""
    return bool(report["figures"][0]["outcomes"] == ["missing"])


def test_some_villages_have_one_name_and_some_have_several(country: Country) -> None:
    names = [place["name"] for place in country.places]
    assert len(names) - len(set(names)) == 4
    assert sum("aliases" in place for place in country.places) > 20


def test_most_figures_are_of_few_places_and_days(country: Country) -> None:
    large = {COUNTRY, *country.districts}
    assert (
        sum(bool(large & set(report["places"])) for report in country.reports) < REPORT_COUNT / 10
    )


def test_the_reports_cover_eighteen_months(country: Country) -> None:
    days = [date.fromisoformat(report["period"]["to"]) for report in country.reports]
    assert FIRST_DAY <= min(days) < date(2024, 2, 1)
    assert date(2025, 6, 1) < max(days) <= LAST_DAY
    assert {CIVILIANS, AID} <= {report["groups"][0] for report in country.reports}


def test_a_batch_refers_to_earlier_batches_alone(country: Country) -> None:
    seen: set[str] = set()
    for batch in split_into_batches(country.reports):
        assert all(ref in seen for report in batch for ref in linked_refs(report))
        seen |= {report["ref"] for report in batch}
    assert len(seen) == REPORT_COUNT

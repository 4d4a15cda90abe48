"""Caveats of totals: when each applies, when it does not, and its text."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings

from service.bounds.engine import TotalsEngine
from service.domain.caveat_codes import CAVEAT_MEANINGS
from service.domain.caveats import Caveat, CaveatContext, find_caveats
from service.domain.entities import Reporter
from service.domain.figure import Figure, Scope
from service.domain.figure_set import FigureSources, ListedFigures
from service.domain.reach import find_reach
from service.domain.report_state import ReportState
from tests.bounds.builders import (
    AMPLE_SECONDS,
    GROUPS,
    PLACES,
    figure_lists,
    make_figure,
    make_scope,
    scopes,
)

REPORTERS = {
    "A": Reporter("A", "Agency A", party=True),
    "B": Reporter("B", "Bureau B"),
    **{name: Reporter(name, name.upper()) for name in ("c", "d", "e", "f")},
}
"""A is a party to the conflict, the others are not."""


def caveats_of(
    figures: Sequence[Figure] = (),
    query_scope: Scope | None = None,
    *,
    own: dict[str, tuple[str, ...]] | None = None,
    relays: Sequence[Figure] = (),
    silent: Sequence[ReportState] = (),
    divided: Sequence[Figure] = (),
    seconds: float = AMPLE_SECONDS,
) -> list[Caveat]:
    """Return the caveats of a total; ``own`` are the caveats of a figure's report.

    The default scope is people killed in village a on the first day.
    """
    query_scope = query_scope or make_scope()
    engine = TotalsEngine(figures, PLACES, GROUPS)
    total = engine.total(query_scope, seconds)
    placed = TotalsEngine(
        [figure for figure in figures if is_placed(figure, query_scope)], PLACES, GROUPS
    ).total(query_scope, seconds)
    reports = {
        each.report: report_state(
            each.report, by=each.reporter, caveats=(own or {}).get(each.id, ())
        )
        for each in figures
    }
    sources = FigureSources(
        PLACES, GROUPS, engine.outcomes_of, lambda figure: reports[figure.report].caveats
    )
    counted = ListedFigures(total.figures, sources)
    context = CaveatContext(
        query_scope,
        total,
        counted,
        placed,
        find_reach(query_scope, total, counted, PLACES, GROUPS, engine.outcomes_of),
        {},
        REPORTERS,
        PLACES,
        ListedFigures(relays, sources),
        silent,
        divided,
        engine.find_elsewhere(counted),
    )
    return find_caveats(context)


def is_placed(figure: Figure, query_scope: Scope) -> bool:
    """Whether the figure is wholly inside the places, the period and the groups of the query."""
    places, groups = PLACES.select(query_scope.places), GROUPS.select(query_scope.groups)
    return (
        figure.scope.period.is_within(query_scope.period)
        and PLACES.select(figure.scope.places).is_within(places)
        and GROUPS.select(figure.scope.groups).is_within(groups)
    )


def report_state(report_id: str, stance: str = "asserts", **changes: Any) -> ReportState:
    """Return the state of a report as a whole."""
    by = changes.pop("by", "B")
    caveats = changes.pop("caveats", ())
    return ReportState(
        report_id, 1, by, "live", stance, ("a",), None, (), caveats, None, None, None
    )


def codes_of(caveats: Sequence[Caveat]) -> list[str]:
    """Return the codes in their order."""
    return [each.code for each in caveats]


def find_caveat(caveats: Sequence[Caveat], code: str) -> Caveat:
    """Return the only caveat with the code."""
    (caveat,) = [each for each in caveats if each.code == code]
    return caveat


def exact_figure(figure_id: str = "f", where: Scope | None = None, by: str = "B") -> Figure:
    """Return an exact figure of two people."""
    return make_figure(figure_id, 2, 2, where, reporter=by)


def test_two_independent_exact_figures_need_no_caveat() -> None:
    assert caveats_of([exact_figure("f"), exact_figure("g", by="c")]) == []


def test_nothing_reported_needs_no_caveat() -> None:
    assert caveats_of() == []
    assert caveats_of([exact_figure("f", make_scope("s"))]) == []


WIDER = [
    ("shared_places", "places", make_scope("r"), make_scope()),
    ("shared_period", "days", make_scope(days=(1, 2)), make_scope()),
    ("shared_groups", "groups", make_scope(), make_scope(groups="g")),
]


@pytest.mark.parametrize(("code", "part", "wider", "query_scope"), WIDER)
def test_a_figure_wider_than_the_query_is_a_caveat(
    code: str, part: str, wider: Scope, query_scope: Scope
) -> None:
    inside = make_figure("g", 1, None, query_scope, reporter="c")
    caveat = find_caveat(caveats_of([exact_figure("f", wider), inside], query_scope), code)
    assert caveat.figures == ("f",)
    assert caveat.text == (
        f"One figure also covers other {part}."
        " Its people cannot be placed wholly within what was asked."
    )


@pytest.mark.parametrize(("code", "part", "wider", "query_scope"), WIDER)
def test_figures_wider_than_the_query_are_one_caveat(
    code: str, part: str, wider: Scope, query_scope: Scope
) -> None:
    figures = [exact_figure("f", wider), exact_figure("g", wider, by="c")]
    caveat = find_caveat(caveats_of(figures, query_scope), code)
    assert caveat.figures == ("f", "g")
    assert caveat.text == (
        f"2 figures also cover other {part}."
        " Their people cannot be placed wholly within what was asked."
    )


@pytest.mark.parametrize(("code", "part", "wider", "query_scope"), WIDER)
def test_a_wider_figure_that_changes_nothing_is_no_caveat(
    code: str, part: str, wider: Scope, query_scope: Scope
) -> None:
    figures = [make_figure("f", 1, 9, wider), exact_figure("g", query_scope, by="c")]
    assert code not in codes_of(caveats_of(figures, query_scope))


def test_no_place_is_outside_a_query_about_everywhere() -> None:
    everywhere = Scope((), make_scope().period, make_scope().outcomes, make_scope().groups)
    assert (
        caveats_of(
            [exact_figure("f", make_scope("r")), exact_figure("g", make_scope("s"), by="c")],
            everywhere,
        )
        == []
    )


def test_a_figure_shares_the_outcomes_of_its_reclassification() -> None:
    missing = make_figure("f", 2, None, make_scope("r", outcomes="missing"))
    dead = make_figure("d", 1, 1, make_scope("r"), reporter="B", reclassifies="f")
    caveats = caveats_of([missing, dead], make_scope(outcomes="missing"))
    assert find_caveat(caveats, "shared_outcomes").figures == ("f",)


def test_a_total_without_a_figure_inside_follows() -> None:
    country = exact_figure("f", make_scope("r"), by="A")
    part = exact_figure("g", make_scope("b"), by="c")
    caveat = find_caveat(caveats_of([country, part]), "follows")
    assert caveat.text == (
        "No figure is about exactly these people or a part of them. The number follows from "
        "figures about wider or other people."
    )
    assert "follows" not in codes_of(caveats_of([country, part], make_scope("r")))


def test_a_figure_of_more_outcomes_is_not_inside() -> None:
    both = exact_figure("f", make_scope(outcomes="killed wounded"))
    assert "follows" in codes_of(caveats_of([both]))


@pytest.mark.parametrize("first", [None, 1])
def test_a_step_of_a_running_total_is_a_caveat(first: int | None) -> None:
    totals = [
        make_figure("f", 10, 10, make_scope(days=(first, 2)), reporter="B"),
        make_figure("g", 14, 14, make_scope(days=(first, 3)), reporter="B"),
    ]
    caveat = find_caveat(caveats_of(totals, make_scope(days=(3, 3))), "running_total_step")
    assert set(caveat.figures) == {"f", "g"}
    assert "running_total_step" not in codes_of(caveats_of(totals, make_scope(days=(None, 3))))


def test_a_difference_of_places_is_no_step() -> None:
    figures = [
        make_figure("f", 10, 10, make_scope("r")),
        make_figure("g", 4, 4, make_scope("b")),
    ]
    assert "running_total_step" not in codes_of(caveats_of(figures))


def test_silent_outcomes_places_and_days_are_named() -> None:
    figures = [make_figure("f", 5, 5, make_scope("b1")), make_figure("g", 1, 1, make_scope("b1"))]
    caveat = find_caveat(
        caveats_of(figures, make_scope("b", (1, 4), "killed wounded")), "partly_reported"
    )
    assert caveat.text == (
        "Only a part of what was asked was reported. Nothing was reported of wounded; in 1 of 2 "
        "places (b2); on 3 of 4 days (2024-01-02 to 2024-01-04)."
    )


@pytest.mark.parametrize(
    ("where", "query_scope"),
    [
        ("r", make_scope("r")),
        ("a b", make_scope("r")),
        ("a b1", make_scope("r")),
        ("r", make_scope("a")),
        ("a", make_scope("a", (None, None))),
    ],
)
def test_a_query_that_figures_reach_is_not_partly_reported(where: str, query_scope: Scope) -> None:
    caveats = caveats_of([exact_figure("f", make_scope(where))], query_scope)
    assert "partly_reported" not in codes_of(caveats)


def test_a_zero_of_some_people_is_no_zero_of_all() -> None:
    for where in (make_scope(groups="g"), make_scope(incident="x:1")):
        caveats = caveats_of([make_figure("f", 0, 0, where)])
        assert find_caveat(caveats, "partly_reported").text == (
            "The reported zero is about a part of the people asked about, not about all of them."
        )
    assert "partly_reported" not in codes_of(caveats_of([make_figure("f", 0, 0)]))


def test_a_total_without_a_high_is_open_above() -> None:
    caveat = find_caveat(caveats_of([make_figure("f", 3, None)]), "open_above")
    assert caveat.text == (
        "No ceiling is known: the number may be higher than any that was reported."
        " One figure without one is by Agency A."
    )


def test_a_high_that_the_time_limit_prevented_is_not_called_unknown() -> None:
    pairs = [
        make_figure("ab", 3, 3, make_scope("a b1")),
        make_figure("bc", 3, 3, make_scope("b1 b2")),
    ]
    caveats = caveats_of([*pairs, make_figure("ca", 4, 4, make_scope("a b2"))], seconds=0)
    assert find_caveat(caveats, "open_above").text == (
        "No ceiling is known or could be worked out in the time: the number may be higher than any "
        "that was reported."
    )


def test_a_total_is_not_open_above_where_any_figure_closes_it() -> None:
    assert "open_above" not in codes_of(
        caveats_of([make_figure("f", 3, None), make_figure("g", 0, 9)])
    )


def test_an_open_total_names_the_figures_that_leave_it_open() -> None:
    figures = [make_figure("f", 3, None, make_scope("r")), make_figure("g", 1, 4)]
    assert find_caveat(caveats_of(figures, make_scope("r")), "open_above").figures == ("f",)


def test_a_running_total_has_no_stated_beginning() -> None:
    so_far = make_scope(days=(None, 1))
    caveat = find_caveat(caveats_of([exact_figure("f", so_far)], so_far), "beginning_not_stated")
    assert caveat.figures == ("f",)
    assert caveat.text == "One figure is a total so far and does not say from when on."


def test_running_totals_have_no_stated_beginning() -> None:
    so_far = make_scope(days=(None, 1))
    caveats = caveats_of([exact_figure("f", so_far), exact_figure("g", so_far, by="c")], so_far)
    assert find_caveat(caveats, "beginning_not_stated").text == (
        "2 figures are totals so far and do not say from when on."
    )


@pytest.mark.parametrize(
    "elsewhere", [make_scope("b", incident="x:1"), make_scope(days=(2, 2), incident="x:1")]
)
def test_an_incident_also_at_another_place_or_time_is_a_caveat(elsewhere: Scope) -> None:
    figures = [exact_figure("f", make_scope(incident="x:1")), exact_figure("g", elsewhere, by="c")]
    caveat = find_caveat(caveats_of(figures, make_scope("r", (1, 2))), "same_incident_elsewhere")
    assert caveat.figures == ("f", "g")
    assert caveat.text == (
        "Different reporters put one incident at places or days that do not meet: Bureau B and C."
        " It may be one event told twice or two parts of it."
    )
    parts = [figures[0], exact_figure("g", elsewhere)]
    assert "same_incident_elsewhere" not in codes_of(caveats_of(parts, make_scope("r", (1, 2))))


def test_other_groups_of_an_incident_are_other_people() -> None:
    figures = [
        exact_figure("f", make_scope(groups="g", incident="x:1")),
        exact_figure("h", make_scope("b", groups="h", incident="x:1"), by="c"),
    ]
    assert "same_incident_elsewhere" not in codes_of(caveats_of(figures, make_scope("r")))


@pytest.mark.parametrize(
    "other",
    [
        make_scope("r", incident="x:1"),
        make_scope(outcomes="wounded", incident="x:1"),
        make_scope("b", incident="x:2"),
        make_scope("b", incident="y:1"),
        make_scope("b"),
    ],
)
def test_an_incident_in_one_place_or_another_incident_is_no_caveat(other: Scope) -> None:
    figures = [exact_figure("f", make_scope(incident="x:1")), exact_figure("g", other, by="c")]
    wide = make_scope("r", outcomes="killed wounded")
    assert "same_incident_elsewhere" not in codes_of(caveats_of(figures, wide))


def test_a_wording_without_a_number_is_undisclosed_losses() -> None:
    wordless = make_figure("f", 1, None, reporter="B")
    object.__setattr__(wordless, "disclosed", False)
    caveat = find_caveat(caveats_of([wordless]), "undisclosed")
    assert (caveat.figures, caveat.reports, caveat.reporters) == (("f",), ("report f",), ("B",))
    assert caveat.text == "Losses are acknowledged without a number by Bureau B."


def test_a_stance_that_acknowledges_is_undisclosed_losses_and_no_figure() -> None:
    caveats = caveats_of(silent=[report_state("s", "acknowledges")])
    assert codes_of(caveats) == ["undisclosed"]
    assert (caveats[0].figures, caveats[0].reports, caveats[0].reporters) == ((), ("s",), ("B",))


def test_a_reporter_that_withholds_a_number_twice_is_named_once() -> None:
    wordless = make_figure("f", 1, None, reporter="B")
    object.__setattr__(wordless, "disclosed", False)
    silent = [report_state("s", "acknowledges"), report_state("t", "acknowledges", by="A")]
    caveat = find_caveat(caveats_of([wordless], silent=silent), "undisclosed")
    assert caveat.text == "Losses are acknowledged without a number by Bureau B and Agency A."
    assert caveat.reports == ("report f", "s", "t")


def test_a_stance_that_does_not_acknowledge_is_not_a_zero() -> None:
    caveats = caveats_of(silent=[report_state("s", "does_not_acknowledge", by="A")])
    assert codes_of(caveats) == ["not_acknowledged"]
    assert caveats[0].reporters == ("A",)
    assert caveats[0].text == "Not acknowledged by Agency A. That is not a zero."


def test_a_stance_that_declines_is_not_a_zero() -> None:
    caveats = caveats_of(
        silent=[report_state("s", "declines_to_say"), report_state("t", "declines_to_say", by="A")]
    )
    assert codes_of(caveats) == ["declined"]
    assert caveats[0].text == (
        "No number was given when asked by Bureau B and Agency A. That is not a zero."
    )


def test_many_reporters_are_named_in_part() -> None:
    silent = [report_state(name, "declines_to_say", by=name) for name in "cdef"]
    assert "by C, D, E and F." in caveats_of(silent=silent)[0].text
    more = [*silent, report_state("s", "declines_to_say", by="A")]
    assert "by C, D, E and 2 others." in caveats_of(silent=more)[0].text


def test_a_contradiction_names_both_sides() -> None:
    caveats = caveats_of(
        [make_figure("f", 40, 40, reporter="A"), make_figure("g", 30, 30, reporter="B")]
    )
    caveat = find_caveat(caveats, "disputed")
    assert caveat.figures == ("f", "g")
    assert caveat.reporters == ("A", "B")
    assert caveat.text == (
        "Reports contradict each other by 10 people: at least 40 by Agency A (a, 2024-01-01); at"
        " most 30 by Bureau B (a, 2024-01-01). None of them is preferred."
    )


def test_a_contradiction_with_a_zero_names_the_zero() -> None:
    caveats = caveats_of(
        [make_figure("f", 40, None, reporter="A"), make_figure("g", 0, 0, reporter="B")]
    )
    assert (
        "at least 40 by Agency A (a, 2024-01-01); at most 0 by Bureau B (a, 2024-01-01)."
        in find_caveat(caveats, "disputed").text
    )


def test_a_contradiction_of_many_names_the_first() -> None:
    lows = [make_figure(f"f{number}", 40 + number, None, reporter="A") for number in range(5)]
    text = find_caveat(caveats_of([*lows, make_figure("g", 0, 0, reporter="B")]), "disputed").text
    assert "at least 43 by Agency A (a, 2024-01-01), 1 more; at most 0 by Bureau B" in text


def test_figures_that_agree_are_not_disputed() -> None:
    assert "disputed" not in codes_of(
        caveats_of([make_figure("f", 3, None), make_figure("g", 0, 9, reporter="B")])
    )


def test_a_reporter_that_contradicts_itself_is_named() -> None:
    figures = [
        make_figure("f", 40, 40, reporter="B"),
        make_figure("g", 30, 30, reporter="B"),
        exact_figure("h", by="c"),
    ]
    caveat = find_caveat(caveats_of(figures, divided=figures[:2]), "same_reporter_conflict")
    assert caveat.figures == ("f", "g")
    assert caveat.text == (
        "Figures of Bureau B contradict each other, and none was said to replace the other."
    )


def test_a_bound_that_depends_on_a_convention_is_approximate() -> None:
    about = make_figure("f", 25, 35, reporter="B", soft="low high")
    caveat = find_caveat(caveats_of([about]), "approximate")
    assert (caveat.figures, caveat.reports, caveat.reporters) == (("f",), ("report f",), ("B",))
    assert caveat.text == "A bound rests on words such as “about” or “dozens”, read by convention."


def test_a_soft_end_that_no_bound_depends_on_is_no_caveat() -> None:
    dozens = make_figure("f", 12, None, reporter="B", soft="low")
    assert "approximate" not in codes_of(
        caveats_of([dozens, make_figure("g", 20, 20, reporter="c")])
    )


def test_figures_of_parties_alone_are_a_caveat() -> None:
    caveats = caveats_of([exact_figure("f", by="A")])
    assert find_caveat(caveats, "party_to_conflict").text == (
        "Every figure counted comes from a party to the conflict: Agency A."
    )
    assert find_caveat(caveats, "party_to_conflict").figures == ("f",)


def test_the_share_of_a_party_in_each_end_is_told() -> None:
    figures = [
        make_figure("f", 379_605, 379_605, reporter="A"),
        make_figure("g", 6_243, 6_243, make_scope("b"), reporter="B"),
    ]
    caveat = find_caveat(caveats_of(figures, make_scope("r")), "party_to_conflict")
    assert caveat.figures == ("f",)
    assert caveat.is_all is False
    assert caveat.text == (
        "Resting on figures of a party to the conflict, Agency A: 379,605 of the 385,848 (low) and"
        " 379,605 of the 385,848 (high)."
    )
    assert find_caveat(caveats_of(figures[:1]), "party_to_conflict").is_all is True


def test_a_bound_from_which_a_party_takes_off_depends_on_it() -> None:
    """In b at most 28: the region's 40, less the 12 of the party in a."""
    figures = [
        make_figure("all", 40, 40, make_scope("r"), reporter="B"),
        make_figure("some", 12, None, make_scope("a"), reporter="A"),
    ]
    caveat = find_caveat(caveats_of(figures, make_scope("b1")), "party_to_conflict")
    assert caveat.text == "A bound depends on figures of a party to the conflict: Agency A."
    assert (caveat.figures, caveat.is_all) == (("some",), False)


def test_a_number_that_others_give_too_rests_on_no_party() -> None:
    assert "party_to_conflict" not in codes_of(
        caveats_of([exact_figure("f", by="A"), exact_figure("g", by="B")])
    )


def test_the_end_that_one_reporter_makes_is_named() -> None:
    figures = [make_figure("f", 3, None, reporter="B"), make_figure("g", 0, 9, reporter="c")]
    caveat = find_caveat(caveats_of(figures), "single_reporter")
    assert caveat.figures == ("f", "g")
    assert caveat.text == (
        "Every figure that makes the low comes from one reporter, Bureau B."
        " Every figure that makes the high comes from one reporter, C."
    )


def test_figures_of_one_reporter_alone_are_a_caveat() -> None:
    caveat = find_caveat(caveats_of([exact_figure("f"), exact_figure("g")]), "single_reporter")
    assert caveat.figures == ("f", "g")
    assert caveat.text == "Every figure counted comes from one reporter, Bureau B."


def test_two_reporters_are_not_one() -> None:
    assert "single_reporter" not in codes_of(
        caveats_of([exact_figure("f"), exact_figure("g", by="c")])
    )


def test_a_relay_is_a_caveat_and_adds_nothing() -> None:
    relay = exact_figure("relay", by="c")
    caveat = find_caveat(caveats_of([exact_figure("f")], relays=[relay]), "relayed")
    assert (caveat.figures, caveat.reports, caveat.reporters) == (
        ("relay",),
        ("report relay",),
        ("c",),
    )
    assert caveat.text == "One report repeats what others said and adds nothing to the number."


def test_relays_are_counted_by_report() -> None:
    relays = [exact_figure("x"), exact_figure("y", by="c")]
    text = find_caveat(caveats_of([exact_figure("f")], relays=relays), "relayed").text
    assert text == "2 reports repeat what others said and add nothing to the number."


def test_a_relay_is_a_caveat_where_nothing_else_is_reported() -> None:
    assert codes_of(caveats_of(relays=[exact_figure("relay", by="c")])) == ["relayed"]


def test_a_total_that_ran_out_of_time_is_not_exact() -> None:
    figures = [
        make_figure("f", 1, 1, make_scope("a b1"), reporter="A"),
        make_figure("g", 1, 1, make_scope("b1 b2"), reporter="B"),
        make_figure("h", 1, 1, make_scope("a b2"), reporter="c"),
    ]
    query_scope = make_scope("a b1 b2")
    caveat = find_caveat(caveats_of(figures, query_scope, seconds=0), "not_exact")
    assert caveat.text == (
        "The range may be wider than what the reports allow; it is never narrower."
    )
    assert "not_exact" not in codes_of(caveats_of(figures[:2], query_scope))


def test_the_own_caveats_of_a_report_are_included() -> None:
    own = {"f": ("preliminary", "not_independently_verified", "Night fell early.")}
    caveats = caveats_of([exact_figure("f"), exact_figure("g", by="c")], own=own)
    assert [(each.code, each.text) for each in caveats] == [
        ("preliminary", "Called preliminary by Bureau B."),
        (
            "not_independently_verified",
            "Not independently verified: the figures of Bureau B.",
        ),
        ("Night fell early.", "Night fell early. (Bureau B)"),
    ]
    assert {each.figures for each in caveats} == {("f",)}


def test_the_same_caveat_of_two_reports_appears_once() -> None:
    own = {"f": ("preliminary",), "g": ("preliminary",)}
    (caveat,) = caveats_of([exact_figure("f"), exact_figure("g", by="c")], own=own)
    assert caveat.text == "Called preliminary by Bureau B and C."
    assert caveat.figures == ("f", "g")


def test_the_caveats_of_unused_reports_are_not_included() -> None:
    figures = [exact_figure("f"), exact_figure("g", by="c"), exact_figure("far", make_scope("s"))]
    assert caveats_of(figures, own={"far": ("preliminary",)}) == []


def test_a_caveat_names_the_outcomes_that_it_is_about() -> None:
    query_scope = make_scope(outcomes="killed wounded")
    caveats = caveats_of([exact_figure("f", query_scope)], query_scope)
    assert {each.outcomes for each in caveats} == {frozenset({"killed", "wounded"})}


def test_every_code_is_in_the_vocabulary() -> None:
    figures = [make_figure("f", 40, None, make_scope("r", (None, 1)), reporter="A", soft="low")]
    caveats = caveats_of(
        figures, silent=[report_state("s", "acknowledges")], relays=[exact_figure("x")]
    )
    assert set(codes_of(caveats)) <= set(CAVEAT_MEANINGS)


@given(figure_lists(max_size=4, with_reclassified=False), scopes(for_query=True))
@settings(max_examples=100)
def test_caveats_hold_against_the_figures(figures: list[Figure], query_scope: Scope) -> None:
    caveats = caveats_of(figures, query_scope)
    codes = set(codes_of(caveats))
    total = TotalsEngine(figures, PLACES, GROUPS).total(query_scope, AMPLE_SECONDS)
    inside = [figure for figure in figures if is_placed(figure, query_scope)]
    placed = TotalsEngine(inside, PLACES, GROUPS).total(query_scope, AMPLE_SECONDS)
    if (total.low, total.high) == (placed.low, placed.high):
        assert not any(code.startswith("shared_") for code in codes)
    if total.is_reported:
        is_any_inside = any(figure.scope.outcomes <= query_scope.outcomes for figure in inside)
        assert ("follows" in codes) is not is_any_inside
        spoken = frozenset().union(*(figure.scope.outcomes for figure in total.figures))
        days = [
            day
            for day in range(query_scope.period.start, query_scope.period.stop + 1)
            if not any(
                figure.scope.period.start <= day <= figure.scope.period.stop
                for figure in total.figures
            )
        ] if query_scope.period.first and query_scope.period.last else []  # fmt: skip
        if query_scope.outcomes - spoken or days:
            text = find_caveat(caveats, "partly_reported").text
            assert not days or f"on {len(days)} of " in text
            assert all(outcome in text for outcome in query_scope.outcomes - spoken)
    for caveat in caveats:
        if caveat.code == "party_to_conflict":
            assert caveat.is_all is all(figure.reporter == "A" for figure in total.figures)
            assert set(caveat.reporters) == {"A"}
            shares = re.findall(r"([0-9,]+) of the ([0-9,]+)", caveat.text)
            assert all(int(share) <= int(people) for share, people in shares)


def test_the_caveats_of_reports_on_most_figures_are_listed_and_the_others_counted() -> None:
    figures = [exact_figure(f"f{number:02}") for number in range(40)]
    own: dict[str, tuple[str, ...]] = {
        each.id: (f"Told by witness {number:02}.",) for number, each in enumerate(figures)
    }
    own["f36"] = own["f37"] = own["f38"] = ("Words of a neighbour.",)
    own["f39"] = ("Told by witness 00.", "preliminary")
    caveats = caveats_of(figures, own=own)
    listed = [each for each in codes_of(caveats) if each not in CAVEAT_MEANINGS]
    assert listed == [
        "preliminary",
        "Words of a neighbour.",
        "Told by witness 00.",
        *(f"Told by witness {number:02}." for number in range(1, 18)),
    ]
    more = find_caveat(caveats, "more_report_caveats")
    assert more.figures == tuple(f"f{number:02}" for number in range(18, 36))
    assert more.text == "The reports of 18 figures state 18 more caveats."
    assert codes_of(caveats_of(figures[::-1], own=own)) == codes_of(caveats)


def test_as_many_caveats_of_reports_as_a_total_lists_leave_none_to_count() -> None:
    texts = tuple(f"Told by witness {number:02}." for number in range(21))
    as_many = codes_of(caveats_of([exact_figure("f")], own={"f": texts[:20]}))
    assert as_many == ["single_reporter", *texts[:20]]
    caveats = caveats_of([exact_figure("f")], own={"f": texts})
    assert codes_of(caveats) == ["single_reporter", *texts[:20], "more_report_caveats"]
    assert caveats[-1].text == "The report of one figure states 1 more caveat."

"""Cases that can be checked by hand; each shows a rule of the contract."""

import pytest

from service.bounds import optimize
from service.bounds.engine import TotalsEngine
from service.domain.term_list import find_soft_figures
from tests.bounds.builders import (
    AMPLE_SECONDS,
    GROUPS,
    PLACES,
    compute_bounds,
    compute_total,
    figure_ids_of,
    make_figure,
    make_scope,
)


def test_nothing_reported_is_not_zero() -> None:
    result = compute_total([], make_scope())
    assert (result.is_reported, result.low, result.high) == (False, None, None)
    assert not compute_total([make_figure("f", 3, 3)], make_scope("b")).is_reported


def test_the_total_is_zero_where_zero_is_reported() -> None:
    assert compute_bounds([make_figure("f", 0, 0)]) == (0, 0)


def test_a_figure_over_two_villages_is_not_divided() -> None:
    both = make_figure("f", 30, None, make_scope("a b"))
    assert compute_bounds([both], make_scope("a b")) == (30, None)
    assert compute_bounds([both], make_scope("a")) == (0, None)


def test_one_nationwide_low_leaves_a_village_open_above() -> None:
    village, country = make_figure("v", 5, 5), make_figure("c", 1_000, None, make_scope("r"))
    assert compute_bounds([village, country]) == (5, 5)
    assert compute_bounds([village, country], make_scope("b")) == (0, None)


def test_the_step_of_a_running_total_with_an_open_beginning() -> None:
    first = make_figure("f", 10, 10, make_scope(days=(None, 2)))
    second = make_figure("s", 25, 25, make_scope(days=(None, 4)))
    assert compute_bounds([first, second], make_scope(days=(3, 4))) == (15, 15)
    assert compute_bounds([first, second], make_scope(days=(3, 3))) == (0, 15)


def test_the_certificate_of_a_difference_subtracts_the_smaller() -> None:
    figures = [
        make_figure("f", 9, 11, make_scope(days=(1, 2))),
        make_figure("s", 29, 31, make_scope(days=(1, 4))),
    ]
    result = compute_total(figures, make_scope(days=(3, 4)))
    assert [(term.figure.id, term.end, int(term.multiplier)) for term in result.low_terms] == [
        ("s", "low", 1),
        ("f", "high", -1),
    ]
    assert [(s.figure.id, s.end, int(s.multiplier)) for s in result.high_terms] == [
        ("s", "high", 1),
        ("f", "low", -1),
    ]


def test_a_certificate_prefers_figures_without_soft_ends() -> None:
    vague, plain = make_figure("v", 12, None, soft="low"), make_figure("p", 12, None)
    assert not find_soft_figures(compute_total([vague, plain]))
    assert figure_ids_of(find_soft_figures(compute_total([vague]))) == {"v"}


def test_whole_people_need_more_than_adding_up() -> None:
    pairs = [("ab", "a b1"), ("bc", "b1 b2"), ("ac", "a b2")]
    figures = [make_figure(figure_id, 1, None, make_scope(places)) for figure_id, places in pairs]
    result = compute_total(figures, make_scope("r"))
    assert (result.low, result.exact) == (2, True)


def test_whole_people_are_looked_for_near_the_fractions() -> None:
    pairs = [("ab", "a b1"), ("bc", "b1 b2"), ("ac", "a b2")]
    figures = [make_figure(figure_id, 1, None, make_scope(places)) for figure_id, places in pairs]
    figures += [
        make_figure("there", 2, 2, make_scope("s")),
        make_figure("cap", 0, 4, make_scope("a b1 b2 s")),
    ]
    result = compute_total(figures, make_scope("r"))
    assert (result.low, result.high, result.exact) == (2, 2, True)


def test_a_search_that_is_too_large_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimize, "MAX_SEARCH_COLUMNS", 0)
    pairs = [("ab", "a b1"), ("bc", "b1 b2"), ("ac", "a b2")]
    result = compute_total(
        [make_figure(figure_id, 1, None, make_scope(places)) for figure_id, places in pairs],
        make_scope("r"),
    )
    assert (result.low, result.exact) == (1, False)


def test_where_only_fractions_fit_the_total_is_not_exact() -> None:
    pairs = [("ab", "a b1"), ("bc", "b1 b2"), ("ac", "a b2")]
    figures = [make_figure(figure_id, 1, 1, make_scope(places)) for figure_id, places in pairs]
    result = compute_total(figures, make_scope("r"))
    assert (result.low, result.high, result.exact, result.is_disputed) == (1, 2, False, False)


def test_the_lowest_of_several_lows_may_stay_in_a_dispute() -> None:
    figures = [
        make_figure("ten", 10, None),
        make_figure("forty", 40, None),
        make_figure("cap", 0, 20),
    ]
    result = compute_total(figures)
    assert (result.low, result.high, result.nearest) == (10, None, (20, 40))
    assert (figure_ids_of(result.lows_set_aside), figure_ids_of(result.highs_set_aside)) == (
        {"forty"},
        {"cap"},
    )


def test_the_highest_of_several_highs_may_stay_in_a_dispute() -> None:
    figures = [make_figure("none", 0, 0), make_figure("ten", 0, 10), make_figure("five", 5, None)]
    result = compute_total(figures)
    assert (result.low, result.high, result.nearest) == (0, 10, (0, 5))
    assert (figure_ids_of(result.lows_set_aside), figure_ids_of(result.highs_set_aside)) == (
        {"five"},
        {"none"},
    )


def test_a_dispute_elsewhere_does_not_affect_the_total() -> None:
    dispute = [make_figure("x", 3, 3, make_scope("s")), make_figure("y", 9, 9, make_scope("s"))]
    country = make_figure("c", 0, 1_000, make_scope("r s"))
    here = make_figure("h", 4, 4)
    result = compute_total([*dispute, country, here])
    assert (result.low, result.high, result.is_disputed) == (4, 4, False)


def test_two_disputes_under_one_loose_high_are_separate() -> None:
    figures = [
        make_figure("a3", 3, 3, make_scope("a")),
        make_figure("a9", 9, 9, make_scope("a")),
        make_figure("s1", 1, 1, make_scope("s")),
        make_figure("s4", 4, 4, make_scope("s")),
        make_figure("cap", 0, 1_000, make_scope("a s")),
    ]
    result = compute_total(figures, make_scope("a"))
    assert (figure_ids_of(result.lows_set_aside), figure_ids_of(result.highs_set_aside)) == (
        {"a9"},
        {"a3"},
    )


def test_ids_of_one_scheme_are_different_events() -> None:
    figures = [
        make_figure("one", 2, 2, make_scope(incident="x:1")),
        make_figure("two", 3, 3, make_scope(incident="x:2")),
    ]
    assert compute_bounds(figures) == (5, 5)


def test_ids_of_two_schemes_may_be_the_same_event() -> None:
    figures = [
        make_figure("x", 5, 5, make_scope(incident="x:1")),
        make_figure("y", 4, 4, make_scope(incident="y:1")),
    ]
    assert compute_bounds(figures) == (5, 9)


def test_the_day_holds_its_events() -> None:
    events = [make_figure(f"x{n}", 2, 2, make_scope(incident=f"x:{n}")) for n in range(3)]
    assert compute_bounds([*events, make_figure("day", 6, 8)]) == (6, 8)
    assert compute_total([*events, make_figure("day", 0, 5)]).is_disputed


MISSING = make_figure("missing", 3, None, make_scope(outcomes="missing"))
FOUND = make_figure("found", 2, 2, make_scope(outcomes="killed"), reclassifies="missing")
ALL = make_scope(outcomes="killed wounded missing captured")


def test_reclassified_people_are_among_the_missing() -> None:
    figures = [MISSING, FOUND]
    assert compute_bounds(figures, ALL) == (3, None)
    assert compute_bounds(figures) == (2, 2)
    assert compute_bounds(figures, make_scope(outcomes="missing")) == (1, None)


def test_reclassified_people_are_among_the_killed_of_another_reporter() -> None:
    figures = [MISSING, FOUND, make_figure("five", 5, 5, reporter="B")]
    result = compute_total(figures)
    assert (result.low, result.high, result.is_disputed) == (5, 5, False)


def test_people_reclassified_later_or_elsewhere_are_not_counted_twice() -> None:
    later = make_figure("later", 2, 2, make_scope("b", (4, 4)), reclassifies="missing")
    everywhere = make_scope("r", (1, 4), "killed wounded missing captured")
    assert compute_bounds([MISSING, later], everywhere) == (3, None)


def test_people_reclassified_in_another_month_are_no_longer_missing() -> None:
    later = make_figure("later", 2, 2, make_scope(days=(20, 20)), reclassifies="missing")
    assert compute_bounds([MISSING, later], make_scope(outcomes="missing")) == (1, None)
    assert compute_bounds([MISSING, later], make_scope(days=(1, 31))) == (2, 2)


def test_a_bound_that_holds_without_a_soft_end_does_not_depend_on_it() -> None:
    vague = make_figure("vague", 12, None, make_scope("a"), soft="low")
    plain = make_figure("plain", 12, None, make_scope("r"))
    assert not find_soft_figures(compute_total([vague, plain], make_scope("r")))
    assert figure_ids_of(find_soft_figures(compute_total([vague, plain], make_scope("a")))) == {
        "vague"
    }
    again = make_figure("again", 12, None, make_scope("a"))
    assert not find_soft_figures(compute_total([vague, again, plain], make_scope("a")))
    around = make_figure("around", 25, 35, soft="low high")
    exact = make_figure("exact", 30, 30, make_scope("a b"))
    assert figure_ids_of(find_soft_figures(compute_total([around, exact], make_scope("a")))) == {
        "around"
    }
    assert not find_soft_figures(compute_total([around, exact], make_scope("a b")))


def test_many_disputes_under_one_high_are_resolved_one_by_one() -> None:
    days = range(1, 29)
    said = [make_figure(f"a{day}", 3, 3, make_scope(days=(day, day))) for day in days]
    denied = [make_figure(f"b{day}", 9, 9, make_scope(days=(day, day))) for day in days]
    country = make_figure("c", 20, 5_000, make_scope("r s", (1, 31)))
    result = compute_total([*said, *denied, country], make_scope(days=(7, 7)))
    assert (result.low, result.high, result.nearest) == (3, 9, (3, 9))
    assert figure_ids_of(result.lows_set_aside) == {"b7"}
    whole = compute_total([*said, *denied, country], make_scope("r s", (1, 31)))
    assert (whole.low, whole.high, len(whole.lows_set_aside)) == (84, 5_000, 28)


def test_a_high_set_aside_is_followed_by_the_next_one() -> None:
    figures = [
        make_figure("low", 3, 3),
        make_figure("high", 9, None),
        make_figure("both", 0, 100, make_scope("a b1")),
        make_figure("there", 10, 10, make_scope("b1")),
        make_figure("more", 12, 12, make_scope("b1")),
    ]
    result = compute_total(figures)
    assert (result.low, result.high, result.nearest) == (3, 90, (3, 9))


def test_a_chain_of_reclassifications_is_of_the_same_people() -> None:
    captured = make_figure("captured", 1, 1, make_scope(outcomes="captured"), reclassifies="found")
    figures = [MISSING, FOUND, captured]
    assert compute_bounds(figures, ALL) == (3, None)
    assert compute_bounds(figures, make_scope(outcomes="captured")) == (1, 1)


def test_people_of_an_earlier_figure_that_is_not_counted_are_still_an_event() -> None:
    engine = TotalsEngine([FOUND], PLACES, GROUPS, {"missing": MISSING, "found": FOUND})
    result = engine.total(ALL, 5)
    assert (result.low, result.high) == (2, 2)


def test_two_reclassifications_of_an_event_in_two_registers() -> None:
    figures = [
        make_figure("x", 5, 5, make_scope(outcomes="missing", incident="x:1")),
        make_figure("y", 4, 4, make_scope(outcomes="missing", incident="y:1")),
        make_figure("xd", 2, 2, make_scope(), reclassifies="x"),
        make_figure("yd", 3, 3, make_scope(), reclassifies="y"),
    ]
    # 3 and 1 still missing beside 2 and 3 dead: at least 3 + 3, at most 4 + 5.
    assert compute_bounds(figures, ALL) == (6, 9)
    assert compute_bounds(figures) == (3, 5)


def test_best_estimates_add_up_only_where_figures_are_disjoint() -> None:
    one, two = make_figure("one", 1, 3, make_scope("a")), make_figure("two", 2, 2, make_scope("b"))
    whole = make_figure("whole", 2, 9, make_scope("r"))
    assert TotalsEngine([one, two], PLACES, GROUPS).are_disjoint(make_scope("r"), AMPLE_SECONDS)
    assert not TotalsEngine([one, whole], PLACES, GROUPS).are_disjoint(
        make_scope("r"), AMPLE_SECONDS
    )
    again = make_figure("again", 1, 3, make_scope("a"))
    assert not TotalsEngine([one, again], PLACES, GROUPS).are_disjoint(
        make_scope("r"), AMPLE_SECONDS
    )


def test_both_sides_are_named_where_only_events_couple_them() -> None:
    """No column holds the people of both the day and the incident in two registers."""
    figures = [
        make_figure("day", 0, 4, make_scope("r")),
        make_figure("x", 5, None, make_scope("a", incident="x:1")),
        make_figure("y", 1, None, make_scope("a", incident="y:1")),
    ]
    result = compute_total(figures, make_scope("b"))
    assert figure_ids_of(result.lows_set_aside) == {"x"}
    assert figure_ids_of(result.highs_set_aside) == {"day"}


def test_a_figure_overlaps_a_scope_that_any_of_its_people_may_be_in() -> None:
    engine = TotalsEngine(
        [make_figure("here", 1, 1), make_figure("there", 1, 1, make_scope("s"))], PLACES, GROUPS
    )
    assert figure_ids_of(engine.overlapping_figures(make_scope("r"))) == {"here"}
    assert figure_ids_of(engine.overlapping_figures(make_scope("b"))) == set()


def test_a_reclassified_figure_has_the_outcomes_of_those_that_followed() -> None:
    captured = make_figure("captured", 1, 1, make_scope(outcomes="captured"), reclassifies="found")
    engine = TotalsEngine([MISSING, FOUND, captured], PLACES, GROUPS)
    assert engine.outcomes_of(MISSING) == {"missing", "killed", "captured"}
    assert engine.outcomes_of(FOUND) == {"killed", "captured"}
    assert engine.outcomes_of(captured) == {"captured"}

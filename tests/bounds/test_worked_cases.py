"""Cases small enough to check by hand, each a rule of the contract."""

import pytest

from service.bounds import optimize
from service.bounds.engine import Reckoner
from tests.bounds.build import GROUPS, PLACES, bounds, figure, ids, scope, total


def test_nothing_reported_is_not_zero() -> None:
    found = total([], scope())
    assert (found.is_reported, found.low, found.high) == (False, None, None)
    assert not total([figure("f", 3, 3)], scope("b")).is_reported


def test_zero_is_said_when_somebody_says_zero() -> None:
    assert bounds([figure("f", 0, 0)]) == (0, 0)


def test_a_figure_over_two_villages_is_not_shared_out() -> None:
    both = figure("f", 30, None, scope("a b"))
    assert bounds([both], scope("a b")) == (30, None)
    assert bounds([both], scope("a")) == (0, None)


def test_one_nationwide_floor_leaves_a_village_open_above() -> None:
    village, country = figure("v", 5, 5), figure("c", 1_000, None, scope("r"))
    assert bounds([village, country]) == (5, 5)
    assert bounds([village, country], scope("b")) == (0, None)


def test_the_step_of_a_running_total_with_an_open_beginning() -> None:
    first = figure("f", 10, 10, scope(days=(None, 2)))
    second = figure("s", 25, 25, scope(days=(None, 4)))
    assert bounds([first, second], scope(days=(3, 4))) == (15, 15)
    assert bounds([first, second], scope(days=(3, 3))) == (0, 15)


def test_the_proof_of_a_difference_takes_the_smaller_off() -> None:
    figures = [figure("f", 9, 11, scope(days=(1, 2))), figure("s", 29, 31, scope(days=(1, 4)))]
    found = total(figures, scope(days=(3, 4)))
    assert [(s.figure.id, s.end, int(s.multiplier)) for s in found.low_terms] == [
        ("f", "high", -1),
        ("s", "low", 1),
    ]
    assert [(s.figure.id, s.end, int(s.multiplier)) for s in found.high_terms] == [
        ("s", "high", 1),
        ("f", "low", -1),
    ]


def test_a_proof_prefers_words_that_rest_on_no_convention() -> None:
    vague, plain = figure("v", 12, None, soft="low"), figure("p", 12, None)
    assert total([vague, plain]).soft_figures() == ()
    assert ids(total([vague]).soft_figures()) == {"v"}


def test_whole_people_need_more_than_adding_up() -> None:
    pairs = [("ab", "a b1"), ("bc", "b1 b2"), ("ac", "a b2")]
    figures = [figure(id, 1, None, scope(places)) for id, places in pairs]
    found = total(figures, scope("r"))
    assert (found.low, found.exact) == (2, True)


def test_whole_people_are_looked_for_near_the_fractions() -> None:
    pairs = [("ab", "a b1"), ("bc", "b1 b2"), ("ac", "a b2")]
    figures = [figure(id, 1, None, scope(places)) for id, places in pairs]
    figures += [figure("there", 2, 2, scope("s")), figure("cap", 0, 4, scope("a b1 b2 s"))]
    found = total(figures, scope("r"))
    assert (found.low, found.high, found.exact) == (2, 2, True)


def test_a_search_that_is_too_large_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimize, "LARGEST_SEARCH", 0)
    pairs = [("ab", "a b1"), ("bc", "b1 b2"), ("ac", "a b2")]
    found = total([figure(id, 1, None, scope(places)) for id, places in pairs], scope("r"))
    assert (found.low, found.exact) == (1, False)


def test_where_only_fractions_fit_the_answer_says_so() -> None:
    pairs = [("ab", "a b1"), ("bc", "b1 b2"), ("ac", "a b2")]
    figures = [figure(id, 1, 1, scope(places)) for id, places in pairs]
    found = total(figures, scope("r"))
    assert (found.low, found.high, found.exact, found.is_disputed) == (1, 2, False, False)


def test_the_lowest_of_several_floors_may_stand_in_a_dispute() -> None:
    figures = [figure("ten", 10, None), figure("forty", 40, None), figure("cap", 0, 20)]
    found = total(figures)
    assert (found.low, found.high, found.nearest) == (10, None, (20, 40))
    assert (ids(found.lows_set_aside), ids(found.highs_set_aside)) == ({"forty"}, {"cap"})


def test_the_highest_of_several_ceilings_may_stand_in_a_dispute() -> None:
    figures = [figure("none", 0, 0), figure("ten", 0, 10), figure("five", 5, None)]
    found = total(figures)
    assert (found.low, found.high, found.nearest) == (0, 10, (0, 5))
    assert (ids(found.lows_set_aside), ids(found.highs_set_aside)) == ({"five"}, {"none"})


def test_a_far_off_dispute_is_neither_named_nor_felt() -> None:
    dispute = [figure("x", 3, 3, scope("s")), figure("y", 9, 9, scope("s"))]
    country = figure("c", 0, 1_000, scope("r s"))
    here = figure("h", 4, 4)
    found = total([*dispute, country, here])
    assert (found.low, found.high, found.is_disputed) == (4, 4, False)


def test_two_disputes_under_one_loose_ceiling_are_told_apart() -> None:
    figures = [
        figure("a3", 3, 3, scope("a")),
        figure("a9", 9, 9, scope("a")),
        figure("s1", 1, 1, scope("s")),
        figure("s4", 4, 4, scope("s")),
        figure("cap", 0, 1_000, scope("a s")),
    ]
    found = total(figures, scope("a"))
    assert (ids(found.lows_set_aside), ids(found.highs_set_aside)) == ({"a9"}, {"a3"})


def test_ids_of_one_scheme_are_different_events() -> None:
    figures = [
        figure("one", 2, 2, scope(incident="x:1")),
        figure("two", 3, 3, scope(incident="x:2")),
    ]
    assert bounds(figures) == (5, 5)


def test_ids_of_two_schemes_may_be_the_same_event() -> None:
    figures = [
        figure("x", 5, 5, scope(incident="x:1")),
        figure("y", 4, 4, scope(incident="y:1")),
    ]
    assert bounds(figures) == (5, 9)


def test_the_day_holds_its_events() -> None:
    events = [figure(f"x{n}", 2, 2, scope(incident=f"x:{n}")) for n in range(3)]
    assert bounds([*events, figure("day", 6, 8)]) == (6, 8)
    assert total([*events, figure("day", 0, 5)]).is_disputed


MISSING = figure("missing", 3, None, scope(outcomes="missing"))
FOUND = figure("found", 2, 2, scope(outcomes="killed"), reclassifies="missing")
ALL = scope(outcomes="killed wounded missing captured")


def test_people_found_dead_are_among_the_missing() -> None:
    figures = [MISSING, FOUND]
    assert bounds(figures, ALL) == (3, None)
    assert bounds(figures) == (2, 2)
    assert bounds(figures, scope(outcomes="missing")) == (1, None)


def test_people_found_dead_are_among_another_reporters_dead() -> None:
    figures = [MISSING, FOUND, figure("five", 5, 5, by="B")]
    found = total(figures)
    assert (found.low, found.high, found.is_disputed) == (5, 5, False)


def test_people_found_dead_later_or_elsewhere_are_not_counted_twice() -> None:
    later = figure("later", 2, 2, scope("b", (4, 4)), reclassifies="missing")
    everywhere = scope("r", (1, 4), "killed wounded missing captured")
    assert bounds([MISSING, later], everywhere) == (3, None)


def test_people_found_dead_in_another_month_are_no_longer_missing() -> None:
    later = figure("later", 2, 2, scope(days=(20, 20)), reclassifies="missing")
    assert bounds([MISSING, later], scope(outcomes="missing")) == (1, None)
    assert bounds([MISSING, later], scope(days=(1, 31))) == (2, 2)


def test_a_bound_that_stands_without_a_soft_end_does_not_lean_on_it() -> None:
    vague = figure("vague", 12, None, scope("a"), soft="low")
    plain = figure("plain", 12, None, scope("r"))
    assert total([vague, plain], scope("r")).soft_figures() == ()
    assert ids(total([vague, plain], scope("a")).soft_figures()) == {"vague"}
    again = figure("again", 12, None, scope("a"))
    assert total([vague, again, plain], scope("a")).soft_figures() == ()
    around = figure("around", 25, 35, soft="low high")
    exact = figure("exact", 30, 30, scope("a b"))
    assert ids(total([around, exact], scope("a")).soft_figures()) == {"around"}
    assert total([around, exact], scope("a b")).soft_figures() == ()


def test_many_disputes_under_one_ceiling_are_settled_one_by_one() -> None:
    days = range(1, 29)
    said = [figure(f"a{day}", 3, 3, scope(days=(day, day))) for day in days]
    denied = [figure(f"b{day}", 9, 9, scope(days=(day, day))) for day in days]
    country = figure("c", 20, 5_000, scope("r s", (1, 31)))
    found = total([*said, *denied, country], scope(days=(7, 7)))
    assert (found.low, found.high, found.nearest) == (3, 9, (3, 9))
    assert ids(found.lows_set_aside) == {"b7"}
    whole = total([*said, *denied, country], scope("r s", (1, 31)))
    assert (whole.low, whole.high, len(whole.lows_set_aside)) == (84, 5_000, 28)


def test_a_ceiling_set_aside_brings_the_next_one_into_play() -> None:
    figures = [
        figure("low", 3, 3),
        figure("high", 9, None),
        figure("both", 0, 100, scope("a b1")),
        figure("there", 10, 10, scope("b1")),
        figure("more", 12, 12, scope("b1")),
    ]
    found = total(figures)
    assert (found.low, found.high, found.nearest) == (3, 90, (3, 9))


def test_a_chain_of_reclassification_speaks_of_the_same_people() -> None:
    captured = figure("captured", 1, 1, scope(outcomes="captured"), reclassifies="found")
    figures = [MISSING, FOUND, captured]
    assert bounds(figures, ALL) == (3, None)
    assert bounds(figures, scope(outcomes="captured")) == (1, 1)


def test_people_of_an_earlier_figure_that_is_not_counted_are_still_an_event() -> None:
    reckoner = Reckoner([FOUND], PLACES, GROUPS, {"missing": MISSING, "found": FOUND})
    found = reckoner.total(ALL, 5)
    assert (found.low, found.high) == (2, 2)


def test_two_reclassifications_of_an_event_in_two_registers() -> None:
    figures = [
        figure("x", 5, 5, scope(outcomes="missing", incident="x:1")),
        figure("y", 4, 4, scope(outcomes="missing", incident="y:1")),
        figure("xd", 2, 2, scope(), reclassifies="x"),
        figure("yd", 3, 3, scope(), reclassifies="y"),
    ]
    # 3 and 1 still missing beside 2 and 3 dead: at least 3 + 3, at most 4 + 5.
    assert bounds(figures, ALL) == (6, 9)
    assert bounds(figures) == (3, 5)


def test_best_estimates_add_up_only_where_figures_stand_apart() -> None:
    one, two = figure("one", 1, 3, scope("a")), figure("two", 2, 2, scope("b"))
    whole = figure("whole", 2, 9, scope("r"))
    assert Reckoner([one, two], PLACES, GROUPS).apart(scope("r"))
    assert not Reckoner([one, whole], PLACES, GROUPS).apart(scope("r"))
    again = figure("again", 1, 3, scope("a"))
    assert not Reckoner([one, again], PLACES, GROUPS).apart(scope("r"))


def test_both_sides_are_named_where_only_events_tie_them() -> None:
    """No column holds both the day's people and the event's where two registers speak of it."""
    figures = [
        figure("day", 0, 4, scope("r")),
        figure("x", 5, None, scope("a", incident="x:1")),
        figure("y", 1, None, scope("a", incident="y:1")),
    ]
    found = total(figures, scope("b"))
    assert ids(found.lows_set_aside) == {"x"}
    assert ids(found.highs_set_aside) == {"day"}


def test_a_figure_speaks_of_a_scope_that_any_of_its_people_may_be_in() -> None:
    reckoner = Reckoner([figure("here", 1, 1), figure("there", 1, 1, scope("s"))], PLACES, GROUPS)
    assert ids(reckoner.meeting(scope("r"))) == {"here"}
    assert ids(reckoner.meeting(scope("b"))) == set()


def test_a_reclassified_figure_has_the_outcomes_of_those_that_followed() -> None:
    captured = figure("captured", 1, 1, scope(outcomes="captured"), reclassifies="found")
    reckoner = Reckoner([MISSING, FOUND, captured], PLACES, GROUPS)
    assert reckoner.outcomes(MISSING) == {"missing", "killed", "captured"}
    assert reckoner.outcomes(FOUND) == {"killed", "captured"}
    assert reckoner.outcomes(captured) == {"captured"}

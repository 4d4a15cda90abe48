"""What is counted for a question, how it is cut, and what is said beside it."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import chain, repeat
from typing import Any

import pytest

from schemas.report_in import ReportIn
from service.domain.errors import InvalidInputError
from service.domain.periods import Period
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.store.interface import Store
from service.usecases import entities, reports, totals
from service.usecases.consistency import MonotonicReader
from service.usecases.request_reader import RequestReader
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget
from tests.conftest import START_TIME
from tests.support import bodies

KILLED = frozenset({"killed"})
WOUNDED = frozenset({"wounded"})
SKY = {"id": "sky", "name": "Sky"}
REGION = {"id": "region", "name": "Region"}
A = {"id": "a", "name": "A", "parent": "region"}
B = {"id": "b", "name": "B", "parent": "region"}
DAY = {"from": "2024-12-14", "to": "2024-12-14"}

Post = Callable[..., str]
Ask = Callable[..., TotalsResult]


@pytest.fixture
def post(store: Store, new_id: Callable[[], str]) -> Post:
    """Record a report about people killed in a region on one day, and return its id."""

    def post_report(*figures: dict[str, Any], **changes: Any) -> str:
        whole_figures = [{"outcomes": ["killed"], **figure} for figure in figures]
        defaults = {"period": DAY, "places": [REGION], "figures": whole_figures or ...}
        body = bodies.make_report(**{**defaults, **changes})
        submission = ReportIn().load(body)
        recorded = reports.submit_report(
            store, submission, actor="k", now=START_TIME, new_id=new_id
        ).recorded
        return recorded.report.id

    return post_report


@pytest.fixture
def ask(store: Store) -> Ask:
    """Put a question, by default about those killed anywhere at any time."""
    snapshots = StateCache()

    def compute(**query_fields: Any) -> TotalsResult:
        query = TotalsQuery(**{"outcomes": (KILLED,), **query_fields})
        reader = RequestReader(MonotonicReader(store), snapshots)
        seq = reader.resolve_as_of(query.as_of, START_TIME + timedelta(days=1))
        return totals.compute_totals(reader, query, seq, TimeBudget(60.0, 600.0))

    return compute


def december(day: int) -> date:
    """Return a day of December 2024."""
    return date(2024, 12, day)


def range_of(answer: TotalsResult) -> tuple[int | None, int | None]:
    """Return low and high of the only total."""
    (outcome_total,) = answer.totals
    return outcome_total.total.low, outcome_total.total.high


def used_ids_of(answer: TotalsResult) -> list[str]:
    """Return the ids of the figures that were counted."""
    return [figure.id for figure in answer.used]


def exclusion_reasons_of(answer: TotalsResult) -> dict[str, str]:
    """Return why each figure that was not counted was left out."""
    return {each.figure.id: each.reason for each in answer.excluded}


def lows_by_part(answer: TotalsResult) -> dict[str, list[int | None]]:
    """Return the lows of every part by key."""
    return {part.key: [each.total.low for each in part.totals] for part in answer.parts or ()}


def caveat_codes_of(answer: TotalsResult) -> set[str]:
    """Return the codes of all caveats of the whole."""
    return {caveat.code for caveat in answer.caveats}


def test_the_usual_totals_are_outcomes_then_joint_sets_then_all(post: Post, ask: Ask) -> None:
    post(
        {"exactly": 3, "outcomes": ["wounded", "missing"]},
        {"exactly": 9, "outcomes": ["killed", "wounded", "missing"]},
        {"exactly": 4, "outcomes": ["killed", "captured"]},
        {"exactly": 4, "outcomes": ["killed", "wounded"]},
        {"exactly": 9, "outcomes": ["killed", "wounded", "missing", "captured"]},
    )
    assert [" ".join(sorted(each.outcomes)) for each in ask(outcomes=()).totals] == [
        "killed",
        "wounded",
        "missing",
        "captured",
        "killed wounded",
        "captured killed",
        "missing wounded",
        "killed missing wounded",
        "captured killed missing wounded",
    ]


def test_joint_sets_that_do_not_overlap_the_query_are_not_totalled(post: Post, ask: Ask) -> None:
    post({"exactly": 3, "outcomes": ["killed", "wounded"]})
    post({"exactly": 3, "outcomes": ["killed", "missing"]}, places=[bodies.make_place("far")])
    sets = [each.outcomes for each in ask(outcomes=(), places=("region",)).totals]
    assert frozenset({"killed", "wounded"}) in sets
    assert frozenset({"killed", "missing"}) not in sets


def test_joint_sets_that_are_not_counted_are_not_totalled(post: Post, ask: Ask) -> None:
    first = post({"exactly": 3, "outcomes": ["killed", "wounded"]})
    post({"exactly": 3, "outcomes": ["killed"]}, supersedes=first)
    assert len(ask(outcomes=()).totals) == 5


def test_totals_are_in_the_order_of_the_query(ask: Ask) -> None:
    asked = (WOUNDED, KILLED | WOUNDED, KILLED)
    assert tuple(each.outcomes for each in ask(outcomes=asked).totals) == asked


def test_best_is_the_sum_of_the_estimates_of_disjoint_figures(post: Post, ask: Ask) -> None:
    post({"low": 3, "high": 9, "best": 5}, places=[REGION, A])
    (stated,) = ask().totals
    assert stated.best == 5
    post({"exactly": 2}, places=[bodies.make_place("far")])
    (stated,) = ask().totals
    assert stated.best == 7


def test_best_is_not_made_up(post: Post, ask: Ask) -> None:
    post({"low": 3, "high": 9}, places=[REGION])
    (stated,) = ask().totals
    assert stated.best is None


def test_there_is_no_best_where_nothing_is_reported(ask: Ask) -> None:
    (stated,) = ask().totals
    assert stated.best is None


def test_there_is_no_best_of_figures_that_overlap(post: Post, ask: Ask) -> None:
    post({"exactly": 9})
    post({"exactly": 3}, places=[A])
    (stated,) = ask().totals
    assert stated.best is None


def test_there_is_no_best_of_a_figure_reported_twice(post: Post, ask: Ask) -> None:
    post({"exactly": 9})
    post({"exactly": 9}, reporter=SKY)
    (stated,) = ask().totals
    assert stated.best is None


def test_there_is_no_best_of_figures_wider_than_the_query(post: Post, ask: Ask) -> None:
    post({"exactly": 9}, places=[REGION, A])
    (stated,) = ask(places=("a",)).totals
    assert stated.best is None


def test_filtered_figures_are_not_listed_as_excluded(post: Post, ask: Ask) -> None:
    post({"exactly": 9})
    post({"exactly": 4}, reporter=SKY)
    assert range_of(ask(reporters=("sky",))) == (4, 4)
    assert range_of(ask(reporters=("sky", "ua-hur"))) == (4, 9)
    assert range_of(ask(exclude_reporters=("sky",))) == (9, 9)
    assert range_of(ask(exclude_parties=True)) == (4, 4)
    assert used_ids_of(ask(exclude_parties=True)) == ["r2-1"]
    assert exclusion_reasons_of(ask(exclude_parties=True)) == {}


def test_filters_apply_to_what_was_not_counted_anyway(post: Post, ask: Ask) -> None:
    post(reporter=SKY, figures=[{"outcomes": ["killed"], "exactly": 4}])
    post({"exactly": 4}, relays="r1")
    assert exclusion_reasons_of(ask()) == {"r2-1": "relay"}
    assert exclusion_reasons_of(ask(reporters=("sky",))) == {}


def test_filters_apply_to_stances(post: Post, ask: Ask) -> None:
    post(stance="does_not_acknowledge")
    assert caveat_codes_of(ask()) == {"not_acknowledged"}
    assert caveat_codes_of(ask(exclude_parties=True)) == set()


def test_a_stance_is_a_caveat_where_it_overlaps_the_query(post: Post, ask: Ask) -> None:
    post(stance="declines_to_say")
    post({"exactly": 1}, places=[bodies.make_place("far")], reporter=SKY)
    assert caveat_codes_of(ask(places=("region",))) == {"declined"}
    assert "declined" not in caveat_codes_of(ask(places=("far",)))
    assert caveat_codes_of(ask(period=Period(None, december(13)))) == set()


def test_a_superseded_stance_is_no_caveat(post: Post, ask: Ask) -> None:
    first = post(stance="declines_to_say")
    post({"exactly": 4}, supersedes=first)
    assert "declined" not in caveat_codes_of(ask())
    assert range_of(ask()) == (4, 4)


def test_a_relay_is_not_counted_and_neither_is_its_relay(post: Post, ask: Ask) -> None:
    post({"exactly": 4})
    post({"exactly": 5}, reporter=SKY, relays="r1")
    post({"exactly": 6}, reporter={"id": "bbc", "name": "BBC"}, relays="r2")
    assert range_of(ask()) == (4, 4)
    assert used_ids_of(ask()) == ["r1-1"]
    assert exclusion_reasons_of(ask()) == {"r2-1": "relay", "r3-1": "relay"}
    (relayed,) = [each for each in ask().caveats if each.code == "relayed"]
    assert relayed.text.startswith("2 reports repeat")


def test_a_relay_is_not_counted_where_its_origin_is_not_either(post: Post, ask: Ask) -> None:
    post({"exactly": 4})
    post({"exactly": 5}, reporter=SKY, relays="r1")
    post({"exactly": 7}, supersedes="r1")
    assert range_of(ask()) == (7, 7)
    assert exclusion_reasons_of(ask()) == {"r1-1": "superseded", "r2-1": "relay"}
    alone = ask(reporters=("sky",))
    assert not alone.totals[0].total.is_reported
    assert caveat_codes_of(alone) == {"relayed"}


def test_a_superseded_relay_is_called_superseded(post: Post, ask: Ask) -> None:
    post({"exactly": 4})
    post({"exactly": 5}, reporter=SKY, relays="r1")
    post({"exactly": 6}, reporter=SKY, relays="r1", supersedes="r2")
    assert exclusion_reasons_of(ask()) == {"r2-1": "superseded", "r3-1": "relay"}
    (relayed,) = [each for each in ask().caveats if each.code == "relayed"]
    assert relayed.text.startswith("One report repeats")


def test_a_figure_that_does_not_overlap_the_query_is_neither_used_nor_excluded(
    post: Post, ask: Ask
) -> None:
    post({"exactly": 4}, {"exactly": 1, "outcomes": ["missing"]})
    post({"exactly": 4}, relays="r1", reporter=SKY)
    post({"exactly": 2}, places=[bodies.make_place("far")])
    answer = ask(places=("far",), outcomes=(KILLED,))
    assert (used_ids_of(answer), exclusion_reasons_of(answer)) == (["r3-1"], {})
    assert used_ids_of(ask(outcomes=(WOUNDED,))) == []
    assert used_ids_of(ask(outcomes=(frozenset({"missing"}),))) == ["r1-2"]


@pytest.fixture
def villages(post: Post) -> None:
    """At least 30 in the region, 3 in village a, 4 in b on the next day."""
    post({"low": 30})
    post({"exactly": 3}, places=[A])
    post({"exactly": 4}, places=[B], period={"from": "2024-12-15", "to": "2024-12-15"})


def test_straddling_figures_can_be_excluded(villages: None, ask: Ask) -> None:
    answer = ask(places=("a",), straddling=False)
    assert (used_ids_of(answer), exclusion_reasons_of(answer)) == (["r2-1"], {"r1-1": "straddles"})
    assert range_of(answer) == (3, 3)
    assert "shared_places" not in caveat_codes_of(answer)


def test_a_figure_with_days_outside_the_query_straddles(post: Post, ask: Ask) -> None:
    post({"exactly": 9}, period=bodies.PERIOD)
    answer = ask(period=Period(december(14), december(14)), straddling=False)
    assert exclusion_reasons_of(answer) == {"r1-1": "straddles"}
    assert not answer.totals[0].total.is_reported


def test_a_figure_with_groups_outside_the_query_straddles(post: Post, ask: Ask) -> None:
    post({"exactly": 9})
    post({"exactly": 2, "groups": [{"id": "dprk", "name": "DPRK"}]})
    answer = ask(groups=("dprk",), straddling=False)
    assert (used_ids_of(answer), exclusion_reasons_of(answer)) == (["r2-1"], {"r1-1": "straddles"})


def test_a_figure_with_outcomes_outside_the_query_does_not_straddle(post: Post, ask: Ask) -> None:
    post({"exactly": 9, "outcomes": ["killed", "wounded"]})
    answer = ask(places=("region",), straddling=False)
    assert used_ids_of(answer) == ["r1-1"]
    assert "follows" in caveat_codes_of(answer)


def test_straddling_is_reported_for_the_outcomes_of_the_query_only(post: Post, ask: Ask) -> None:
    post({"exactly": 9}, {"exactly": 1, "outcomes": ["missing"]}, places=[REGION, A])
    answer = ask(places=("a",), straddling=False)
    assert exclusion_reasons_of(answer) == {"r1-1": "straddles"}


def test_each_part_excludes_the_figures_that_straddle_it(villages: None, ask: Ask) -> None:
    answer = ask(places=("region",), by="place", straddling=False)
    assert lows_by_part(answer) == {"a": [3], "b": [4]}
    assert used_ids_of(answer) == ["r1-1", "r2-1", "r3-1"]
    assert [each.low for each in answer.unplaced or ()] == [27]


def test_parts_are_bounded_each_on_its_own(villages: None, ask: Ask) -> None:
    answer = ask(places=("region",), by="place")
    assert lows_by_part(answer) == {"a": [3], "b": [4]}
    assert [(part.key, part.name) for part in answer.parts or ()] == [("a", "A"), ("b", "B")]
    assert [part.totals[0].total.high for part in answer.parts or ()] == [3, None]


def test_people_in_no_single_part_are_unplaced(villages: None, ask: Ask) -> None:
    answer = ask(places=("region",), by="place")
    assert range_of(answer) == (34, None)
    assert [(each.outcomes, each.low) for each in answer.unplaced or ()] == [(KILLED, 27)]


def test_the_unplaced_are_never_below_zero(
    post: Post, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With exact totals they cannot be; here the whole gets no time and its parts get enough."""
    places = [REGION, *(bodies.make_place(each, parent="region") for each in "abc")]
    pairs = [(3, ["a", "b"]), (3, ["b", "c"]), (4, ["a", "c"])]
    post(*({"exactly": number, "places": pair} for number, pair in pairs), places=places)
    seconds = chain([0.0], repeat(20.0))
    monkeypatch.setattr(TimeBudget, "next_seconds", lambda self: next(seconds))
    answer = ask(places=("region",), by="place")
    assert lows_by_part(answer) == {"a": [2], "b": [1], "c": [2]}
    assert (range_of(answer)[0] or 0) < 5
    assert [each.low for each in answer.unplaced or ()] == [0]


def test_everywhere_is_broken_down_by_the_root_places(villages: None, post: Post, ask: Ask) -> None:
    post({"exactly": 1}, places=[bodies.make_place("far")])
    assert lows_by_part(ask(by="place")) == {"far": [1], "region": [34]}


def test_a_place_given_twice_is_one_part(villages: None, ask: Ask) -> None:
    assert lows_by_part(ask(places=("a", "region"), by="place")) == {"a": [3], "b": [4]}


def test_a_place_without_children_is_its_own_part(villages: None, ask: Ask) -> None:
    answer = ask(places=("a",), by="place")
    assert lows_by_part(answer) == {"a": [3]}
    assert [each.low for each in answer.unplaced or ()] == [0]


def test_days_are_parts(villages: None, ask: Ask) -> None:
    answer = ask(period=Period(december(13), december(15)), by="day")
    assert lows_by_part(answer) == {"2024-12-13": [None], "2024-12-14": [30], "2024-12-15": [4]}


def test_outcomes_are_parts_and_joint_figures_are_unplaced(post: Post, ask: Ask) -> None:
    post({"low": 30, "outcomes": ["killed", "wounded"]}, {"exactly": 3})
    answer = ask(outcomes=(KILLED | WOUNDED, KILLED), by="outcome")
    assert lows_by_part(answer) == {"killed": [3], "wounded": [27]}
    assert [each.low for each in answer.unplaced or ()] == [0, 0]
    alone = ask(outcomes=(KILLED,), by="outcome")
    assert lows_by_part(alone) == {"killed": [3]}


def test_people_of_one_of_two_outcomes_are_unplaced(post: Post, ask: Ask) -> None:
    post({"low": 30, "outcomes": ["killed", "wounded"]})
    answer = ask(outcomes=(KILLED | WOUNDED,), by="outcome")
    assert lows_by_part(answer) == {"killed": [0], "wounded": [0]}
    assert [each.low for each in answer.unplaced or ()] == [30]


def test_the_children_of_a_group_are_parts(post: Post, ask: Ask) -> None:
    post({"exactly": 9, "groups": ["everyone"]})
    post({"exactly": 2, "groups": [{"id": "dprk", "name": "DPRK"}]})
    answer = ask(by="group")
    assert lows_by_part(answer) == {"dprk": [2]}
    assert [each.low for each in answer.unplaced or ()] == [7]


def test_reporters_are_parts_that_share_people(post: Post, ask: Ask) -> None:
    post({"exactly": 9})
    post({"exactly": 4}, reporter=SKY)
    answer = ask(by="reporter")
    assert lows_by_part(answer) == {"sky": [4], "ua-hur": [9]}
    assert answer.unplaced is None
    assert answer.by_reporter is None


def test_each_reporter_alone_stands_beside_the_whole(post: Post, ask: Ask) -> None:
    post({"exactly": 9}, {"low": 2, "outcomes": ["missing"]})
    post({"exactly": 4}, reporter=SKY)
    post({"exactly": 4}, relays="r2", reporter={"id": "bbc", "name": "BBC"})
    answer = ask(by_reporter=True)
    assert answer.parts is None
    alone = {part.key: part for part in answer.by_reporter or ()}
    assert list(alone) == ["sky", "ua-hur"]
    assert (alone["sky"].name, alone["sky"].totals[0].total.high) == ("Sky", 4)
    assert {each.code for each in alone["sky"].caveats} == {"single_reporter"}


def test_a_reporter_alone_is_filtered_like_the_whole(villages: None, ask: Ask) -> None:
    answer = ask(places=("a",), straddling=False, by_reporter=True)
    (alone,) = answer.by_reporter or ()
    assert (alone.totals[0].total.low, alone.totals[0].total.high) == (3, 3)


def test_a_reporter_that_contradicts_itself_is_a_caveat(post: Post, ask: Ask) -> None:
    post({"exactly": 9}, reporter=SKY)
    post({"exactly": 4}, reporter=SKY)
    (found,) = [each for each in ask().caveats if each.code == "same_reporter_conflict"]
    assert found.reporters == ("sky",)


def test_reporters_that_contradict_each_other_do_not_contradict_themselves(
    post: Post, ask: Ask
) -> None:
    post({"exactly": 9}, reporter=SKY)
    post({"exactly": 4})
    assert "disputed" in caveat_codes_of(ask())
    assert "same_reporter_conflict" not in caveat_codes_of(ask())


def test_caveats_stand_for_each_total(post: Post, ask: Ask) -> None:
    post({"low": 30, "outcomes": ["killed", "wounded"]})
    answer = ask(outcomes=(KILLED, KILLED | WOUNDED))
    shared = [each.outcomes for each in answer.caveats if each.code == "follows"]
    assert shared == [KILLED]


def test_unknown_ids_are_refused_by_parameter(post: Post, ask: Ask) -> None:
    post({"exactly": 1})
    with pytest.raises(InvalidInputError) as error_info:
        ask(places=("regoin",), groups=("x",), reporters=("ua-hu",), exclude_reporters=("y",))
    assert [(each.pointer, each.detail) for each in error_info.value.errors] == [
        ("place", "There is no place regoin; did you mean region?"),
        ("group", "There is no group x."),
        ("reporter", "There is no reporter ua-hu; did you mean ua-hur?"),
        ("exclude_reporter", "There is no reporter y."),
    ]


def test_the_first_few_unknown_ids_are_named(ask: Ask) -> None:
    with pytest.raises(InvalidInputError) as error_info:
        ask(places=tuple("abcdef"))
    assert len(error_info.value.errors) == totals.MAX_UNKNOWN_IDS


def test_too_many_parts_are_refused(store: Store, ask: Ask, post: Post) -> None:
    places = [bodies.make_place(f"p{number}") for number in range(1000)]
    post({"exactly": 1}, places=places)
    assert len(ask(by="place").parts or ()) == 1000
    entities.describe_entity(
        store, "place", "one-more", {"name": "X"}, may_change=False, actor=None, now=START_TIME
    )
    with pytest.raises(InvalidInputError, match="1,001 parts") as error_info:
        ask(by="place")
    assert error_info.value.errors[0].pointer == "by"


def _resolve_as_of(store: Store, as_of: int | str | None) -> int:
    reader = RequestReader(MonotonicReader(store), StateCache())
    try:
        return reader.resolve_as_of(as_of, START_TIME)
    finally:
        reader.release()


def test_as_of_inside_a_request_is_as_of_its_end(post: Post, store: Store, ask: Ask) -> None:
    post({"exactly": 9})
    for seq in (1, 2, 3):
        assert ask(as_of=seq).seq == 3
    assert _resolve_as_of(store, 0) == 0
    assert _resolve_as_of(store, None) == 3


def test_an_as_of_in_the_future_is_refused(post: Post, store: Store) -> None:
    post({"exactly": 9})
    with pytest.raises(
        InvalidInputError, match="The record ends at event 3; it has no event 4 yet"
    ):
        _resolve_as_of(store, 4)
    with pytest.raises(InvalidInputError, match="in the future"):
        _resolve_as_of(store, "2026-01-05T10:00:00.000001Z")


def test_a_timestamp_resolves_to_the_last_event_by_then(post: Post, store: Store) -> None:
    post({"exactly": 9})
    assert _resolve_as_of(store, "2026-01-05T10:00:00.000000Z") == 3
    assert _resolve_as_of(store, "2026-01-05T09:59:59.999999Z") == 0


def test_before_everything_nothing_is_reported(post: Post, ask: Ask) -> None:
    post({"exactly": 9})
    answer = ask(as_of=0)
    assert (answer.seq, answer.recorded_at) == (0, None)
    assert not answer.totals[0].total.is_reported
    assert (list(answer.used), list(answer.excluded), answer.caveats) == ([], [], [])


def test_ids_added_later_are_unknown_before(post: Post, ask: Ask) -> None:
    post({"exactly": 9})
    post({"exactly": 9}, places=[bodies.make_place("later")])
    with pytest.raises(InvalidInputError, match="There is no place later"):
        ask(as_of=3, places=("later",))

"""What follows from the definition of a total, whatever the figures."""

from dataclasses import replace
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from service.bounds import component
from service.bounds.component import Prepared
from service.bounds.engine import Reckoner
from service.domain.figure import Figure, Scope
from service.domain.total import Total
from tests.bounds.build import GROUPS, PATIENCE, PLACES, scopes, sets, total

settings.register_profile("algebra", max_examples=150, deadline=None)
ALGEBRA = settings.get_profile("algebra")


def told(found: Total) -> tuple[object, ...]:
    """Everything in a total that may not depend on how its figures came in."""
    return found.is_reported, found.low, found.high, found.is_disputed, found.nearest, found.exact


@ALGEBRA
@given(sets(), scopes(asked=True), st.randoms())
def test_the_order_of_arrival_is_irrelevant(figures: list[Figure], asked: Scope, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(figures)
    random.shuffle(shuffled)
    assert told(total(figures, asked)) == told(total(shuffled, asked))


@ALGEBRA
@given(sets(reclassified=False), scopes(asked=True), st.data())
def test_a_claim_repeated_changes_nothing(
    figures: list[Figure], asked: Scope, data: st.DataObject
) -> None:
    again = data.draw(st.sampled_from(figures))
    repeated = [*figures, replace(again, id="again", reporter="somebody else")]
    assert told(total(figures, asked)) == told(total(repeated, asked))


@ALGEBRA
@given(sets(), scopes(asked=True))
def test_low_is_never_above_high(figures: list[Figure], asked: Scope) -> None:
    found = total(figures, asked)
    assert found.low is None or found.high is None or found.low <= found.high


@ALGEBRA
@given(sets(), scopes(asked=True))
def test_a_part_is_never_below_more_than_the_whole(figures: list[Figure], asked: Scope) -> None:
    region = total(figures, replace(asked, places=("r",)))
    for village in ("a", "b", "b1", "b2"):
        part = total(figures, replace(asked, places=(village,)))
        assert (part.low or 0) <= (region.low or 0)


@ALGEBRA
@given(sets(), scopes(asked=True))
def test_the_lows_of_disjoint_parts_never_sum_to_more_than_the_whole(
    figures: list[Figure], asked: Scope
) -> None:
    region = total(figures, replace(asked, places=("r",)))
    parts = [total(figures, replace(asked, places=(id,))) for id in PLACES.children("r")]
    assert sum(part.low or 0 for part in parts) <= (region.low or 0)
    both = total(figures, replace(asked, groups=("everyone",)))
    halves = [total(figures, replace(asked, groups=(id,))) for id in GROUPS.children("everyone")]
    assert sum(half.low or 0 for half in halves) <= (both.low or 0)


@ALGEBRA
@given(sets(reclassified=False), scopes(asked=True), st.data())
def test_a_consistent_figure_only_narrows(
    figures: list[Figure], asked: Scope, data: st.DataObject
) -> None:
    """A new figure never lowers a low, nor raises a high whose cells were all reached before."""
    more = replace(data.draw(st.sampled_from(figures)), id="more")
    more = replace(more, quantity=data.draw(st.sampled_from(figures)).quantity)
    everything = Scope((), asked.period, frozenset({"killed"}), asked.groups)
    everything = replace(
        everything, outcomes=frozenset(("killed", "wounded", "missing", "captured"))
    )
    whole = replace(everything, period=replace(asked.period, first=None, last=None))
    if total(figures, whole).is_disputed or total([*figures, more], whole).is_disputed:
        return
    before, after = total(figures, asked), total([*figures, more], asked)
    assert (before.low or 0) <= (after.low or 0)
    if before.high is not None:
        assert after.high is not None
        assert after.high <= before.high


@ALGEBRA
@given(sets(), st.lists(scopes(asked=True), min_size=1, max_size=6))
def test_what_was_asked_before_changes_no_answer(
    figures: list[Figure], questions: list[Scope]
) -> None:
    """Shares are kept by what a question reaches; twice in a row, so that kept ones are met."""
    kept = Reckoner(figures, PLACES, GROUPS)
    with patch.object(component, "KEPT_SHARES", 2):
        for asked in (*questions, *questions):
            found = kept.total(asked, 60.0)
            fresh = Reckoner(figures, PLACES, GROUPS).total(asked, 60.0)
            assert found == fresh


@ALGEBRA
@given(sets(), st.lists(scopes(asked=True), min_size=1, max_size=4), st.sampled_from([1, 10**6]))
def test_what_was_known_before_changes_no_answer(
    figures: list[Figure], questions: list[Scope], most: int
) -> None:
    """What is worked out of the same figures serves the next state of the record as well."""
    prepared = Prepared(most)
    everyone = {figure.id: figure for figure in figures}
    for known in (figures[1:], figures, figures[:-1], figures):
        later = Reckoner(known, PLACES, GROUPS, everyone, prepared)
        for asked in questions:
            found = later.total(asked, 60.0)
            fresh = Reckoner(known, PLACES, GROUPS, everyone).total(asked, 60.0)
            assert found == fresh


@ALGEBRA
@given(sets(most=9), scopes(asked=True))
def test_the_ends_set_aside_are_found_without_the_total(
    figures: list[Figure], asked: Scope
) -> None:
    whole = total(figures, asked)
    alone = Reckoner(figures, PLACES, GROUPS).set_aside(asked, PATIENCE)
    assert set(alone) == {*whole.lows_set_aside, *whole.highs_set_aside}
    assert len(set(alone)) == len(alone)

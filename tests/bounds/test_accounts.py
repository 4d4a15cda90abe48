"""The two accounts of contradicting figures dispute a total where they differ."""

from fractions import Fraction

import pytest

from service.bounds import accounts
from service.bounds.accounts import AccountRanges
from service.domain.figure import Figure
from tests.bounds.builders import compute_total, figure_ids_of, make_figure, make_scope


def make_ranges(
    first: tuple[int, int | None], second: tuple[int, int | None], is_known: bool = True
) -> AccountRanges:
    ranges = [
        (Fraction(low), None if high is None else Fraction(high)) for low, high in (first, second)
    ]
    return AccountRanges(None, ranges[0], ranges[1], is_known=is_known)


@pytest.mark.parametrize(
    ("ranges", "is_different"),
    [
        (make_ranges((3, 5), (3, 5)), False),
        (make_ranges((3, 5), (4, 5)), True),
        (make_ranges((3, 5), (3, 6)), True),
        (make_ranges((3, 5), (3, None)), True),
        (make_ranges((3, None), (3, None)), False),
        (make_ranges((3, 5), (3, 5), is_known=False), True),
    ],
)
def test_accounts_differ_where_an_end_does(ranges: AccountRanges, is_different: bool) -> None:
    assert ranges.differ(is_open_anyway=False) == is_different


def test_where_the_total_is_open_anyway_only_the_lows_count() -> None:
    assert not make_ranges((3, 5), (3, 9)).differ(is_open_anyway=True)
    assert make_ranges((3, 5), (4, 5)).differ(is_open_anyway=True)


def make_months() -> list[Figure]:
    """Return three days of one village; the second is given twice, with 40 and with 30."""
    return [
        make_figure("one", 100, 100, make_scope(days=(1, 1))),
        make_figure("two", 30, 30, make_scope(days=(2, 2))),
        make_figure("other two", 40, 40, make_scope(days=(2, 2)), reporter="B"),
        make_figure("three", 7, 7, make_scope(days=(3, 3))),
    ]


def test_a_wrong_day_leaves_the_others_undisputed() -> None:
    first = compute_total(make_months(), make_scope(days=(1, 1)))
    assert (first.low, first.high, first.is_disputed, first.contradiction) == (
        100, 100, False, None,
    )  # fmt: skip
    second = compute_total(make_months(), make_scope(days=(2, 2)))
    assert (second.low, second.high, second.is_disputed, second.contradiction) == (30, 40, True, 10)


def test_a_total_names_only_the_contradictions_that_dispute_it() -> None:
    figures = [
        *make_months(),
        make_figure("all", 0, 900, make_scope("r", (1, 4))),
        make_figure("low four", 5, 5, make_scope(days=(4, 4))),
        make_figure("high four", 6, 6, make_scope(days=(4, 4)), reporter="B"),
    ]
    total = compute_total(figures, make_scope(days=(1, 3)))
    assert (total.low, total.high, total.contradiction) == (137, 147, 10)
    assert figure_ids_of(total.lows_set_aside) == {"other two"}
    assert figure_ids_of(total.highs_set_aside) == {"two"}


def test_without_time_to_tell_them_apart_all_contradictions_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    figures = [
        *make_months(),
        make_figure("all", 0, 900, make_scope("r", (1, 4))),
        make_figure("low four", 5, 5, make_scope(days=(4, 4))),
        make_figure("high four", 6, 6, make_scope(days=(4, 4)), reporter="B"),
    ]
    whole = compute_total(figures, make_scope(days=(1, 4)))
    monkeypatch.setattr(accounts, "MIN_LISTING_TIME_SHARE", 2.0)
    hasty = compute_total(figures, make_scope(days=(1, 4)))
    assert (hasty.low, hasty.high) == (whole.low, whole.high)
    assert (hasty.is_disputed, hasty.contradiction, hasty.exact) == (True, None, False)
    assert figure_ids_of(hasty.lows_set_aside) == {"other two", "high four"}
    assert figure_ids_of(hasty.highs_set_aside) == {"two", "low four"}


def test_contradictions_dispute_a_total_together_though_each_alone_leaves_it_open() -> None:
    """Of b2 each day only the region's 100 is known, which is set aside in one account."""
    figures = []
    for day in (1, 2):
        days = (day, day)
        figures += [
            make_figure(f"region {day}", 0, 100, make_scope("r", days)),
            make_figure(f"a {day}", 52, None, make_scope("a", days)),
            make_figure(f"b1 {day}", 52, None, make_scope("b1", days)),
        ]
    one_day = compute_total(figures, make_scope("b2", (1, 1)))
    assert (one_day.low, one_day.high, one_day.is_disputed) == (0, None, True)
    total = compute_total(figures, make_scope("b2", (1, 2)))
    assert (total.low, total.high, total.is_disputed, total.contradiction) == (0, None, True, 8)
    assert figure_ids_of(total.highs_set_aside) == {"region 1", "region 2"}


def test_contradictions_that_cancel_out_for_a_total_do_not_dispute_it() -> None:
    """An event in a, of 3 or of 4 people, among exactly 10 in the region."""
    figures = [
        make_figure("region", 10, 10, make_scope("r")),
        make_figure("three", 3, 3, make_scope("a")),
        make_figure("four", 4, 4, make_scope("a"), reporter="B"),
    ]
    region = compute_total(figures, make_scope("r"))
    assert (region.low, region.high, region.is_disputed) == (10, 10, False)
    village = compute_total(figures, make_scope("a"))
    assert (village.low, village.high, village.is_disputed, village.contradiction) == (
        3, 4, True, 1,
    )  # fmt: skip


def test_a_rounded_sum_is_shown() -> None:
    """Every two of three villages have at least 3: 4.5 people, so 5."""
    figures = [
        make_figure("ab", 3, None, make_scope("a b1")),
        make_figure("bc", 3, None, make_scope("b1 b2")),
        make_figure("ca", 3, None, make_scope("a b2")),
    ]
    total = compute_total(figures, make_scope("r"))
    assert (total.low, total.exact) == (5, True)
    (rounding,) = total.low_roundings
    assert (rounding.terms_sum, rounding.people, rounding.needs_search) == (
        Fraction(9, 2), 5, False,
    )  # fmt: skip
    assert set(rounding.terms) == set(total.low_terms)

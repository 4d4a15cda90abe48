"""Regions overlap and contain each other as their boxes do."""

from service.bounds.boxes import make_region
from tests.bounds.builders import GROUPS, PLACES, make_scope


def test_a_region_overlaps_what_has_a_cell_in_common_with_it() -> None:
    region, village, other = (
        make_region(make_scope(places), PLACES, GROUPS) for places in ("r", "a", "s")
    )
    assert region.overlaps(village) and village.overlaps(region)
    assert not region.overlaps(other)
    assert village.is_within(region) and not region.is_within(village)
    everywhere = make_region(make_scope(""), PLACES, GROUPS)
    assert other.is_within(everywhere) and everywhere.overlaps(other)


def test_days_that_do_not_meet_do_not_overlap() -> None:
    one, other = (make_region(make_scope(days=(day, day)), PLACES, GROUPS) for day in (3, 4))
    assert not one.overlaps(other)

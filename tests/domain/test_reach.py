"""What the figures of a total cover of its query."""

from datetime import date

from service.domain.reach import Reach


def test_a_reach_without_gaps_leaves_nothing_out() -> None:
    day = date(2024, 12, 14)
    reach = Reach(silent_outcomes=("missing",), silent_places=("b",), silent_days=((day, day),))
    assert (reach.is_partial, reach.without_gaps().is_partial) == (True, False)

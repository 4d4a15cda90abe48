"""What is kept of earlier states serves the next one, and cannot fill the memory."""

from service.bounds.component import LEAST_WEIGHT, Prepared
from service.bounds.constraints import Lineage, Row, rows_of
from tests.bounds.build import GROUPS, PLACES
from tests.bounds.test_nested import ladder


def tied_rows(count: int) -> tuple[Row, ...]:
    """Return the rows of running totals of so many days."""
    figures = ladder(count)
    known = {figure.id: figure for figure in figures}
    return tuple(rows_of(figures, Lineage(figures, known), PLACES, GROUPS))


def test_few_small_sets_are_all_kept() -> None:
    prepared, sets = Prepared(5 * LEAST_WEIGHT), [tied_rows(count) for count in range(2, 7)]
    first = [prepared.tied(rows) for rows in sets]
    assert [prepared.tied(rows) for rows in sets] == first


def test_what_was_longest_unused_makes_room_for_what_is_large() -> None:
    prepared = Prepared(300**2 + LEAST_WEIGHT)
    small, other, large = tied_rows(2), tied_rows(3), tied_rows(300)
    kept, gone = prepared.tied(small), prepared.tied(other)
    assert prepared.tied(small) is kept
    whole = prepared.tied(large)
    assert prepared.tied(large) is whole
    assert prepared.tied(small) is kept
    assert prepared.tied(other) is not gone


def test_the_present_set_is_kept_however_large() -> None:
    prepared, large = Prepared(1), tied_rows(100)
    assert prepared.tied(large) is prepared.tied(large)
    prepared.tied(tied_rows(2))
    assert len(prepared._found) == 1

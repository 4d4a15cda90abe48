"""Ranges as text: every kind of range is told from every other by its ends."""

import pytest

from service.cli.range_chart import MIN_WIDTH, TextScale, choose_scale


@pytest.mark.parametrize(
    ("low", "high", "line"),
    [
        (0, 10, "├─────────┤"),
        (5, 10, "     ├────┤"),
        (5, None, "     ├──────▶"),
        (0, None, "├───────────▶"),
        (10, None, "          ├─▶"),
        (0, 0, "●"),
        (10, 10, "          ●"),
        (None, None, ""),
    ],
)
def test_each_kind_of_range_has_its_line(low: int | None, high: int | None, line: str) -> None:
    assert TextScale(10, 13).draw(low, high) == line


def test_no_line_is_wider_than_the_scale() -> None:
    for width in (MIN_WIDTH, 37, 120):
        scale = TextScale(977, width)
        for low in range(0, 978, 61):
            for high in (None, *range(low, 978, 61)):
                line = scale.draw(low, high)
                assert len(line) <= width
                assert line.rstrip() == line
        assert (scale.label()[0], scale.label()[-3:]) == ("0", "977")
        assert len(scale.label()) == width


def test_the_scale_has_room_for_arrows() -> None:
    assert choose_scale([(0, 8), (3, 3)], 40) == TextScale(8, 40)
    assert choose_scale([(0, 8), (4, None)], 40) == TextScale(10, 40)
    assert choose_scale([(None, None)], 3) == TextScale(0, MIN_WIDTH)
    assert choose_scale([(0, None)], 40).draw(0, None).endswith("▶")

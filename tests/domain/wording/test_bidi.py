"""Text from right to left does not reorder the sentence around it."""

import pytest

from service.domain.wording.bidi import isolate_bidi


@pytest.mark.parametrize(
    "text",
    [
        "قرية",
        "כפר 7",
        "Torn مدينة",
        "\u0663\u0660",  # Arabic digits: neutral characters between them would be reordered.
        "a\u202eb",
        "a\u2066b",
        "\u07ff\u0378",  # Not assigned in every version of Unicode.
    ],
)
def test_text_that_may_reorder_its_surroundings_is_isolated(text: str) -> None:
    assert isolate_bidi(text) == f"\u2068{text}\u2069"


@pytest.mark.parametrize("text", ["", "Plekhovo", "Суджа, 30–40 (1,200)", "大村", "a\u0301", "7"])
def test_text_from_left_to_right_stays_as_it_is(text: str) -> None:
    assert isolate_bidi(text) == text

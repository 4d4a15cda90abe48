"""Numbers in wordings, as digits and as words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.wording.reader import UnreadableWordingError, read_wording

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()

below_a_million = st.integers(1, 999_999)


def spell(number: int, hyphen: str = "-", glue: str = " and ") -> str:
    """Return a number from 0 to 999,999 in English words."""
    if number < 20:
        return ONES[number]
    if number < 100:
        unit = hyphen + ONES[number % 10] if number % 10 else ""
        return TENS[number // 10] + unit
    scale, word = (100, "hundred") if number < 1_000 else (1_000, "thousand")
    rest = number % scale
    spelled = f"{spell(number // scale, hyphen, glue)} {word}"
    if not rest:
        return spelled
    return spelled + (glue if rest < 100 else " ") + spell(rest, hyphen, glue)


def read_exact_number(text: str) -> int:
    reading = read_wording(text)
    assert reading.low == reading.high
    return reading.low


def find_unreadable_part(text: str) -> str:
    with pytest.raises(UnreadableWordingError) as caught:
        read_wording(text)
    return caught.value.part


@given(st.integers(0, 999_999))
def test_spelled_numbers_are_read_back(number: int) -> None:
    assert read_exact_number(spell(number)) == number


@given(below_a_million)
def test_spelled_numbers_need_neither_hyphens_nor_and(number: int) -> None:
    assert read_exact_number(spell(number, hyphen=" ", glue=" ")) == number


@given(below_a_million, below_a_million)
def test_the_and_of_a_range_is_distinguished_from_the_and_of_a_number(a: int, b: int) -> None:
    low, high = sorted((a, b))
    high += high % 1000 == 0
    reading = read_wording(f"between {spell(low)} and {high} people")
    assert (reading.low, reading.high) == (low, high)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("between one hundred and five and two hundred", 105, 200),
        ("between one hundred and two hundred and five", 100, 205),
        ("between one hundred and one hundred and fifty", 100, 150),
        ("between five hundred and one thousand", 500, 1_000),
        ("from twenty-two to twenty-five", 22, 25),
        ("twenty–thirty", 20, 30),
        ("between a hundred and two hundred", 100, 200),
    ],
)
def test_an_and_belongs_to_the_number_or_to_the_range(text: str, low: int, high: int) -> None:
    reading = read_wording(text)
    assert (reading.low, reading.high) == (low, high)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("a hundred", 100),
        ("a hundred and five", 105),
        ("a thousand", 1_000),
        ("a million", 1_000_000),
        ("one hundred thousand", 100_000),
        ("twelve hundred", 1_200),
        ("twenty-five hundred", 2_500),
        ("twelve hundred and fifty", 1_250),
        ("six hundred and six thousand", 606_000),
        ("one million two hundred thousand", 1_200_000),
        ("a dozen", 12),
        ("two dozen", 24),
        ("half a dozen", 6),
        ("half a million", 500_000),
        ("3 dozen", 36),
        ("2 hundred", 200),
        ("30 thousand", 30_000),
        ("2.5 thousand", 2_500),
        ("1.2 million", 1_200_000),
        ("0.500 million", 500_000),
        ("1000 million", None),
        ("999 million", 999_000_000),
    ],
)
def test_scales_multiply(text: str, number: int | None) -> None:
    if number is None:
        find_unreadable_part(text)
    else:
        assert read_exact_number(text) == number


@pytest.mark.parametrize("mark", [",", ".", " ", "'", "’", "\u00a0", "\u2009", "\u202f"])
def test_thousands_may_be_marked(mark: str) -> None:
    assert read_exact_number(f"1{mark}200") == 1_200
    assert read_exact_number(f"12{mark}345{mark}678") == 12_345_678


@given(st.integers(0, 1_000_000_000), st.sampled_from(["", ",", "."]))
def test_every_count_is_read_with_and_without_marks(number: int, mark: str) -> None:
    assert read_exact_number(f"{number:,}".replace(",", mark)) == number


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("1,20", "1,20"),
        ("12,34,567", "12,34,567"),
        ("1.5", "1.5"),
        ("1.5 people", "1.5"),
        ("about 1.2345 soldiers", "1.2345"),
        ("30.0", "30.0"),
        ("2.5 hundred", "2.5"),
        ("2.5555 thousand", "2.5555 thousand"),
        ("2,5 thousand", "2,5"),
        ("1,234.567", "1,234.567"),
        ("1.000,000", "1.000,000"),
        ("1,200 300", "1,200 300"),
        ("0,500", "0,500"),
        ("007", "007"),
        ("2022 300", "2022 300"),
        ("1000000001", "1000000001"),
        ("999.9 million and", "and"),
        ("1000.5 million", "1000.5 million"),
        ("1.200 thousand", "thousand"),
        ("1,200 thousand", "thousand"),
        ("1000 thousand", "thousand"),
        ("200 hundred", "hundred"),
    ],
)
def test_malformed_digits_are_named(text: str, part: str) -> None:
    assert find_unreadable_part(text) == part


@pytest.mark.parametrize(
    "text",
    [
        "30²", "³0", "٣٠", "３０", "½", "1/2", "30kk", "30km", "30m", "30th", "30s", "30soldiers",
        "1_000", "1e3", "0x1f", "30\u20e3", "3\u200b0", "3\u03010", ".5", "-5", "−5", "+30", "#30",
        "$30", "30%", "№ 30", "XXX", "1\n200", "1  200", "1, 200", "30 0000", "30\t000",
    ],
)  # fmt: skip
def test_digits_in_disguise_are_refused(text: str) -> None:
    find_unreadable_part(text)


@pytest.mark.parametrize(
    "text",
    [
        "hundred", "dozen", "thousand", "a", "and five", "twenty twenty", "one two three",
        "thirty ten", "one thousand one million", "one thousand and two hundred", "five and",
        "hundred and five", "twenty-", "twenty-thirteen", "k", "1.2345k",
        "two and a half thousand", "one billion", "a one", "two thousand twelve hundred",
        "fifty hundred thousand", "one hundred and hundred",
        "a thousand and a half",
    ],
)  # fmt: skip
def test_number_words_that_make_no_number_are_refused(text: str) -> None:
    find_unreadable_part(text)


@pytest.mark.parametrize(
    ("text", "number"), [("30k", 30_000), ("1.2k", 1_200), ("1.2K killed", 1_200), ("2.5 k", 2_500)]
)
def test_k_is_a_thousand(text: str, number: int) -> None:
    assert read_exact_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "10-11,000", "10 to 15 thousand", "two to three hundred", "two or three thousand",
        "1-2,000,000", "500-1,000,000", "one or two dozen", "two hundred to three hundred thousand",
        "two to five hundred and fifty",
    ],
)  # fmt: skip
def test_a_range_whose_start_may_lack_its_thousands_is_refused(text: str) -> None:
    with pytest.raises(UnreadableWordingError, match="in full"):
        read_wording(text)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("0 to 1,000", 0, 1_000),
        ("500 to 1,000", 500, 1_000),
        ("1,500 to 2 thousand", 1_500, 2_000),
        ("1 to 1,000", 1, 1_000),
        ("10,000-11,000", 10_000, 11_000),
        ("2 to 300", 2, 300),
        ("ninety to one hundred and ten", 90, 110),
    ],
)
def test_a_range_that_can_mean_one_thing_only_is_read(text: str, low: int, high: int) -> None:
    reading = read_wording(text)
    assert (reading.low, reading.high) == (low, high)

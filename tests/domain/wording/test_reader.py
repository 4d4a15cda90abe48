"""Reading of wordings: every row of the contract's table, and wordings that must be rejected."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.domain.wording.lexicon import EN, load_lexicon
from service.domain.wording.reader import (
    LEXICON_VERSION,
    MAX_WORDING_LENGTH,
    Reading,
    UnreadableWordingError,
    describe_lexicon,
    list_earlier_lexicons,
    read_wording,
)

KILLED = {"killed"}
HURT = {"killed", "wounded"}
ALL = {"killed", "wounded", "missing", "captured"}


def read_range(text: str) -> tuple[int, int | None, set[str]]:
    reading = read_wording(text)
    return reading.low, reading.high, set(reading.soft)


def read_outcomes(text: str) -> set[str] | None:
    outcome_names = read_wording(text).outcomes
    return None if outcome_names is None else set(outcome_names)


def catch_refusal(text: str) -> UnreadableWordingError:
    with pytest.raises(UnreadableWordingError) as caught:
        read_wording(text)
    return caught.value


def expected_margin(number: int, unit: int | None = None) -> int:
    """Return the contract's h by trial: the largest power of ten, then exact fractions."""
    if unit is None:
        unit = max(10**k for k in range(10) if number % 10**k == 0)
        if number < 100 and str(number).endswith("5"):
            unit = 5
    least, most = Fraction(number, 20), Fraction(number, 5)
    return max(1, int(min(max(Fraction(unit, 2), least), most)))


# --- the contract's table ------------------------------------------------------------------------

TABLE = {
    words: rule
    for rule, group in (
        (lambda n: (n, n, set()), "{} | exactly {} | {} people"),
        (
            lambda n: (n, None, set()),
            "at least {} | no fewer than {} | no less than {} | not less than {} | a minimum of {}"
            " | {} or more | {} people or more | {}+",
        ),
        (
            lambda n: (n + 1, None, set()),
            "more than {} | over {} | above {} | exceeding {} | upwards of {}",
        ),
        (
            lambda n: (0, n, set()),
            "at most {} | no more than {} | a maximum of {} | {} or fewer",
        ),
        (lambda n: (0, n, {"high"}), "up to {} | as many as {}"),
        (
            lambda n: (0, n - 1, set()),
            "fewer than {} | less than {} | under {} | below {}",
        ),
        (
            lambda n: (max(1, n - expected_margin(n)), n + expected_margin(n), {"low", "high"}),
            "about {} | around {} | approximately {} | roughly {} | some {} | circa {} | c. {}"
            " | ca. {} | ~{} | an estimated {} | {} or so",
        ),
        (
            lambda n: (max(1, n - expected_margin(n)), n - 1, {"low"}),
            "nearly {} | almost {} | close to {} | approaching {} | just under {}",
        ),
        (lambda n: (n + 1, n + expected_margin(n), {"high"}), "just over {}"),
        (lambda n: (n, n + expected_margin(n), {"high"}), "{}-odd | {} odd"),
    )
    for words in group.split(" | ")
}

VAGUE = {
    "a couple": (2, 2, {"high"}),
    "several": (2, None, {"low"}),
    "a few": (2, None, {"low"}),
    "a handful": (2, None, {"low"}),
    "a number of": (2, None, {"low"}),
    "a number of people": (2, None, {"low"}),
    "tens": (10, None, {"low"}),
    "dozens": (12, None, {"low"}),
    "scores": (40, None, {"low"}),
    "hundreds": (100, None, {"low"}),
    **{
        f"{words} {noun}": (low, None, {"low"})
        for words in ("several", "a few", "a couple of")
        for noun, low in (("dozen", 24), ("hundred", 200))
    },
    "a score": (20, 20, set()),
    "two score": (40, 40, set()),
    "a dozen": (12, 12, set()),
    "half a dozen": (6, 6, set()),
    "two dozen": (24, 24, set()),
    "several hundreds": (200, None, {"low"}),
    "a few hundred": (200, None, {"low"}),
    "many hundreds": (200, None, {"low"}),
    "thousands": (1_000, None, {"low"}),
    "several thousand": (2_000, None, {"low"}),
    "a few thousand": (2_000, None, {"low"}),
    "many thousands": (2_000, None, {"low"}),
    "tens of thousands": (10_000, None, {"low"}),
    "hundreds of thousands": (100_000, None, {"low"}),
    "no": (0, 0, set()),
    "none": (0, 0, set()),
    "zero": (0, 0, set()),
    "nobody": (0, 0, set()),
    "no one": (0, 0, set()),
    "suffered losses": (1, None, set()),
    "casualties": (1, None, set()),
    "heavy losses": (1, None, set()),
    "unknown number": (1, None, set()),
    "undisclosed": (1, None, set()),
}

NEARLY = ("nearly", "almost", "close to", "approaching", "just under")
"""Words that are not used of fewer than three people."""

counts = st.one_of(
    st.integers(1, 200), st.integers(1, 10**8), st.integers(1, 99).map((1000).__mul__)
)


@given(st.sampled_from(sorted(TABLE)), counts)
def test_every_number_under_every_qualifier_obeys_the_table(words: str, number: int) -> None:
    assume(number >= 3 or not words.startswith(NEARLY))
    assert read_range(words.format(number)) == TABLE[words](number)


@given(st.sampled_from(sorted(TABLE)), counts)
def test_marks_of_thousands_change_nothing(words: str, number: int) -> None:
    assume(number >= 3 or not words.startswith(NEARLY))
    assert read_wording(words.format(f"{number:,}")) == read_wording(words.format(number))


@pytest.mark.parametrize(("words", "expected"), VAGUE.items())
def test_vague_words_have_the_range_of_the_table(
    words: str, expected: tuple[int, int | None, set[str]]
) -> None:
    assert read_range(words) == expected


@pytest.mark.parametrize("words", ["between {} and {}", "{} to {}", "from {} to {}", "{} or {}"])
@given(low=st.integers(0, 999), more=st.integers(0, 900))
def test_a_range_has_both_ends(words: str, low: int, more: int) -> None:
    high = low + more if (low + more) % 1000 else low + more + 1
    assert read_range(words.format(low, high)) == (low, high, set())


@pytest.mark.parametrize("dash", "-‐‑‒–—―−")
@pytest.mark.parametrize("space", ["", " "])
def test_any_dash_makes_a_range(dash: str, space: str) -> None:
    assert read_range(f"30{space}{dash}{space}40 killed") == (30, 40, set())


@pytest.mark.parametrize(
    ("number", "low", "high"),
    [
        (30, 25, 35),
        (35, 33, 37),
        (33, 32, 34),
        (200, 160, 240),
        (500, 450, 550),
        (1_000, 800, 1_200),
        (1_200, 1_140, 1_260),
        (300_000, 250_000, 350_000),
        (1, 1, 2),
        (5, 4, 6),
        (150, 143, 157),
        (250, 238, 262),
        (827, 786, 868),
        (1_456_610, 1_383_780, 1_529_440),
        ("a dozen", 10, 14),
        ("two dozen", 20, 28),
        ("half a dozen", 5, 7),
        ("twelve dozen", 137, 151),
        ("a score", 16, 24),
        ("three score", 50, 70),
        ("1.2k", 1_140, 1_260),
    ],
)
def test_about_has_the_margin_of_the_contract(number: int, low: int, high: int) -> None:
    assert read_range(f"about {number}") == (low, high, {"low", "high"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nearly two dozen", (20, 23, {"low"})),
        ("just over a dozen", (13, 14, {"high"})),
        ("thirty-odd", (30, 35, {"high"})),
        ("two dozen or so", (20, 28, {"low", "high"})),
        ("nearly 3", (2, 2, {"low"})),
        ("about 2", (1, 3, {"low", "high"})),
    ],
)
def test_dozens_and_small_numbers_have_margins_too(
    text: str, expected: tuple[int, int, set[str]]
) -> None:
    assert read_range(text) == expected


@pytest.mark.parametrize("words", NEARLY)
@pytest.mark.parametrize("number", ["1", "2", "two", "0"])
def test_nearly_is_not_read_of_fewer_than_three(words: str, number: str) -> None:
    assert catch_refusal(f"{words} {number}").part == f"{words} {number}"


@given(st.integers(1, 10**9), st.sampled_from([None, 12, 20]))
def test_the_margin_is_the_contracts_h(number: int, unit: int | None) -> None:
    assert EN.rounding.margin(number, unit) == expected_margin(number, unit)


@given(st.integers(1, 10**9))
def test_the_margin_of_the_first_version_stays(number: int) -> None:
    unit = max(10**k for k in range(10) if number % 10**k == 0)
    if number < 100 and str(number).endswith("5"):
        unit = 5
    expected = max(1, int(min(Fraction(unit, 2), Fraction(number, 5))))
    assert load_lexicon("en-1").rounding.margin(number) == expected


# --- people --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("4 civilians", ("civilians",)),
        ("30 soldiers were killed", ("soldiers",)),
        ("no children killed", ("children",)),
        ("lost 30 men", ("men",)),
        ("dozens of women and children", ("women", "children")),
        ("two wounded North Korean Soldiers", ("North Korean", "Soldiers")),
        ("30 civilian deaths", ("civilian",)),
        ("heavy Russian losses", ("Russian",)),
        ("30 prisoners killed", ("prisoners",)),
        ("30 elderly people", ("elderly",)),
        ("30 prisoners of war", ()),
        ("major losses", ()),
        ("30 POWs", ()),
        ("4", ()),
        ("30 people were killed", ()),
        ("30 persons", ()),
        ("30 individuals", ()),
        ("30 victims", ()),
        ("30 dead", ()),
        ("30 bodies", ()),
        ("30 lives lost", ()),
        ("30 casualties", ()),
        ("30 losses", ()),
        ("30 inhabitants", ()),
        ("30 residents", ()),
        ("nobody was killed", ()),
        ("2 of the missing were found dead", ()),
    ],
)
def test_the_people_are_the_words_that_name_a_kind(text: str, people: tuple[str, ...]) -> None:
    assert read_wording(text).people == people


# --- outcomes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("30", None),
        ("30 soldiers", None),
        ("none of the soldiers", None),
        ("30 killed", KILLED),
        ("30 dead", KILLED),
        ("30 deaths", KILLED),
        ("30 fatalities", KILLED),
        ("30 soldiers died", KILLED),
        ("30 soldiers have died", KILLED),
        ("30 KIA", KILLED),
        ("nobody was killed", KILLED),
        ("30 were injured", {"wounded"}),
        ("30 injuries", {"wounded"}),
        ("three servicemen went missing", {"missing"}),
        ("30 missing persons", {"missing"}),
        ("30 soldiers were taken prisoner", {"captured"}),
        ("30 POWs", {"captured"}),
        ("30 casualties", HURT),
        ("30 North Korean casualties", HURT),
        ("30 civilian deaths", KILLED),
        ("two wounded North Korean soldiers", {"wounded"}),
        ("30 killed and wounded", HURT),
        ("30 soldiers were killed or wounded", HURT),
        ("30 killed/wounded", HURT),
        ("30 deaths and injuries", HURT),
        ("13 army soldiers were either killed or wounded", HURT),
        ("161+ killed, wounded or captured", {"killed", "wounded", "captured"}),
        ("30 killed, wounded, or missing", {"killed", "wounded", "missing"}),
        ("30 were killed or went missing", {"killed", "missing"}),
        ("30 losses", ALL),
        ("no losses", ALL),
        ("lost 30 men", ALL),
        ("lost at least 30 soldiers, either killed or wounded", HURT),
        ("heavy losses, both killed and wounded", HURT),
        ("suffered heavy casualties", HURT),
        ("dozens of civilian casualties", HURT),
        ("an unknown number of killed", KILLED),
        ("undisclosed losses", ALL),
        ("undisclosed", None),
    ],
)
def test_the_outcomes_are_those_that_the_wording_names(text: str, named: set[str] | None) -> None:
    assert read_outcomes(text) == named


@pytest.mark.parametrize(
    "text",
    [
        "at least 30 soldiers were killed or wounded",
        "at least 30 soldiers were killed and wounded",
        "at least 30 North Korean soldiers have been killed or wounded",
        "At least thirty North Korean soldiers were killed or wounded",
        "killed or wounded at least 30 North Korean soldiers",
        '"at least 30 soldiers" killed and wounded',
        "30 or more of their troops, either killed or wounded",
        "suffered at least 30 casualties",
        "left at least 30 people dead or wounded",
        "at least 30 wounded or dead servicemen",
        "30+ soldiers, officers and conscripts killed and wounded",
    ],
)
def test_one_statement_in_many_wordings_is_one_reading(text: str) -> None:
    killed_or_wounded = frozenset(HURT)
    expected = Reading(30, None, frozenset(), killed_or_wounded, "at_least", "en-2", True)
    assert replace(read_wording(text), people=()) == expected


def test_people_found_among_those_of_an_earlier_figure_are_counted() -> None:
    assert read_wording("2 of the missing were found dead").low == 2
    assert read_outcomes("2 of the missing were found dead") == KILLED


def test_a_part_of_an_earlier_figure_that_nothing_happened_to_is_refused() -> None:
    catch_refusal("2 of the missing")


@pytest.mark.parametrize("text", ["casualties", "heavy losses", "an unknown number of killed"])
def test_losses_without_a_number_are_undisclosed(text: str) -> None:
    assert read_wording(text).disclosed is False
    assert read_wording(text).qualifier == "undisclosed"


def test_a_number_is_disclosed_however_vague() -> None:
    assert read_wording("dozens of casualties").disclosed is True


# --- spelling ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*(words.format(30) for words in TABLE), *VAGUE])
@pytest.mark.parametrize("around", [" {} ", "\n{}\t", "\u00a0{}", '"{}"', "“{}”", "({})", "{}."])
def test_case_and_surrounding_space_change_nothing(text: str, around: str) -> None:
    assert read_wording(around.format(text.upper())) == read_wording(text)


def test_a_trailing_comma_changes_nothing() -> None:
    assert read_wording("19+ killed,") == read_wording("19+ killed")


def test_the_version_of_the_lexicon_is_in_every_reading() -> None:
    assert read_wording("dozens").lexicon == LEXICON_VERSION == "en-2"


def test_the_first_version_is_described_as_it_was() -> None:
    (first,) = list_earlier_lexicons()
    assert first.version == "en-1"
    words = {word for rule in first.rules for word in rule.words}
    assert "several dozen" not in words and "N-odd" not in words
    assert [rule.qualifier for rule in first.rules] == [
        rule.qualifier for rule in EN.rules if rule.qualifier not in ("odd", "several_dozen")
    ]


def test_a_heading_is_refused() -> None:
    catch_refusal("Civilian casualties:")


# --- rejected wordings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", ""),
        ("   ", ""),
        ("«»", "«»"),
        ("at least", "at least"),
        ("up to", "up to"),
        ("suffered 30", "suffered 30"),
        ("left 30 soldiers", "left 30 soldiers"),
        ("at least about 30", "about 30"),
        ("about 30 to 40", "to 40"),
        ("not 30", "not 30"),
        ("minus 5", "minus"),
        ("-5", "-5"),
        ("30%", "%"),
        ("30 tanks", "tanks"),
        ("30 purple soldiers were killed", "purple"),
        ("30 soldiers were vaporised in Kursk", "vaporised"),
        ("30 soldiers killed civilians", "civilians"),
        ("30 soldiers were not killed", "not killed"),
        ("30 seriously wounded", "seriously"),
        ("30 soldiers may have been killed", "may"),
        ("30-20", "30-20"),
        ("between 40 and 30 soldiers", "between 40 and 30"),
        ("more than a few", "a few"),
        ("at least dozens", "dozens"),
        ("no known casualties", "known"),
        ("no casualties were reported", "reported"),
        ("no significant losses", "significant losses"),
        ("several score", "score"),
        ("30km killed", "30km"),
        ("1.200k", "k"),
        ("few soldiers", "few soldiers"),
        ("Unknown", "Unknown"),
        ("heavy", "heavy"),
        ("all 30 soldiers", "all"),
        ("30 of the 50 soldiers", "50 soldiers"),
        ("30 of the wounded", "30 of the wounded"),
        ("30 killed, wounded", "30 killed, wounded"),
        ("39, was killed", ", was killed"),
        ("30 injured, and losses", "and losses"),
        ("30 (killed)", "("),
        ("fewer than 0", "fewer than 0"),
        ("more than 1,000,000,000", "more than 1,000,000,000"),
        ("about 999,999,999 million", "million"),
        ("about 0", "about 0"),
        ("nearly 0 killed", "nearly 0"),
        ("just over 0", "just over 0"),
        ("200 hundred", "hundred"),
        ("soldiers", "soldiers"),
        ("killed", "killed"),
        ("one army captured", "captured"),
        ("two navy losses", "navy"),
        ("losses of over 200 million", "of over 200 million"),
        ("no casualties or injuries", "no casualties or injuries"),
    ],
)
def test_a_wording_that_cannot_be_read_whole_is_refused_with_the_unreadable_part(
    text: str, part: str
) -> None:
    error = catch_refusal(text)
    assert error.part == part
    assert error.text[error.start :].startswith(part) or not part
    assert f'"{part}"' in error.detail


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("another 12", "incident"),
        ("12 more soldiers", "incident"),
        ("5 others were wounded", "incident"),
        ("two soldiers were also wounded", "incident"),
        ("30, including 5 children", "A whole and a part"),
        ("30 casualties, among them 10 killed", "A whole and a part"),
        ("30 to 40 or more", "for example"),
        ("30 killed and 40 wounded", "second figure"),
        ("3 civilians killed, 3 injured", "second figure"),
        ("30 killed two wounded", "second figure"),
        ("30 soldiers killed thirty civilians", "second figure"),
        ("30%", "percentage"),
        ("Unknown, presumed heavy", "stance"),
        ("not 30", "negation"),
        ("12 were slightly injured", "How badly"),
        ("30 tanks", "for example"),
        ("at least", "A part is missing"),
        ("30 POWs were killed", "different outcomes"),
        ("killed 30 wounded", "different outcomes"),
        ("30-20", "is below its start"),
        ("about 0", "rounded"),
        ("1,20", "whole number"),
        ("2,000,000,000", "more than 1,000,000,000"),
    ],
)
def test_a_refusal_has_a_hint(text: str, hint: str) -> None:
    assert hint in catch_refusal(text).detail


def test_a_text_too_long_to_be_a_wording_is_refused_at_once() -> None:
    error = catch_refusal("30 " * 2_000_000)
    assert f"{MAX_WORDING_LENGTH} characters" in error.detail
    assert len(error.detail) < 300


def test_a_wording_may_have_the_maximum_length() -> None:
    longest = "at least 30" + " " * (MAX_WORDING_LENGTH - len("at least 30 killed")) + " killed"
    assert len(longest) == MAX_WORDING_LENGTH
    assert read_wording(longest).low == 30
    assert f"{MAX_WORDING_LENGTH} characters" in catch_refusal(f"{longest}s").detail


def test_surrounding_space_does_not_count_as_length() -> None:
    assert read_wording(" " * 1_000_000 + "30").low == 30


def test_invisible_characters_are_made_visible_in_a_refusal() -> None:
    assert "\\u202e" in catch_refusal("30 \u202etanks").detail


def test_a_list_as_long_as_allowed_is_read_or_refused_without_delay() -> None:
    catch_refusal(("30 " + "dead/" * 100)[:MAX_WORDING_LENGTH])
    catch_refusal(("30 " + "russian " * 100)[:MAX_WORDING_LENGTH].strip() + "s")


LEXICON_WORDS = sorted(
    {word for row in describe_lexicon() for phrase in row["words"] for word in phrase.split()}
    | set("30 1,200 2.5 0 one twenty hundred thousand and or , / - of the soldiers killed".split())
    | set(
        "wounded were casualties losses lost suffered heavy both either dead north korean".split()
    )
)


@given(st.one_of(st.text(), st.lists(st.sampled_from(LEXICON_WORDS), max_size=12).map(" ".join)))
def test_every_text_is_read_or_refused(text: str) -> None:
    try:
        reading = read_wording(text)
    except UnreadableWordingError as error:
        assert error.part in text
        assert error.detail
    else:
        assert reading.low >= 0
        assert reading.high is None or reading.low <= reading.high
        assert reading.outcomes is None or (reading.outcomes and reading.outcomes <= ALL)


@given(st.lists(st.sampled_from(LEXICON_WORDS), min_size=1, max_size=8).map(" ".join))
def test_reading_does_not_depend_on_case_or_surrounding_space(text: str) -> None:
    def read_or_refuse(wording: str) -> object:
        try:
            return read_wording(wording)
        except UnreadableWordingError as error:
            return error.part.upper()

    assert read_or_refuse(text) == read_or_refuse(text.upper()) == read_or_refuse(f"  {text}\n")


# --- the lexicon as data -------------------------------------------------------------------------


def test_the_lexicon_is_described_as_plain_data() -> None:
    rows = describe_lexicon()
    assert json.loads(json.dumps(rows)) == rows
    at_least = next(row for row in rows if row["qualifier"] == "at_least")
    assert (at_least["low"], at_least["high"], at_least["soft"]) == ("N", None, [])


def test_every_qualifier_of_the_lexicon_is_described_once() -> None:
    codes = [row["qualifier"] for row in describe_lexicon()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("phrase", "code"),
    [(phrase, row["qualifier"]) for row in describe_lexicon() for phrase in row["words"]],
)
def test_every_wording_that_the_lexicon_lists_is_read_by_its_own_rule(
    phrase: str, code: str
) -> None:
    filled = phrase.replace("N", "30").replace("A", "30").replace("B", "40")
    assert read_wording(filled).qualifier == code

"""The sentence of a subject, as it can be printed."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import pytest

from service.domain.periods import ALWAYS, Period
from service.web.sentences import OutcomeCount, Sayer, Subject, write_sentence

KILLED: Final = frozenset({"killed"})
WOUNDED: Final = frozenset({"wounded"})
MISSING: Final = frozenset({"missing"})
KILLED_OR_WOUNDED: Final = KILLED | WOUNDED

UCDP: Final = Sayer("Uppsala Conflict Data Program")
MINISTRY: Final = Sayer("Ministry of Health")
CHANNEL: Final = Sayer("Romanov Light", is_party=True)
NAMED_CHANNEL: Final = Sayer("Romanov Light (Telegram channel)", is_party=True)
STAFF: Final = Sayer("General Staff of the Armed Forces", is_party=True)
AGENCY: Final = Sayer("Sky")


def during(first: str, last: str) -> Period:
    """Return the period of two days in ISO form."""
    return Period(date.fromisoformat(first), date.fromisoformat(last))


def until(last: str) -> Period:
    """Return the period without a first day."""
    return Period(None, date.fromisoformat(last))


def killed(low: int, high: int | None, contradiction: int | None = None) -> OutcomeCount:
    """Return a count of killed."""
    return OutcomeCount(KILLED, low, high, contradiction)


def make_subject(*counts: OutcomeCount, **changes: Any) -> Subject:
    """Return a subject in Syria in 2016, unless the changes say otherwise."""
    year = during("2016-01-01", "2016-12-31")
    values = {"places": ["Syria"], "period": year, "covered": year, "sayers": [UCDP]}
    return Subject(counts, KILLED, **{**values, **changes})


def list_cases() -> Iterator[tuple[Subject, str]]:
    """Yield subjects with their sentences."""
    # How many.
    year = "in Syria in 2016, according to the Uppsala Conflict Data Program."
    yield make_subject(killed(43_486, 49_689)), f"43,486 to 49,689 people killed {year}"
    yield make_subject(killed(30, None)), f"At least 30 people killed {year}"
    yield make_subject(killed(30, 30)), f"30 people killed {year}"
    yield make_subject(killed(1, 1)), f"1 person killed {year}"
    yield make_subject(killed(1, None)), f"At least 1 person killed {year}"
    yield make_subject(killed(0, 12)), f"Up to 12 people killed {year}"
    yield make_subject(killed(0, None)), f"An unknown number of people killed {year}"
    yield make_subject(killed(0, 0)), f"Nobody killed {year}"
    yield (
        make_subject(OutcomeCount(KILLED, 0, 0, None, True)),
        f"Nobody killed in the part that is reported {year}",
    )
    # Of which outcomes: only of those that somebody speaks of.
    joint = OutcomeCount(KILLED_OR_WOUNDED, 30, None)
    yield make_subject(joint), f"At least 30 people killed or wounded {year}"
    yield (
        make_subject(killed(5, 5), OutcomeCount(WOUNDED, 7, 9)),
        f"5 killed and 7 to 9 wounded {year}",
    )
    yield (
        make_subject(killed(5, 5), joint, OutcomeCount(MISSING, 3, None)),
        f"5 killed, at least 30 killed or wounded and at least 3 missing {year}",
    )
    # Of whom.
    yield make_subject(killed(12, 12), groups=["Civilians"]), f"12 civilians killed {year}"
    yield make_subject(killed(1, 1), groups=["Civilians"]), f"1 civilian killed {year}"
    yield make_subject(killed(1, 1), groups=["Children"]), f"1 child killed {year}"
    yield make_subject(killed(0, 0), groups=["Civilians"]), f"No civilians killed {year}"
    yield (
        make_subject(killed(301, None), groups=["Ukrainian soldiers"]),
        f"At least 301 Ukrainian soldiers killed {year}",
    )
    yield (
        make_subject(killed(301, None), groups=["Ukrainian forces"]),
        f"At least 301 killed among Ukrainian forces {year}",
    )
    yield (
        make_subject(killed(2, 2), groups=["Russian forces", "Civilians"]),
        f"2 killed among Russian forces and civilians {year}",
    )
    # Where.
    says = "in 2016, according to the Uppsala Conflict Data Program."
    yield make_subject(killed(2, 2), places=[]), f"2 people killed {says}"
    yield (
        make_subject(killed(2, 2), places=["Gaza Strip"]),
        f"2 people killed in the Gaza Strip {says}",
    )
    yield (
        make_subject(killed(2, 2), places=["Plekhovo", "Vorozhba", "Martynovka"]),
        f"2 people killed in Plekhovo, Vorozhba and Martynovka {says}",
    )
    yield (
        make_subject(killed(2, 2), places=list("ABCDEF")),
        f"2 people killed in A, B, C, D and 2 more places {says}",
    )
    yield (
        make_subject(killed(2, 2), places=["\u062d\u0644\u0628"]),
        f"2 people killed in \u2068\u062d\u0644\u0628\u2069 {says}",
    )
    # When: the queried days, or those that the figures cover.
    who = "according to the Uppsala Conflict Data Program."
    for period, covered, words in (
        (during("2024-12-14", "2024-12-15"), ALWAYS, "on 14 and 15 December 2024"),
        (during("2024-12-14", "2024-12-14"), ALWAYS, "on 14 December 2024"),
        (during("2024-12-03", "2024-12-20"), ALWAYS, "from 3 to 20 December 2024"),
        (during("2023-11-28", "2024-01-03"), ALWAYS, "from 28 November 2023 to 3 January 2024"),
        (during("2024-02-01", "2024-02-29"), ALWAYS, "in February 2024"),
        (during("2014-01-01", "2016-12-31"), ALWAYS, "from 2014 to 2016"),
        (until("2024-06-30"), until("2024-06-20"), "by 30 June 2024"),
        (ALWAYS, until("2024-06-20"), "by 20 June 2024"),
        (ALWAYS, during("2024-03-01", "2024-03-09"), "from 1 to 9 March 2024"),
        (
            Period(date(2024, 3, 5), None),
            during("2024-03-01", "2024-03-09"),
            "from 5 to 9 March 2024",
        ),
    ):
        yield (
            make_subject(killed(2, 2), period=period, covered=covered),
            f"2 people killed in Syria {words}, {who}",
        )
    # Who says so.
    for sayers, words in (
        ([MINISTRY], ", according to the Ministry of Health."),
        ([AGENCY], ", according to Sky."),
        ([CHANNEL], ", says Romanov Light (party to the conflict)."),
        ([NAMED_CHANNEL], ", says Romanov Light (Telegram channel; party to the conflict)."),
        (
            [STAFF, AGENCY],
            ", according to the General Staff of the Armed Forces (party to the conflict) and Sky.",
        ),
        ([AGENCY] * 5, ", according to 5 reporters."),
        (
            [AGENCY, AGENCY, STAFF],
            ", according to 3 reporters, one of them a party to the conflict.",
        ),
        ([AGENCY, STAFF, STAFF], ", according to 3 reporters, 2 of them parties to the conflict."),
        ([STAFF] * 3, ", according to 3 reporters, all of them parties to the conflict."),
    ):
        yield (
            make_subject(killed(2, 2), sayers=sayers),
            f"2 people killed in Syria in 2016{words}",
        )
    # Contradictions, and differences of running totals.
    yield (
        make_subject(killed(10, 20, 5)),
        f"10 to 20 people killed {year[:-1]}; reports contradict each other by 5 people.",
    )
    yield (
        make_subject(killed(10, 20, 0)),
        f"10 to 20 people killed {year[:-1]}; reports contradict each other.",
    )
    march = during("2024-03-01", "2024-03-31")
    yield (
        make_subject(killed(2_747, 2_747), period=march, sayers=[MINISTRY], is_added=True),
        "2,747 people added to the killed in Syria in March 2024, according to the Ministry of"
        " Health.",
    )
    yield (
        make_subject(
            killed(2_747, 2_747), OutcomeCount(WOUNDED, 4_841, None), period=march, is_added=True
        ),
        "2,747 added to the killed and at least 4,841 to the wounded in Syria in March 2024,"
        " according to the Uppsala Conflict Data Program.",
    )
    # Silence is no number.
    yield make_subject(sayers=[]), "No report counts people killed in Syria in 2016."
    yield (
        make_subject(sayers=[], groups=["Civilians"], period=ALWAYS),
        "No report counts civilians killed in Syria.",
    )


CASES: Final = list(list_cases())


@pytest.mark.parametrize(("subject", "sentence"), CASES, ids=[each for _, each in CASES])
def test_a_subject_is_one_sentence(subject: Subject, sentence: str) -> None:
    assert write_sentence(subject) == sentence


def test_there_are_forty_cases() -> None:
    assert len(CASES) >= 40
    assert len({sentence for _, sentence in CASES}) == len(CASES)

"""Every enum of the API is complete: it has the values that the code uses, each with a meaning."""

import re

import pytest

from schemas import enums
from service.api import report_formats, totals
from service.domain.caveat_codes import CAVEAT_MEANINGS, WARNING_CODES
from service.domain.totals_query import BREAKDOWNS
from service.domain.vocabulary import OUTCOMES, STANCES, STATES
from service.store.projections.dispatch import EVENT_KINDS


@pytest.mark.parametrize(
    ("enum", "values"),
    [
        (enums.OUTCOME, OUTCOMES),
        (enums.STANCE, STANCES),
        (enums.REPORT_STATE, STATES),
        (enums.CAVEAT_CODE, CAVEAT_MEANINGS),
        (enums.WARNING_CODE, WARNING_CODES),
        (enums.BREAKDOWN, BREAKDOWNS),
        (enums.REPORT_LIST_FORMAT, ("json", *report_formats.OTHER_FORMATS)),
        (enums.TOTALS_FORMAT, ("json", *totals.OTHER_FORMATS)),
        (enums.EVENT_KIND, EVENT_KINDS),
        (enums.EXCLUSION_REASON, ("straddles", *(each for each in STATES if each != "live"))),
    ],
    ids=lambda each: each.name if isinstance(each, enums.NamedEnum) else "",
)
def test_an_enum_has_the_values_that_the_code_uses(enum: enums.NamedEnum, values: object) -> None:
    assert sorted(enum.values) == sorted(values)


@pytest.mark.parametrize("enum", enums.ENUMS, ids=lambda enum: enum.name)
def test_an_enum_and_each_of_its_values_are_described(enum: enums.NamedEnum) -> None:
    for text in (enum.description, *enum.meanings.values()):
        assert re.fullmatch(r"[A-Z`].*[.]", text), text


def test_every_enum_is_listed_once() -> None:
    declared = [each for each in vars(enums).values() if isinstance(each, enums.NamedEnum)]
    assert sorted(each.name for each in declared) == sorted(each.name for each in enums.ENUMS)
    assert len({each.name for each in enums.ENUMS}) == len(enums.ENUMS)

"""The lexicon: how a phrase is read, and the vocabulary."""

from typing import Any, Final

from marshmallow import fields

from schemas.base import Body
from schemas.enums import CAVEAT_CODE, OUTCOME, RANGE_END, REPORT_STATE, STANCE, WARNING_CODE
from schemas.fields import EnumText, Schema
from schemas.text_fields import Text
from service.domain.vocabulary import sort_outcomes
from service.domain.wording.reader import MAX_WORDING_LENGTH, Reading


class WordingIn(Body):
    """A phrase to read."""

    text = Text(
        max_length=MAX_WORDING_LENGTH,
        required=True,
        metadata={"description": "A phrase as `wording` of a figure has it, in English."},
    )


class WordingOut(Schema):
    """How the lexicon reads the phrase."""

    text = fields.String(required=True, metadata={"description": "The phrase as it was sent."})
    low = fields.Integer(required=True, metadata={"description": "The fewest people."})
    high = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The most people; null if the phrase gives no upper bound."},
    )
    soft = fields.List(
        EnumText(RANGE_END),
        required=True,
        metadata={
            "description": "The ends that rest on a convention, as in “about” or “dozens”; empty "
            "if none does."
        },
    )
    outcomes = fields.List(
        EnumText(OUTCOME),
        required=True,
        allow_none=True,
        metadata={"description": "The outcomes that the phrase names; null if it names none."},
    )
    qualifier = fields.String(
        required=True,
        metadata={
            "description": "The rule of the lexicon that applied, such as `at_least`; "
            "`GET /v1/vocabulary` lists them."
        },
    )
    lexicon = fields.String(
        required=True, metadata={"description": "The version of the lexicon, such as `en-2`."}
    )
    disclosed = fields.Boolean(
        required=True,
        metadata={
            "description": "`false` if the phrase acknowledges losses and withholds their number."
        },
    )
    people = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "The words that name a kind of people, such as `civilians`, as they "
            "stand in the phrase; empty if it is about people in general. A figure whose `wording` "
            "names a kind of people needs `groups`."
        },
    )


_WORDING_SCHEMA: Final = WordingOut()


def dump_wording(text: str, reading: Reading) -> dict[str, Any]:
    """Return how the phrase is read, as JSON."""
    outcomes = None if reading.outcomes is None else sort_outcomes(reading.outcomes)
    soft = [end for end in RANGE_END.values if end in reading.soft]
    content = {"text": text, "soft": soft, "outcomes": outcomes}
    names = ("low", "high", "qualifier", "lexicon", "disclosed", "people")
    dumped: dict[str, Any] = _WORDING_SCHEMA.dump(
        {**content, **{name: getattr(reading, name) for name in names}}
    )
    return dumped


class VocabularyOut(Schema):
    """The closed lists of words, and the lexicon."""

    outcomes = fields.List(
        EnumText(OUTCOME), required=True, metadata={"description": "The outcomes."}
    )
    stances = fields.List(EnumText(STANCE), required=True, metadata={"description": "The stances."})
    states = fields.List(
        EnumText(REPORT_STATE), required=True, metadata={"description": "The states of reports."}
    )
    caveats = fields.Dict(
        keys=EnumText(CAVEAT_CODE),
        values=fields.String(),
        required=True,
        metadata={"description": "The meaning of each caveat code, by code."},
    )
    warnings = fields.List(
        EnumText(WARNING_CODE), required=True, metadata={"description": "The warning codes."}
    )
    lexicon = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={
            "description": "The lexicon that reads new reports: `version`, and `rules`, a list. "
            "Each rule has `qualifier`, `words` (N, A and B are numbers in the phrase), `low` and "
            "`high` (a number, null for no upper bound, or a formula such as `N-h`), `soft` and "
            "`disclosed`. h is half the unit of a rounded number, but at most a fifth and at least "
            "a twentieth of the number, rounded down, and at least 1. The unit is the largest "
            "power of ten that divides the number; 5 for a number below 100 that ends in 5; 12 or "
            "20 for dozens or scores. `N-h` is at least 1."
        },
    )
    earlier_lexicons = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        metadata={
            "description": "The versions that read figures before, the oldest first, each with "
            "`version` and `rules` as in `lexicon`. Figures that they read keep their ranges. In "
            "`en-1`, h is the smaller of half the unit and a fifth of the number, at least 1; the "
            "unit of dozens is that of their number, and `N-h` is at least 0."
        },
    )

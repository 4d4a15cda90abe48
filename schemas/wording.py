"""Words on the wire: a phrase that is asked about, and how it would be read."""

from marshmallow import fields

from schemas.base import Body
from schemas.fields import Schema
from schemas.text_fields import Text
from service.domain.wording.reader import MAX_WORDING_LENGTH


class WordingIn(Body):
    """A phrase as it would stand in a figure."""

    text = Text(max_length=MAX_WORDING_LENGTH, required=True)


class WordingOut(Schema):
    """How the phrase is read; outcomes null where it names none."""

    text = fields.String(required=True)
    low = fields.Integer(required=True)
    high = fields.Integer(required=True, allow_none=True)
    soft = fields.List(fields.String(), required=True)
    outcomes = fields.List(fields.String(), required=True, allow_none=True)
    qualifier = fields.String(required=True)
    lexicon = fields.String(required=True)
    disclosed = fields.Boolean(required=True)


class VocabularyOut(Schema):
    """The closed word lists, and the lexicon by which words are read."""

    outcomes = fields.List(fields.String(), required=True)
    stances = fields.List(fields.String(), required=True)
    states = fields.List(fields.String(), required=True)
    caveats = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    warnings = fields.List(fields.String(), required=True)
    lexicon = fields.Dict(keys=fields.String(), required=True)

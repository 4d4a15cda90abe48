"""What is answered when something cannot be done: RFC 9457."""

from marshmallow import fields

from schemas.fields import Schema


class FaultOut(Schema):
    """One field at fault: a JSON pointer into the body, or the name of a parameter."""

    pointer = fields.String(required=True)
    detail = fields.String(required=True)


class Problem(Schema):
    """What went wrong and what to do about it."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(FaultOut))

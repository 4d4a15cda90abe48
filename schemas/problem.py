"""Errors as answers: problem details of RFC 9457."""

from marshmallow import fields

from schemas.fields import Schema


class FaultOut(Schema):
    """One error in a field of the body, in a parameter or in a header."""

    pointer = fields.String(
        required=True,
        metadata={
            "description": "Where the error is: a JSON pointer into the body (RFC 6901), such as "
            "`/figures/0/low`, empty for the body as a whole; or the name of a parameter or "
            "header."
        },
    )
    detail = fields.String(
        required=True, metadata={"description": "What is wrong and how to fix it, in English."}
    )
    report = fields.String(
        metadata={
            "description": "The id of the recorded report that a `ref` or a link to a report "
            "contradicts. Only in a 409."
        }
    )


class Problem(Schema):
    """Why a request failed (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "Always `about:blank`."})
    title = fields.String(
        required=True, metadata={"description": "The name of the status, such as `Not Found`."}
    )
    status = fields.Integer(required=True, metadata={"description": "The HTTP status code."})
    detail = fields.String(
        required=True,
        metadata={
            "description": "What is wrong and how to fix it, in English. For people: the text can "
            "change in any version."
        },
    )
    errors = fields.List(
        fields.Nested(FaultOut),
        metadata={
            "description": "One member for each error in a field, parameter or header. Left out if "
            "the error is in none of them."
        },
    )

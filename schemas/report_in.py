"""Reports as they are sent."""

from typing import Any, Final

from marshmallow import ValidationError, fields, post_load

from schemas.base import Body, Parameters
from schemas.entities import GroupMention, PlaceMention, ReporterMention
from schemas.enums import KNOWN_REF, OUTCOME, STANCE
from schemas.fields import (
    DAY_PATTERN,
    TIMESTAMP_PATTERN,
    BoundedList,
    Day,
    EnumText,
    Schema,
    Slug,
    Timestamp,
)
from schemas.number_fields import Count
from schemas.text_fields import Line, PatternText, Text
from service.domain.entities import EntityMention
from service.domain.periods import Period
from service.domain.report import OWN_INCIDENT, Reclassification, Source
from service.domain.submission import ReportRef, Submission, SubmittedFigure

MAX_INCIDENT_LENGTH: Final = 200

KNOWN_DESCRIPTION: Final = (
    "`supersede`: a report whose `ref` is recorded with other content supersedes the recorded one, "
    "so that a corrected file can be sent again as it is. Default: such a report is a 409."
)

_ID_FIELD: Final = Slug()
_LINE_FIELD: Final = Line(max_length=MAX_INCIDENT_LENGTH)
_DAY_FIELD: Final = Day()
_TIMESTAMP_FIELD: Final = Timestamp()


class EntityReference(fields.Field[EntityMention]):
    """The id of a recorded entity, or an object that also describes it."""

    def __init__(self, schema: type[Schema], **kwargs: Any) -> None:
        """Accept ids, and objects that the schema accepts."""
        self.schema = schema()
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> EntityMention:
        if isinstance(value, str):
            return EntityMention(_ID_FIELD.deserialize(value))
        if not isinstance(value, dict):
            raise ValidationError("This must be an id, or an object with an id.")
        mention: EntityMention = self.schema.load(value)
        return mention


class Incident(fields.String):
    """The id of an event in a register, `scheme:id`; or `own`."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the options of marshmallow's fields."""
        metadata = {"examples": ["ucdp:512345", OWN_INCIDENT], "maxLength": MAX_INCIDENT_LENGTH}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if value == OWN_INCIDENT:
            return OWN_INCIDENT
        text: str = _LINE_FIELD.deserialize(value)
        scheme, colon, incident_id = text.partition(":")
        if not colon or not incident_id or any(character.isspace() for character in incident_id):
            raise ValidationError(
                "This must be scheme:id without spaces, such as ucdp:512345, or own."
            )
        _ID_FIELD.deserialize(scheme)
        if scheme == OWN_INCIDENT:
            raise ValidationError("Send own alone; the service assigns the id.")
        return text


class RegisteredIncident(Incident):
    """The id of an event in a register, `scheme:id`."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the options of marshmallow's fields."""
        metadata = {"examples": ["ucdp:512345"]}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if value == OWN_INCIDENT:
            raise ValidationError("own is no id of an event; send scheme:id.")
        return super()._deserialize(value, attr, data, **kwargs)


class ReportLink(fields.Field[str | ReportRef]):
    """The id of a recorded report, or an object with the id that its reporter gave it."""

    def __init__(self, schema: type[Schema], **kwargs: Any) -> None:
        """Accept ids, and objects that the schema accepts."""
        self.schema = schema()
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str | ReportRef:
        if isinstance(value, str):
            return _ID_FIELD.deserialize(value)
        if not isinstance(value, dict):
            raise ValidationError("This must be the id of a report, or an object with a ref.")
        report_ref: ReportRef = self.schema.load(value)
        return report_ref


class OwnReportRef(Body):
    """A report of the same reporter, by the id that the reporter gave it."""

    ref = Line(
        required=True,
        metadata={
            "description": "The `ref` of the report. If several have it, the one that is not "
            "superseded."
        },
    )

    @post_load
    def load_ref(self, data: dict[str, Any], **kwargs: Any) -> ReportRef:
        """Return the reference."""
        return ReportRef(**data)


class AnyReportRef(OwnReportRef):
    """A report of any reporter, by the id that the reporter gave it."""

    reporter = Slug(
        metadata={"description": "The id of its reporter. Default: the reporter of this report."}
    )


class PeriodIn(Body):
    """A period of whole days."""

    first = Day(
        data_key="from",
        required=True,
        allow_none=True,
        error_messages={
            "required": "Give the first day, or null for a total whose first day is not stated."
        },
        metadata={
            "description": "First day, included. null: a running total whose first day is not "
            "stated. The field is required even so."
        },
    )
    last = Day(
        data_key="to",
        required=True,
        metadata={"description": "Last day, included. Must not be before `from`."},
    )

    @post_load
    def load_period(self, data: dict[str, Any], **kwargs: Any) -> Period:
        """Return the period; raise ValidationError if it ends before it begins."""
        return make_period(data["first"], data["last"], "to")


def make_period(first: Any, last: Any, field: str) -> Period:
    """Return the period of the two days; raise ValidationError if it ends before it begins.

    ``field`` is the field that the error names.
    """
    if first is not None and last is not None and last < first:
        raise ValidationError({field: ["The period ends before it begins."]})
    return Period(first, last)


class ReclassifiesIn(Body):
    """The earlier figure whose people a figure gives another outcome."""

    figure = Slug(
        required=True,
        metadata={
            "description": "The id of the earlier figure. It must exist, and its report must be "
            "neither a relay nor superseded by another report than this one."
        },
    )
    source = EnumText(
        OUTCOME,
        data_key="from",
        required=True,
        metadata={"description": "Their outcome there; the earlier figure must have it."},
    )

    @post_load
    def load_reclassification(self, data: dict[str, Any], **kwargs: Any) -> Reclassification:
        """Return the link to the earlier figure."""
        return Reclassification(**data)


class FigureIn(Body):
    """One figure: outcomes, and a range in words (`wording`) or in numbers.

    Send `exactly`, or `low` and `high` (either may be left out), or `wording` alone. If numbers are
    sent, `wording` is stored and not read.
    """

    MEANINGFUL_NULLS = frozenset({"incident"})

    outcomes = BoundedList(
        EnumText(OUTCOME),
        min_length=1,
        max_length=len(OUTCOME.values),
        metadata={
            "description": "One joint set: the figure counts people with any of these outcomes. "
            "May be left out if `wording` names the outcomes."
        },
    )
    wording = Text(
        max_length=1_000,
        metadata={
            "description": "The range in the reporter's words, such as `at least 30 killed`. "
            "Without numbers the lexicon reads it; words that it does not know are a 422. The "
            "outcomes that it names must all be among those of the figure."
        },
    )
    low = Count(metadata={"description": "The fewest people. Default: 0 if `high` is sent."})
    high = Count(
        metadata={"description": "The most people; not below `low`. Default: no upper bound."}
    )
    exactly = Count(
        metadata={
            "description": "The number of people: the same as `low` and `high` with this value. "
            "Not together with them."
        }
    )
    best = Count(
        metadata={
            "description": "The reporter's own best estimate, within the range. Default: none."
        }
    )
    note = Text(multiline=True, metadata={"description": "A note on the figure. Free text."})
    period = fields.Nested(
        PeriodIn, metadata={"description": "The days of the figure. Default: those of the report."}
    )
    places = BoundedList(
        EntityReference(PlaceMention),
        min_length=1,
        metadata={
            "description": "The places of the figure, ids or objects: the figure counts people in "
            "all of them together. Default: those of the report."
        },
    )
    groups = BoundedList(
        EntityReference(GroupMention),
        min_length=1,
        metadata={
            "description": "The groups of people that the figure counts, ids or objects. Groups of "
            "one facet are alternatives; groups of different facets must all hold. Required, here "
            "or on the report, if `wording` alone names a kind of people (`4 civilians`); "
            "[`everyone`] is enough. Default: those of the report, else `everyone`."
        },
    )
    incident = Incident(
        metadata={
            "description": "The event that the figure is about: `scheme:id` of a register, or "
            "`own` for an event without one, which is then this figure's alone. Ids of one scheme "
            "are different events, whose figures are added. Default: that of the report. null: no "
            "incident, whatever the report has."
        }
    )
    reclassifies = fields.Nested(
        ReclassifiesIn,
        metadata={
            "description": "Set if the figure is about people whom an earlier figure counted with "
            "another outcome, such as missing people who were found dead. Places, period, groups "
            "and incident are then those of the earlier figure. If they are sent, they must be "
            "within them: a death found in March is a loss of December, and `published_at` states "
            "when it was found."
        },
    )

    @post_load
    def load_figure(self, data: dict[str, Any], **kwargs: Any) -> SubmittedFigure:
        """Return the figure as it was sent."""
        return SubmittedFigure(incident_given="incident" in data, **data)


class SourceIn(Body):
    """Where the statement was published."""

    url = PatternText(
        # The host, then the rest. A backslash before the path is a slash for browsers, so that the
        # host would be another one than it seems.
        r'https?://[^\s\x00-\x1f\x7f<>"@\\/?#]+([/?#][^\s\x00-\x1f\x7f<>"]*)?',
        "This must be an http or https address without a user name or password.",
        2_000,
        metadata={
            "description": "The address, http or https, without a user name or password in it."
        },
    )
    publisher = Line(metadata={"description": "The publisher."})
    title = Text(max_length=1_000, multiline=True, metadata={"description": "The title."})
    language = PatternText(
        "[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*",
        "This must be a language tag, such as en.",
        35,
        metadata={"description": "The language, as a tag such as `en` or `uk-UA`."},
    )

    @post_load
    def load_source(self, data: dict[str, Any], **kwargs: Any) -> Source:
        """Return the source."""
        return Source(**data)


class PublicationDate(PatternText):
    """A day, or a timestamp in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the options of marshmallow's fields."""
        super().__init__(
            f"{DAY_PATTERN}|{TIMESTAMP_PATTERN}",
            "This must be a day, or a timestamp in UTC with Z.",
            35,
            **kwargs,
        )
        self.validators.append(_check_exists)


def _check_exists(text: str) -> None:
    """Raise ValidationError for a day or time that is not in the calendar."""
    (_TIMESTAMP_FIELD if "T" in text else _DAY_FIELD).deserialize(text)


class ReportIn(Body):
    """One statement by one reporter: figures, or a stance without figures."""

    reporter = EntityReference(
        ReporterMention,
        required=True,
        metadata={
            "description": "Who makes the statement: the id of a recorded reporter, or an object."
        },
    )
    ref = Line(
        metadata={
            "description": "The reporter's own id of the report, unique for the reporter. Sent "
            "again with the same content it is a 200 with the recorded report, with other content "
            "a 409 unless the report supersedes the recorded one (see `known`). Without `ref` "
            "every request records a new report."
        }
    )
    published_at = PublicationDate(
        metadata={
            "description": "When the statement was published: a day, or a timestamp in UTC. "
            "Information only; it does not affect totals."
        }
    )
    source = fields.Nested(SourceIn, metadata={"description": "Where the statement was published."})
    quote = Text(
        multiline=True, metadata={"description": "The statement, word for word. Free text."}
    )
    note = Text(multiline=True, metadata={"description": "A note on the report. Free text."})
    period = fields.Nested(
        PeriodIn,
        metadata={
            "description": "The days of every figure that has none of its own. Each figure needs a "
            "period, here or of its own."
        },
    )
    places = BoundedList(
        EntityReference(PlaceMention),
        min_length=1,
        metadata={
            "description": "The places of every figure that has none of its own, ids or objects. "
            "Each figure needs a place, here or of its own."
        },
    )
    groups = BoundedList(
        EntityReference(GroupMention),
        min_length=1,
        metadata={
            "description": "The groups of every figure that has none of its own, ids or objects. "
            "Default: `everyone`."
        },
    )
    figures = BoundedList(
        fields.Nested(FigureIn),
        distinct=False,
        metadata={
            "description": "The figures. At least one with the stance `asserts`, none with another."
        },
    )
    stance = EnumText(STANCE, metadata={"description": "What the report does. Default: `asserts`."})
    incident = Incident(
        metadata={
            "description": "The incident of every figure that does not set one: `scheme:id`, or "
            "`own` for one event without an id, which all these figures are about. Default: none."
        }
    )
    caveats = BoundedList(
        Text(max_length=500),
        max_length=100,
        metadata={
            "description": "What the report itself states against its figures, as codes "
            "(`preliminary`, `not_independently_verified`) or free text. Every total that counts "
            "one of the figures repeats them."
        },
    )
    relays = ReportLink(
        AnyReportRef,
        metadata={
            "description": "The report that this one repeats: its id, or an object with its `ref`. "
            "It must exist. A relay is stored and not counted."
        },
    )
    supersedes = ReportLink(
        OwnReportRef,
        metadata={
            "description": "The report that this one replaces, by the same reporter: its id, or an "
            "object with its `ref`. It must exist, and is not counted any more, also if this one "
            "is retracted later. If people of one of its figures were reclassified, this report "
            "needs exactly one figure with the outcome from which they were: the reclassification "
            "applies to that one."
        },
    )

    @post_load
    def load_submission(self, data: dict[str, Any], **kwargs: Any) -> Submission:
        """Return the report as it was sent."""
        for name in ("relays", "supersedes"):
            if isinstance(data.get(name), ReportRef):
                data[f"{name}_ref"] = data.pop(name)
        return Submission(**data)


class PostReportParameters(Parameters):
    """The parameters of a report that is sent; loads as whether it may supersede a known `ref`."""

    known = EnumText(KNOWN_REF, metadata={"description": KNOWN_DESCRIPTION})

    @post_load
    def load_known(self, data: dict[str, Any], **kwargs: Any) -> bool:
        """Return whether the report supersedes the one that has its ref."""
        return data.get("known") == "supersede"

"""Reports on the wire as they are sent."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from schemas.base import Body
from schemas.entities import GroupMention, PlaceMention, ReporterMention
from schemas.fields import BoundedList, Day, OneOf, Schema, Slug, Timestamp
from schemas.number_fields import Count
from schemas.text_fields import Line, PatternText, Text
from service.domain.entities import EntityMention
from service.domain.periods import Period
from service.domain.report import OWN_INCIDENT, Reclassification, Source
from service.domain.submission import Submission, SubmittedFigure
from service.domain.vocabulary import OUTCOMES, STANCES

_DAY_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

_ID_FIELD = Slug()


class EntityReference(fields.Field[EntityMention]):
    """An id of something recorded, or an object that also describes it."""

    def __init__(self, schema: type[Schema], **kwargs: Any) -> None:
        """Take objects that the schema accepts."""
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
    """The id of one event in one register, scheme:id; or own."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the usual field options."""
        super().__init__(
            metadata={"examples": ["ucdp:512345", OWN_INCIDENT], "maxLength": 200}, **kwargs
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if value == OWN_INCIDENT:
            return OWN_INCIDENT
        text: str = Line().deserialize(value)
        scheme, colon, incident_id = text.partition(":")
        if not colon or not incident_id or any(character.isspace() for character in incident_id):
            raise ValidationError(
                "This must be scheme:id without spaces, like ucdp:512345, or own."
            )
        _ID_FIELD.deserialize(scheme)
        if scheme == OWN_INCIDENT:
            raise ValidationError("Write own alone; the service gives such an incident its id.")
        return text


class PeriodIn(Body):
    """First and last day, both included; from null means that the beginning was not stated."""

    first = Day(
        data_key="from",
        required=True,
        allow_none=True,
        error_messages={
            "required": "Give the first day, or null for a total whose beginning is not stated."
        },
    )
    last = Day(data_key="to", required=True)

    @post_load
    def load_period(self, data: dict[str, Any], **kwargs: Any) -> Period:
        """Return the period; it may not end before it begins."""
        return make_period(data["first"], data["last"], "to")


def make_period(first: Any, last: Any, field: str) -> Period:
    """Return the period of the two days; raises for one that ends before it begins."""
    if first is not None and last is not None and last < first:
        raise ValidationError({field: ["The period ends before it begins."]})
    return Period(first, last)


class ReclassifiesIn(Body):
    """Which earlier figure's people are meant, and which outcome they had there."""

    figure = Slug(required=True)
    source = OneOf(OUTCOMES, data_key="from", required=True)

    @post_load
    def load_reclassification(self, data: dict[str, Any], **kwargs: Any) -> Reclassification:
        """Return the link."""
        return Reclassification(**data)


class FigureIn(Body):
    """One figure: its outcomes, and words, or low and high, or exactly."""

    MEANINGFUL_NULLS = frozenset({"incident"})

    outcomes = BoundedList(OneOf(OUTCOMES), min_length=1, max_length=len(OUTCOMES))
    wording = Text(max_length=1_000)
    low = Count()
    high = Count()
    exactly = Count()
    best = Count()
    note = Text(multiline=True)
    period = fields.Nested(PeriodIn)
    places = BoundedList(EntityReference(PlaceMention), min_length=1)
    groups = BoundedList(EntityReference(GroupMention), min_length=1)
    incident = Incident()
    reclassifies = fields.Nested(ReclassifiesIn)

    @post_load
    def load_figure(self, data: dict[str, Any], **kwargs: Any) -> SubmittedFigure:
        """Return the figure as it was sent."""
        return SubmittedFigure(incident_given="incident" in data, **data)


class SourceIn(Body):
    """Where the statement can be found."""

    url = PatternText(
        r"https?://[^\s\x00-\x1f\x7f<>\"]+", "This must be an http(s) address.", 2_000
    )
    publisher = Line()
    title = Text(max_length=1_000, multiline=True)
    language = PatternText(
        "[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", "This must be a language tag like en.", 35
    )

    @post_load
    def load_source(self, data: dict[str, Any], **kwargs: Any) -> Source:
        """Return the source."""
        return Source(**data)


class PublicationDate(PatternText):
    """When the statement was published: a day, or an instant in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        """Take the usual field options."""
        pattern = rf"{_DAY_PATTERN}(T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,6}})?Z)?"
        super().__init__(pattern, "This must be a day, or an instant in UTC with Z.", 35, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        (Timestamp() if "T" in text else Day()).deserialize(text)
        return text


class ReportIn(Body):
    """One statement by one reporter: figures, or a stance without a number."""

    reporter = EntityReference(ReporterMention, required=True)
    ref = Line()
    published_at = PublicationDate()
    source = fields.Nested(SourceIn)
    quote = Text(multiline=True)
    note = Text(multiline=True)
    period = fields.Nested(PeriodIn)
    places = BoundedList(EntityReference(PlaceMention), min_length=1)
    groups = BoundedList(EntityReference(GroupMention), min_length=1)
    figures = BoundedList(fields.Nested(FigureIn), distinct=False)
    stance = OneOf(STANCES)
    incident = Incident()
    caveats = BoundedList(Text(max_length=500), max_length=100)
    relays = Slug()
    supersedes = Slug()

    @post_load
    def load_submission(self, data: dict[str, Any], **kwargs: Any) -> Submission:
        """Return the report as it was sent."""
        return Submission(**data)

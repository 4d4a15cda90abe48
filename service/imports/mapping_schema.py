"""Reads the TOML of a mapping; every mistake is named by its key, with the fix."""

import tomllib
from collections.abc import Mapping as MappingABC
from typing import Any, Final

from marshmallow import ValidationError, fields, post_load, validates_schema

from schemas.base import Body
from schemas.fields import Flag, OneOf
from service.domain.vocabulary import OUTCOMES, sort_outcomes
from service.imports.cells import UNITS
from service.imports.errors import MappingError
from service.imports.gazetteer import Gazetteer
from service.imports.gazetteer_schema import GazetteerSchema
from service.imports.mapping import (
    Conditions,
    Counts,
    FigureRule,
    FileFormat,
    GroupRule,
    Mapping,
    Outside,
    PeriodRule,
    PlaceLevel,
    Zero,
)
from service.imports.mapping_fields import (
    CONDITIONS,
    PLACE_FIELDS,
    ConditionsField,
    FileSchema,
    PlaceFields,
    TemplateField,
    Text,
    list_of,
    make_conditions,
)

_GROUP_FIELDS: Final = ("kind", "facet", "parent")
_NUMBERS: Final = ("exactly", "low", "high", "best", "range", "wording", "part")


class PeriodSchema(Body):
    """The days of a row."""

    from_ = TemplateField(data_key="from")
    to = TemplateField(required=True)
    format = list_of(Text())
    precision = TemplateField()
    precisions = fields.Dict(
        keys=fields.String(),
        values=OneOf(UNITS),
        metadata={"description": "The unit of each code."},
    )

    @validates_schema(skip_on_field_errors=True)
    def check(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Require that the precision and the meaning of its codes come together."""
        if ("precision" in data) != ("precisions" in data):
            raise ValidationError(
                "Give precision and precisions together, or neither.", "precision"
            )

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> PeriodRule:
        """Return the rule."""
        return PeriodRule(
            data.get("from_"),
            data["to"],
            tuple(data.get("format", ())),
            data.get("precision"),
            data.get("precisions", {}),
        )


class PlaceSchema(PlaceFields):
    """One level in the line of places."""

    name = TemplateField(required=True)
    id = TemplateField()
    remove = list_of(Text())
    split = Text()

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> PlaceLevel:
        """Return the level."""
        return PlaceLevel(
            data["name"],
            data.get("id"),
            tuple(data.get("remove", ())),
            make_conditions(data),
            {name: data[name] for name in PLACE_FIELDS if name in data},
            data.get("split", ""),
        )


class GroupSchema(Body):
    """A group of people."""

    name = TemplateField(required=True)
    id = TemplateField()
    when = ConditionsField()
    unless = ConditionsField()
    kind = TemplateField()
    facet = TemplateField()
    parent = TemplateField()

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> GroupRule:
        """Return the rule."""
        return GroupRule(
            data["name"],
            data.get("id"),
            make_conditions(data),
            {name: data[name] for name in _GROUP_FIELDS if name in data},
        )


class FigureSchema(Body):
    """One figure of each row."""

    outcomes = list_of(OneOf(OUTCOMES), min_length=1)
    exactly = TemplateField()
    low = TemplateField()
    high = TemplateField()
    best = TemplateField()
    range = TemplateField()
    wording = TemplateField()
    part = TemplateField()
    zero = OneOf([each.value for each in Zero])
    when = ConditionsField()
    unless = ConditionsField()
    groups = list_of(fields.Nested(GroupSchema), distinct=False)
    note = TemplateField()

    @validates_schema(skip_on_field_errors=True)
    def check(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Require exactly one way to give the numbers."""
        given = [each for each in _NUMBERS if each in data]
        ways = {"range" if each in ("low", "high", "best") else each for each in given}
        if "range" in data and {"low", "high", "best"} & set(given):
            ways.add("low")
        if "outcomes" not in data and "wording" not in data:
            raise ValidationError(
                f"Give the outcomes: some of {', '.join(OUTCOMES)}. Only words can name them.",
                "outcomes",
            )
        if len(ways) != 1:
            raise ValidationError(
                "Give the numbers in one way: exactly; low, high, best; range; wording; or part.",
                "outcomes",
            )

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> FigureRule:
        """Return the rule."""
        data["outcomes"] = sort_outcomes(data.get("outcomes", ()))
        data["conditions"] = make_conditions(data)
        data["groups"] = tuple(data.get("groups", ()))
        if "zero" in data:
            data["zero"] = Zero(data["zero"])
        return FigureRule(**{name: each for name, each in data.items() if name not in CONDITIONS})


class SourceSchema(Body):
    """Where a row was published."""

    url = TemplateField()
    publisher = TemplateField()
    title = TemplateField()
    language = TemplateField()


class ReporterSchema(Body):
    """Who reports; it may differ from row to row."""

    id = TemplateField()
    name = TemplateField(required=True)
    kind = TemplateField()
    country = TemplateField()
    party = Flag()


class ReportSchema(Body):
    """What belongs to the report as a whole."""

    ref = TemplateField(required=True)
    incident = TemplateField()
    published_at = TemplateField()
    quote = TemplateField()
    note = TemplateField()
    caveats = list_of(Text())
    source = fields.Nested(SourceSchema)


class MappingSchema(Body):
    """The whole mapping."""

    title = Text(required=True)
    about = Text()
    counts = OneOf([each.value for each in Counts], required=True)
    outside = OneOf([each.value for each in Outside])
    skip = ConditionsField()
    file = fields.Nested(FileSchema)
    reporter = fields.Nested(ReporterSchema, required=True)
    report = fields.Nested(ReportSchema, required=True)
    period = fields.Nested(PeriodSchema, required=True)
    places = list_of(fields.Nested(PlaceSchema), min_length=1, distinct=False, required=True)
    groups = list_of(fields.Nested(GroupSchema), distinct=False)
    figures = list_of(fields.Nested(FigureSchema), min_length=1, distinct=False, required=True)

    @validates_schema(skip_on_field_errors=True)
    def check_places(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Require that only the innermost level is split, without an id and a point."""
        *outer, innermost = data["places"]
        if any(each.split for each in outer):
            raise ValidationError("Only the last of the places can be split.", "places")
        if innermost.split and (innermost.id or innermost.fields.keys() - {"kind", "country"}):
            message = "Places that are split have no id, code or point of their own: leave it out."
            raise ValidationError(message, "places")

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> Mapping:
        """Return the mapping."""
        report = data["report"]
        return Mapping(
            title=data["title"],
            about=data.get("about", ""),
            counts=Counts(data["counts"]),
            outside=Outside(data.get("outside", Outside.REFUSE)),
            skip=Conditions(data.get("skip", ())),
            file=data.get("file", FileFormat()),
            reporter=data["reporter"],
            ref=report["ref"],
            incident=report.get("incident"),
            texts={
                name: report[name] for name in ("published_at", "quote", "note") if name in report
            },
            caveats=tuple(report.get("caveats", ())),
            source=report.get("source", {}),
            period=data["period"],
            places=tuple(data["places"]),
            groups=tuple(data.get("groups", ())),
            figures=tuple(data["figures"]),
        )


_SCHEMA: Final = MappingSchema()
_GAZETTEER_SCHEMA: Final = GazetteerSchema()


def parse_mapping(text: str) -> Mapping:
    """Return the mapping of figures that the TOML describes.

    Raises MappingError with all mistakes.
    """
    mapping = parse_any_mapping(text)
    if isinstance(mapping, Gazetteer):
        raise MappingError("This is the mapping of a gazetteer, which has places and no figures.")
    return mapping


def parse_any_mapping(text: str) -> Mapping | Gazetteer:
    """Return the mapping that the TOML describes; raises MappingError with all mistakes."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"The mapping is not valid TOML: {error}.") from None
    try:
        return load_any_mapping(data)
    except ValidationError as error:
        lines = "\n".join(f"  {key}: {text}" for key, text in _list_mistakes(error.messages))
        raise MappingError(f"The mapping has mistakes:\n{lines}") from None


def load_any_mapping(data: MappingABC[str, Any]) -> Mapping | Gazetteer:
    """Return the mapping that the tables of its TOML describe.

    Raises ValidationError with all mistakes.
    """
    schema = _GAZETTEER_SCHEMA if data.get("counts") == "places" else _SCHEMA
    mapping: Mapping | Gazetteer = schema.load(data)
    return mapping


def _list_mistakes(messages: Any, path: str = "") -> list[tuple[str, str]]:
    """Return the key and the text of each mistake, the keys written as in TOML."""
    if isinstance(messages, MappingABC):
        return [
            mistake
            for key, inner in messages.items()
            for mistake in _list_mistakes(inner, _join_key(path, key))
        ]
    return [(path or "mapping", text) for text in messages]


def _join_key(path: str, key: Any) -> str:
    if isinstance(key, int):
        return f"{path}[{key + 1}]"
    return path if key == "_schema" else ".".join(filter(None, (path, str(key))))

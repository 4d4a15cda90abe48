"""Loads a report without marshmallow if nothing about it is in doubt.

marshmallow takes longer to load a report than the database to store it. The schema here accepts
what a few plain checks show to be valid, and leaves everything else to marshmallow. A property test
compares the two.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final
from unicodedata import normalize

from schemas import report_in
from schemas.entities import (
    MAX_ALIASES,
    MAX_PARENTS_IN_PLACE,
    GroupMention,
    PlaceMention,
    ReporterMention,
)
from schemas.enums import OUTCOME, STANCE
from schemas.fields import (
    DAY_PATTERN,
    MAX_ID_LENGTH,
    MAX_LIST_LENGTH,
    SLUG_PATTERN,
    normalize_timestamp,
)
from schemas.report_in import MAX_INCIDENT_LENGTH
from schemas.text_fields import MAX_NAME_LENGTH, MAX_TEXT_LENGTH
from service.domain.entities import EntityMention
from service.domain.periods import Period
from service.domain.report import OWN_INCIDENT, Reclassification, Source
from service.domain.submission import ReportRef, Submission, SubmittedFigure
from service.domain.vocabulary import MAX_COUNT

Check = Callable[[Any], Any]
"""Returns the loaded value; raises _DoubtError unless it is plainly valid."""

_match_slug: Final = re.compile(SLUG_PATTERN).fullmatch
_match_day: Final = re.compile(DAY_PATTERN).fullmatch
_match_url: Final = re.compile(
    r"https?://[^\s\x00-\x1f\x7f<>\"@\\/?#]+([/?#][^\s\x00-\x1f\x7f<>\"@\\]*)?"
).fullmatch
_match_language: Final = re.compile("[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*").fullmatch
_match_wikidata: Final = re.compile("Q[0-9]{1,15}").fullmatch


class _DoubtError(Exception):
    """The value may be invalid, or valid in an unusual form."""


class ReportIn(report_in.ReportIn):
    """One statement by one reporter: figures, or a stance without figures."""

    def load(self, data: Any, **options: Any) -> Any:
        """Return the submission of a body; raises ValidationError as the base class does."""
        try:
            return _load_submission(data)
        except _DoubtError:
            return super().load(data, **options)


def _load_object(body: Any, checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return the loaded fields; a field that is null is left out."""
    if type(body) is not dict:
        raise _DoubtError
    loaded = {}
    for name, value in body.items():
        check = checks.get(name)
        if check is None:
            raise _DoubtError
        if value is not None:
            loaded[name] = check(value)
    return loaded


def _slug(value: Any) -> str:
    if not (type(value) is str and len(value) <= MAX_ID_LENGTH and _match_slug(value)):
        raise _DoubtError
    return str(value)


def _text(max_length: int) -> Check:
    """Return a check for text on one line, without control and format characters."""

    def check(value: Any) -> str:
        if not (
            type(value) is str
            and len(value) <= max_length
            and value.isprintable()
            and value != ""
            and not value.isspace()
        ):
            raise _DoubtError
        return str(value)

    return check


def _multiline(max_length: int) -> Check:
    check_line = _text(max_length)

    def check(value: Any) -> str:
        if not (type(value) is str and len(value) <= max_length):
            raise _DoubtError
        check_line(value.replace("\n", " "))
        return str(value)

    return check


def _name(value: Any) -> str:
    _check_name(value)
    return value if value.isascii() else normalize("NFC", value)


_check_name: Final = _text(MAX_NAME_LENGTH)


def _pattern(match: Callable[[str], object], max_length: int = MAX_NAME_LENGTH) -> Check:
    check_line = _text(max_length)

    def check(value: Any) -> str:
        if not (match(check_line(value))):
            raise _DoubtError
        return str(value)

    return check


def _one_of(values: tuple[str, ...]) -> Check:
    known = frozenset(values)

    def check(value: Any) -> str:
        if not (type(value) is str and value in known):
            raise _DoubtError
        return str(value)

    return check


def _count(minimum: int = 0) -> Check:
    def check(value: Any) -> int:
        if not (type(value) is int and minimum <= value <= MAX_COUNT):
            raise _DoubtError
        return int(value)

    return check


def _degrees(maximum: int) -> Check:
    def check(value: Any) -> float:
        if not (type(value) in (int, float) and -maximum <= value <= maximum):
            raise _DoubtError
        return float(value)

    return check


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise _DoubtError
    return bool(value)


def _list(check: Check, minimum: int = 0, maximum: int = MAX_LIST_LENGTH) -> Check:
    """Return a check for a list without duplicates."""

    def check_list(value: Any) -> tuple[Any, ...]:
        if not (type(value) is list and minimum <= len(value) <= maximum):
            raise _DoubtError
        members = tuple([check(each) for each in value])
        if len(members) > 1:
            if not (len({getattr(each, "id", each) for each in members}) == len(members)):
                raise _DoubtError
        return members

    return check_list


@lru_cache(maxsize=4_096)
def _day(text: str) -> date:
    if not (_match_day(text)):
        raise _DoubtError
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _DoubtError from None


@lru_cache(maxsize=4_096)
def _make_period(first_text: str | None, last_text: str) -> Period:
    first, last = None if first_text is None else _day(first_text), _day(last_text)
    if not (first is None or first <= last):
        raise _DoubtError
    return Period(first, last)


def _period(value: Any) -> Period:
    if not (type(value) is dict and value.keys() == {"from", "to"}):
        raise _DoubtError
    first, last = value["from"], value["to"]
    if not (type(last) is str and (first is None or type(first) is str)):
        raise _DoubtError
    return _make_period(first, last)


def _publication_date(value: Any) -> str:
    if not (type(value) is str and value.isascii()):
        raise _DoubtError
    if "T" in value:
        try:
            normalize_timestamp(value)
        except ValueError:
            raise _DoubtError from None
    else:
        _day(value)
    return str(value)


def _incident(value: Any) -> str:
    if value == OWN_INCIDENT:
        return OWN_INCIDENT
    scheme, _, incident_id = _check_incident(value).partition(":")
    if not (incident_id and " " not in value and scheme != OWN_INCIDENT):
        raise _DoubtError
    _slug(scheme)
    return str(value)


_check_incident: Final = _text(MAX_INCIDENT_LENGTH)


def _entity_checks(schema: Any, **more: Check) -> dict[str, Check]:
    """Return the checks of an entity's fields, in the order in which its schema loads them."""
    checks = {
        "id": _slug,
        "name": _name,
        "kind": _text(100),
        "aliases": _list(_name, maximum=MAX_ALIASES),
        "wikidata": _pattern(_match_wikidata),
        "country": _text(100),
        **more,
    }
    return {name: checks[name] for name in schema().load_fields}


_MAX_SHARED: Final = 4_096
"""How many mentions of a kind are kept to be shared."""

_MAX_SHARED_LENGTH: Final = 1_000
"""A mention of more characters is loaded each time."""


def _mention(checks: Mapping[str, Check]) -> Check:
    """Return a check for an id, or an object; mentions that are written alike may be one object.

    A register mentions the same few groups and places in every report. What is one object takes
    less memory, is compared at once, and is pickled once.
    """
    shared: dict[str, EntityMention] = {}

    def check(value: Any) -> EntityMention:
        if type(value) is str:
            return EntityMention(_slug(value))
        try:
            text = repr(value)
        except RecursionError:
            raise _DoubtError from None
        known = shared.get(text)
        if known is None:
            known = load(value)
            if len(text) <= _MAX_SHARED_LENGTH:
                if len(shared) >= _MAX_SHARED:
                    shared.clear()
                shared[text] = known
        return known

    def load(value: Any) -> EntityMention:
        fields = _load_object(value, checks)
        if "id" not in fields:
            raise _DoubtError
        # Conflicts with what is recorded are listed in the order of these fields.
        ordered = {name: fields[name] for name in checks if name in fields and name != "id"}
        return EntityMention(fields["id"], ordered)

    return check


def _parent(check: Check) -> Check:
    """Return a check for the id of a parent, or for an object with parents of its own."""

    def check_parent(value: Any) -> str | EntityMention:
        if type(value) is str:
            return _slug(value)
        depth, above = 0, value
        while type(above) is dict:
            depth, above = depth + 1, above.get("parent")
        if not (depth <= MAX_PARENTS_IN_PLACE):
            raise _DoubtError
        mention: EntityMention = check(value)
        return mention

    return check_parent


_PLACE: dict[str, Check] = {}
_GROUP: dict[str, Check] = {}
_REPORTER: dict[str, Check] = {}

_place: Final = _mention(_PLACE)
_group: Final = _mention(_GROUP)
_reporter: Final = _mention(_REPORTER)

_PLACE |= _entity_checks(
    PlaceMention,
    parent=_parent(_place),
    division=_slug,
    latitude=_degrees(90),
    longitude=_degrees(180),
    geonames_id=_count(1),
    pcode=_text(50),
)
_GROUP |= _entity_checks(GroupMention, parent=_parent(_group), facet=_slug)
_REPORTER |= _entity_checks(ReporterMention, party=_flag)


_REF: Final = {"ref": _text(MAX_NAME_LENGTH)}
_OTHER_REF: Final = {**_REF, "reporter": _slug}


def _link(checks: Mapping[str, Check]) -> Check:
    def check(value: Any) -> str | ReportRef:
        if type(value) is str:
            return _slug(value)
        fields = _load_object(value, checks)
        if "ref" not in fields:
            raise _DoubtError
        return ReportRef(**fields)

    return check


_RECLASSIFICATION: Final = {"figure": _slug, "from": _one_of(OUTCOME.values)}


def _reclassification(value: Any) -> Reclassification:
    fields = _load_object(value, _RECLASSIFICATION)
    if not (len(fields) == len(_RECLASSIFICATION)):
        raise _DoubtError
    return Reclassification(fields["figure"], fields["from"])


_SOURCE: Final = {
    "url": _pattern(_match_url, 2_000),
    "publisher": _text(MAX_NAME_LENGTH),
    "title": _multiline(1_000),
    "language": _pattern(_match_language, 35),
}


def _source(value: Any) -> Source:
    return Source(**_load_object(value, _SOURCE))


_SCOPE: Final = {
    "period": _period,
    "places": _list(_place, minimum=1),
    "groups": _list(_group, minimum=1),
    "incident": _incident,
}

_FIGURE: Final = {
    "outcomes": _list(_one_of(OUTCOME.values), minimum=1, maximum=len(OUTCOME.values)),
    "wording": _text(1_000),
    "low": _count(),
    "high": _count(),
    "exactly": _count(),
    "best": _count(),
    "note": _multiline(MAX_TEXT_LENGTH),
    "reclassifies": _reclassification,
    **_SCOPE,
}


def _figure(value: Any) -> SubmittedFigure:
    fields = _load_object(value, _FIGURE)
    return SubmittedFigure(incident_given="incident" in value, **fields)


def _figures(value: Any) -> tuple[SubmittedFigure, ...]:
    if not (type(value) is list and len(value) <= MAX_LIST_LENGTH):
        raise _DoubtError
    return tuple([_figure(each) for each in value])


_REPORT: Final = {
    "reporter": _reporter,
    "ref": _text(MAX_NAME_LENGTH),
    "published_at": _publication_date,
    "source": _source,
    "quote": _multiline(MAX_TEXT_LENGTH),
    "note": _multiline(MAX_TEXT_LENGTH),
    "figures": _figures,
    "stance": _one_of(STANCE.values),
    "caveats": _list(_text(500), maximum=100),
    "relays": _link(_OTHER_REF),
    "supersedes": _link(_REF),
    **_SCOPE,
}


def _load_submission(body: Any) -> Submission:
    fields = _load_object(body, _REPORT)
    if "reporter" not in fields:
        raise _DoubtError
    for name in ("relays", "supersedes"):
        if isinstance(fields.get(name), ReportRef):
            fields[f"{name}_ref"] = fields.pop(name)
    return Submission(**fields)

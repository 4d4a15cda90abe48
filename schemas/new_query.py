"""The parameters of the page and the feed about what is new."""

from typing import Any, Final

from marshmallow import ValidationError, fields

from schemas.base import Parameters
from schemas.fields import CommaList, Slug

MAX_DAY_LENGTH: Final = 40
MAX_SEQ_DIGITS: Final = 15


class DayOrSeq(fields.Field[int | str]):
    """A `seq` of the event log, which loads as int, or a day as people write it, as text."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int | str:
        text = " ".join(str(value).split())
        if text.isascii() and text.isdigit() and len(text) <= MAX_SEQ_DIGITS:
            return int(text)
        if not 0 < len(text) <= MAX_DAY_LENGTH:
            raise ValidationError("This must be a day, such as 30 June 2024, or a seq.")
        return text


class FeedParameters(Parameters):
    """Of which places and reporters the changes are shown."""

    places = CommaList(Slug(), data_key="place")
    reporters = CommaList(Slug(), data_key="reporter")


class NewParameters(FeedParameters):
    """From when on changes are shown, until when, and of which places and reporters."""

    since = DayOrSeq()
    until = DayOrSeq()

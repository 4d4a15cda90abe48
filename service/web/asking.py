"""What a page is asked, and the addresses of other pages that ask a little differently."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import request
from marshmallow import ValidationError

from schemas.pages import PageQuery
from service.api.parser import complaint
from service.domain.errors import invalid
from service.domain.question import Question
from service.domain.vocabulary import LOSSES, in_order

LISTS: Final = ("place", "group", "reporter", "exclude_reporter", "show")
"""Parameters of several values: a form sends each by itself, a link all with commas between."""

OF_THE_ANSWER: Final = (
    "place", "from", "to", "group", "reporter", "exclude_reporter", "party", "straddling", "as_of",
)  # fmt: skip
"""The parameters that say what is asked, and not how it is shown; the interface has the same."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and how a page shows the answer.

    ``given`` are the parameters as they stand in the address, without the empty ones. ``show`` is
    the one set of outcomes that the pictures show; ``scale`` None leaves the spans of the time
    chart to the page, and ``chart`` is None unless one picture alone is asked for.
    """

    given: Mapping[str, str]
    question: Question
    show: frozenset[str] = LOSSES
    by: str = "place"
    scale: str | None = None
    find: str | None = None
    chart: str | None = None
    every: bool = False

    def link(self, page: str, **changes: str | None) -> str:
        """Return the address of the page with the same question but for the changes.

        It is relative, so that it holds below any path; None leaves a parameter out.
        """
        changed = {**self.given, **{_named(name): value for name, value in changes.items()}}
        kept = {name: value for name, value in changed.items() if value}
        return f"{page}?{urlencode(kept, safe=',:')}" if kept else page

    def api(self, page: str = "v1/totals", **more: str) -> str:
        """Return the call of the interface that asks the same."""
        kept = {name: self.given[name] for name in OF_THE_ANSWER if name in self.given}
        if self.question.as_of is not None:
            kept["as_of"] = str(self.question.as_of)
        kept.update({"outcomes": ",".join(in_order(self.show)), **more})
        return f"{page}?{urlencode(kept, safe=',:')}"


def _named(name: str) -> str:
    """Return the parameter that a keyword stands for: Python keeps ``from`` for itself."""
    return name.removesuffix("_")


def asked(now: datetime, given: Mapping[str, str] | None = None) -> Asked:
    """Return what the parameters ask (None: those of this request).

    Raises Invalid with a fault for each that is wrong.
    """
    given = sent() if given is None else given
    try:
        read: dict[str, Any] = PageQuery().load(given)
    except ValidationError as error:
        raise complaint(error.messages, "") from error
    moment = _moment(read.pop("as_of"), now)
    question = replace(read.pop("question"), as_of=moment)
    return Asked(given, question, **{**read, "every": read.get("every") == "true"})


def sent() -> dict[str, str]:
    """Return the parameters that are not empty; of lists those that stand several times joined."""
    found: dict[str, str] = {}
    for name, values in request.args.lists():
        filled = [value.strip() for value in values if value.strip()]
        if len(filled) > 1 and name not in LISTS:
            raise invalid(name, "This is given more than once.")
        if filled:
            found[name] = ",".join(filled)
    return found


def _moment(as_of: int | str | None, now: datetime) -> int | str | None:
    """Return the moment that is asked for: of a day its end, and of today now."""
    if not isinstance(as_of, str) or "T" in as_of:
        return as_of
    return None if as_of == now.date().isoformat() else f"{as_of}T23:59:59.999999Z"

"""What a page is asked, and the addresses of other pages that ask a little differently."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import request
from marshmallow import ValidationError

from schemas.dashboard_query import DashboardParameters
from service.domain.errors import ErrorDetail
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import LOSSES, sort_outcomes
from service.http.request_parsing import make_invalid_input_error, make_schema_error
from service.web.messages import plain

KNOWN: Final = frozenset(
    field.data_key or name for name, field in DashboardParameters().fields.items()
)
"""The parameters that pages know. Links get others from those who pass them on."""

LISTS: Final = ("place", "group", "reporter", "exclude_reporter", "show")
"""Parameters of several values: a form sends each by itself, a link all with commas between."""

OF_THE_ANSWER: Final = (
    "place", "from", "to", "group", "reporter", "exclude_reporter", "party", "straddling", "as_of",
)  # fmt: skip
"""The parameters that say what is asked, and not how it is shown; the interface has the same."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and how a page shows the answer.

    ``given`` are the parameters that stand in the address and are known and not empty. ``show`` is
    the one set of outcomes that the pictures show; ``scale`` None leaves the spans of the time
    chart to the page, and ``chart`` is None unless one picture alone is asked for.
    """

    given: Mapping[str, str]
    question: TotalsQuery
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
        kept.update({"outcomes": ",".join(sort_outcomes(self.show)), **more})
        return f"{page}?{urlencode(kept, safe=',:')}"


def _named(name: str) -> str:
    """Return the parameter that a keyword stands for: Python keeps ``from`` for itself."""
    return name.removesuffix("_")


def asked(now: datetime, given: Mapping[str, str] | None = None) -> Asked:
    """Return what the parameters ask (None: those of this request).

    Raises InvalidInputError with a fault for each that is wrong.
    """
    given, faults = sent() if given is None else (given, ())
    try:
        read: dict[str, Any] = DashboardParameters().load(given)
    except ValidationError as error:
        raise make_invalid_input_error(
            (*faults, *make_schema_error(error.messages, "").errors)
        ) from error
    if faults:
        raise make_invalid_input_error(faults)
    moment = _moment(read.pop("as_of"), now)
    question = replace(read.pop("query"), as_of=moment)
    return Asked(given, question, **{**read, "every": read.get("every") == "true"})


def sent() -> tuple[dict[str, str], tuple[ErrorDetail, ...]]:
    """Return what is given of the parameters that pages know, and a fault for each given too often.

    Those of several values may stand several times and are joined. Empty ones are left out, as are
    all that pages do not know.
    """
    found: dict[str, str] = {}
    faults = []
    for name, values in request.args.lists():
        filled = [value.strip() for value in values if value.strip()]
        if name not in KNOWN or not filled:
            continue
        if len(filled) == 1 or name in LISTS:
            found[name] = ",".join(filled)
        else:
            faults.append(ErrorDetail(name, plain("ask.repeated")))
    return found, tuple(faults)


def _moment(as_of: int | str | None, now: datetime) -> int | str | None:
    """Return the moment that is asked for: of a day its end, and of today now."""
    if not isinstance(as_of, str) or "T" in as_of:
        return as_of
    return None if as_of == now.date().isoformat() else f"{as_of}T23:59:59.999999Z"

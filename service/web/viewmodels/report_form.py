"""The report form: a report to correct, and the texts that scripts need."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from service.domain.report_copy import make_body
from service.domain.wording.range_text import NOT_DISCLOSED, READING_FORM, all_outcomes_texts
from service.http.consistency import get_reader
from service.http.context import request_time
from service.usecases import reports
from service.web import messages
from service.web.viewmodels.report_copy import CHANGEABLE_STATES, list_names

SCRIPT_PREFIX: Final = "enter.say."
"""The keys of the messages that the scripts of the form show begin with this."""

REPORT_SCRIPT_PREFIX: Final = "report.say."
"""The same for the script of the page of a report."""

PROBLEM_PREFIX: Final = f"{SCRIPT_PREFIX}problem."


@dataclass(frozen=True, slots=True)
class Correction:
    """A report as it would be sent again, and its entities by kind and id."""

    body: dict[str, Any]
    names: dict[str, dict[str, dict[str, str]]]


def load_correction(report_id: str) -> Correction | None:
    """Return the report to correct; None if it was replaced or withdrawn.

    Raises NotFoundError for an unknown id.
    """
    reader = get_reader()
    recorded = reports.get_report(reader, report_id, reader.seq, request_time())
    if recorded.state not in CHANGEABLE_STATES:
        return None
    report = recorded.report
    return Correction(make_body(report), list_names(reader.load_snapshot(reader.seq), report))


def select_form_messages() -> dict[str, Any]:
    """Return the texts that the scripts of the form show, by their keys without the prefix.

    Ranges and outcomes come from the domain's words. The key of a range is "range." and its kind,
    with {low} and {high} in the text; that of outcomes is "outcomes." and the outcomes, separated
    by commas.
    """
    texts = select_messages(SCRIPT_PREFIX, SCRIPT_PREFIX)
    texts |= {f"range.{kind}": text for kind, text in asdict(READING_FORM).items()}
    texts["range.not_disclosed"] = NOT_DISCLOSED
    return texts | {f"outcomes.{key}": text for key, text in all_outcomes_texts().items()}


def select_report_messages() -> dict[str, Any]:
    """Return the texts that the script of the page of a report shows, by their keys."""
    return select_messages(REPORT_SCRIPT_PREFIX, REPORT_SCRIPT_PREFIX) | select_messages(
        PROBLEM_PREFIX, SCRIPT_PREFIX
    )


def select_messages(beginning: str, prefix: str) -> dict[str, Any]:
    """Return the texts whose keys have the beginning, by their keys without the prefix."""
    return {
        key.removeprefix(prefix): message
        for key, message in messages.load_catalogue().items()
        if key.startswith(beginning)
    }

"""The notes of the rows of a table: what qualifies them, in the same words in every row."""

from collections.abc import Collection, Iterable
from typing import Final

from service.domain.caveats import Caveat
from service.domain.wording.bidi import isolate_bidi
from service.web.messages import plain_text

NOTES: Final = {
    **dict.fromkeys(
        ("shared_places", "shared_period", "shared_outcomes", "shared_groups"), "note.shared"
    ),
    **{
        code: f"note.{code}"
        for code in (
            "open_above", "follows", "running_total_step", "partly_reported", "undisclosed",
            "beginning_not_stated", "same_incident_elsewhere", "not_acknowledged", "declined",
            "approximate", "party_to_conflict", "single_reporter", "relayed",
            "same_reporter_conflict", "not_exact", "preliminary", "not_independently_verified",
            "more_report_caveats",
        )
    },
}  # fmt: skip
"""The note of each code. What else reports say of their figures is quoted; the row itself says that
it is disputed."""


def list_notes(caveats: Iterable[Caveat], stated: Collection[str] = ()) -> tuple[str, ...]:
    """Return the notes of a row, each once; caveats with a text in ``stated`` have none.

    Names and numbers are left out, so that many rows share one note: the page of the row has them.
    """
    notes = (
        plain_text(NOTES[each.code]) if each.code in NOTES else _quote_report(each.code)
        for each in caveats
        if each.text not in stated and each.code != "disputed"
    )
    return tuple(dict.fromkeys(notes))


def _quote_report(code: str) -> str:
    """Return a caveat in the words of a report, which are its code."""
    return isolate_bidi(code.removeprefix("own:").replace("_", " "))

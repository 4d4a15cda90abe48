"""The texts that the scripts of the report form need."""

from dataclasses import asdict
from typing import Any, Final

from service.domain.wording.range_text import NOT_DISCLOSED, READING_FORM, all_outcomes_texts
from service.web import messages

SCRIPT_PREFIX: Final = "enter.say."
"""The keys of the messages that the scripts show begin with this."""


def select_script_messages() -> dict[str, Any]:
    """Return the texts that the scripts show, by their keys without the prefix.

    Ranges and outcomes come from the domain's words. The key of a range is "range." and its kind,
    with {low} and {high} in the text; that of outcomes is "outcomes." and the outcomes, separated
    by commas.
    """
    texts = {
        key.removeprefix(SCRIPT_PREFIX): message
        for key, message in messages.load_catalogue().items()
        if key.startswith(SCRIPT_PREFIX)
    }
    texts |= {f"range.{kind}": text for kind, text in asdict(READING_FORM).items()}
    texts["range.not_disclosed"] = NOT_DISCLOSED
    return texts | {f"outcomes.{key}": text for key, text in all_outcomes_texts().items()}

"""The form in which a person enters one report: what its scripts need of the server."""

from typing import Any, Final

from service.web import messages

SCRIPT_PREFIX: Final = "enter.say."
"""What the texts begin with that the scripts say, rather than the page itself."""


def select_script_messages() -> dict[str, Any]:
    """Return the texts that the scripts of the form show, by their keys without the prefix."""
    return {
        key.removeprefix(SCRIPT_PREFIX): message
        for key, message in messages.load_catalogue().items()
        if key.startswith(SCRIPT_PREFIX)
    }

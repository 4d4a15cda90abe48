"""Regular expressions over texts in which something must be found."""

import re
from typing import Any


def find_some(pattern: str, text: str, flags: int = 0) -> list[Any]:
    """Return what ``re.findall`` does; fails where that is nothing.

    A loop over no matches would check nothing and pass.
    """
    matches = re.findall(pattern, text, flags)
    assert matches, f"nothing matches {pattern}"
    return matches

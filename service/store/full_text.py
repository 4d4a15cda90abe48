"""Words as they are searched for: without case and accents, the same on every engine."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 100
"""Of a longer word only so much is compared: an index of PostgreSQL holds no text of any length."""

_WORD: Final = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Return the words of the text, each once, in order of the alphabet."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in apart if not unicodedata.combining(each))
    return sorted({word[:LONGEST] for word in _WORD.findall(plain.casefold())})

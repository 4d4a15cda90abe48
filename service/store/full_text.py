"""Words as they are searched for: without case and accents, the same on every engine."""

import re
import unicodedata
from typing import Final

MAX_WORD_LENGTH: Final = 100
"""Of a longer word only so much is compared: an index of PostgreSQL holds no text of any length."""

_WORD: Final = re.compile(r"[^\W_]+")


def extract_words(text: str) -> list[str]:
    """Return the words of the text, each once, in order of the alphabet."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    without_accents = "".join(each for each in decomposed if not unicodedata.combining(each))
    return sorted({word[:MAX_WORD_LENGTH] for word in _WORD.findall(without_accents.casefold())})

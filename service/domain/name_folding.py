"""Names in the form in which they are searched: without case, accents, marks and alphabet."""

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")

_LETTER_MARKS: Final = re.compile("['’‘ʼʾʿ`´]")
"""Marks inside a word: they are left out. All other punctuation divides words."""

_LATIN: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ə": "e"}
)
"""Latin letters that do not decompose into a letter of English and a mark."""

_CYRILLIC: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "e", "є": "ye",
    "ж": "zh", "з": "z", "и": "i", "і": "i", "ї": "i", "й": "y", "к": "k", "л": "l", "м": "m",
    "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh",
    "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu",
    "я": "ya", "ў": "u", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "ђ": "d", "џ": "dz",
}  # fmt: skip
"""Cyrillic letters as English texts write them; those of Ukrainian words are below."""

_UKRAINIAN: Final = {**_CYRILLIC, "г": "h", "и": "y"}

_CYRILLIC_TABLE: Final = str.maketrans(_CYRILLIC)
_UKRAINIAN_TABLE: Final = str.maketrans(_UKRAINIAN)
_CYRILLIC_LETTER: Final = re.compile("[\u0400-\u045f]")
_UKRAINIAN_LETTER: Final = re.compile("[іїєґ]")


def fold_name(name: str) -> str:
    """Return the words of the name with spaces between, as they are searched.

    They have no case, no accents and no marks. Cyrillic letters are written as Latin ones: Київ is
    kyiv, Плёхово is plekhovo. A name without a word is "".
    """
    if name.isascii():
        folded = name.lower()
    else:
        folded = unicodedata.normalize("NFKC", name).casefold()
        folded = _write_in_latin(unicodedata.normalize("NFC", folded)).translate(_LATIN)
        decomposed = unicodedata.normalize("NFKD", folded)
        folded = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(_WORD.findall(_LETTER_MARKS.sub("", folded)))


def _write_in_latin(text: str) -> str:
    """Return the text with its Cyrillic letters as Latin ones, by the rules of its language."""
    if not _CYRILLIC_LETTER.search(text):
        return text
    is_ukrainian = _UKRAINIAN_LETTER.search(text) is not None
    return text.translate(_UKRAINIAN_TABLE if is_ukrainian else _CYRILLIC_TABLE)

"""Isolation of text whose letters run from right to left (Unicode Standard Annex 9)."""

import unicodedata
from typing import Final

NEUTRAL_CLASSES: Final = frozenset({"L", "EN", "ES", "ET", "CS", "NSM", "BN", "B", "S", "WS", "ON"})
"""Bidirectional classes that cannot reorder the text around them in a left-to-right sentence."""


def isolate_bidi(text: str) -> str:
    """Return the text between U+2068 (FSI) and U+2069 (PDI) if it could reorder its surroundings.

    All pages, messages and caveats are left-to-right. Text of the classes L and EN, and neutral
    characters between them, keeps its place there (rules W7 and N1 of UAX 9) and is returned as it
    is, so that most output contains no invisible characters. Everything else is isolated: strong
    right-to-left letters (R, AL), the explicit controls, Arabic digits (AN), beside which rule N1
    treats neutral characters as right-to-left, and characters that this Python does not know (class
    ""), since Unicode gives unassigned code points of some blocks the class R or AL.

    FSI takes the direction from the first strong letter of the text and ends at the next PDI. Names
    and caveats cannot end it early: the API rejects the controls in them.
    """
    if all(unicodedata.bidirectional(character) in NEUTRAL_CLASSES for character in text):
        return text
    return f"\u2068{text}\u2069"

"""Tokenizer: splits a wording into words, numerals and marks with their positions."""

import re
from dataclasses import dataclass
from typing import Final

from service.domain.errors import InvalidInputError

MAX_WORDING_LENGTH: Final = 300
"""The most characters of a wording; a longer text is a quote."""

_MAX_SHOWN: Final = 80
_QUOTES: Final = frozenset("\"'“”„‟‘’‚«»")
_DASHES: Final = frozenset("-‐‑‒–—―−﹘﹣－")
_CLOSING_MARKS: Final = frozenset(".,;")
_BRACKETS: Final = frozenset({("(", ")"), ("[", "]")})

# A numeral may contain thousands separators or a decimal mark; a space only before three digits.
# Digits next to a letter, a superscript or a digit of another script are a word, not a numeral; "k"
# after them is a word of its own.
_TOKEN_PATTERN: Final = re.compile(
    r"(?P<numeral>[0-9]+(?:[.,'’][0-9]+|[ \u00a0\u2009\u202f][0-9]{3}(?!\w))*(?=[kK]\b|(?!\w)))"
    r"|(?P<word>\w+(?:['’]\w+)*)"
    r"|(?P<mark>\S)"
)


class UnreadableWordingError(InvalidInputError):
    """A wording cannot be read as a whole; ``part`` is what was not read, from index ``start``.

    ``detail`` shows the part, with invisible characters escaped, and how to correct it.
    """

    def __init__(self, text: str, part: str, start: int, hint: str) -> None:
        shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in part[:_MAX_SHOWN])
        super().__init__(
            f'Not understood: "{shown}{"…" if len(part) > _MAX_SHOWN else ""}". {hint}'
        )
        self.text = text
        self.part = part
        self.start = start


@dataclass(frozen=True, slots=True)
class Token:
    """A word (in lower case), numeral or mark (any dash as "-"), and its position in the text."""

    word: str
    start: int
    stop: int
    is_numeral: bool


@dataclass(frozen=True, slots=True)
class Phrase:
    """A wording and its tokens, without quotation marks, outer brackets and a closing mark."""

    text: str
    tokens: tuple[Token, ...]

    @classmethod
    def from_text(cls, text: str) -> "Phrase":
        """Return the phrase; raises UnreadableWordingError if the text is too long."""
        if len(text.strip()) > MAX_WORDING_LENGTH:
            hint = (
                f"A wording has at most {MAX_WORDING_LENGTH} characters;"
                " longer text belongs in quote."
            )
            raise UnreadableWordingError(text, text.strip()[: _MAX_SHOWN + 1], 0, hint)
        return cls(text, _strip_marks(tokenize(text)))

    def word_at(self, at: int) -> str:
        """Return the token's word; "" beyond the end."""
        return self.tokens[at].word if at < len(self.tokens) else ""

    def words_between(self, first: int, stop: int) -> tuple[str, ...]:
        """Return the words of a run of tokens; fewer if the phrase ends before."""
        return tuple(token.word for token in self.tokens[first:stop])

    def touches_next(self, at: int) -> bool:
        """Whether no space separates the token from the next one."""
        return self.tokens[at].stop == self.tokens[at + 1].start

    def make_error(self, first: int, stop: int, hint: str) -> UnreadableWordingError:
        """Return the error for a run of tokens, or for the whole phrase if the run is empty."""
        run = self.tokens[first:stop] or self.tokens
        if not run:
            return UnreadableWordingError(self.text, self.text.strip(), 0, hint)
        return UnreadableWordingError(
            self.text, self.text[run[0].start : run[-1].stop], run[0].start, hint
        )


def tokenize(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text in order, without white space and quotation marks."""
    matches = ((match.group().lower(), match) for match in _TOKEN_PATTERN.finditer(text))
    return tuple(
        Token("-" if word in _DASHES else word, *match.span(), match.lastgroup == "numeral")
        for word, match in matches
        if word not in _QUOTES
    )


def _strip_marks(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Return the tokens without one closing mark and without brackets around the whole.

    Leading marks stay (".5" and "-5" are not 5). A colon at the end stays too, since "Civilian
    casualties:" is a heading without a statement.
    """
    if tokens and tokens[-1].word in _CLOSING_MARKS:
        tokens = tokens[:-1]
    if len(tokens) > 1 and (tokens[0].word, tokens[-1].word) in _BRACKETS:
        tokens = tokens[1:-1]
    return tokens

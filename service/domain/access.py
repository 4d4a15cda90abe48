"""Who may do what: the scopes of API keys, and for whom the holder of one may speak."""

import re
from dataclasses import dataclass
from typing import Final

from service.domain.errors import Fault, NotAllowed

SCOPES: Final = ("read", "report", "admin")
"""What a key may do, each including the ones before it."""

KEY_MARK: Final = "cas"
"""What every key begins with, so that one can be told from other text."""

_KEYS: Final = re.compile(rf"{KEY_MARK}(?:_|%(?:25)*5f)[\w%]*", re.IGNORECASE | re.ASCII)


def allows(scope: str, needed: str) -> bool:
    """Whether a key of the scope may do what needs the other."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


def without_keys(text: str) -> str:
    """Return the text with all that may be a key, or part of one, cut; escaped for a URL too."""
    return _KEYS.sub(f"{KEY_MARK}_...", text)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever sent a good key: the key's id, its scope, and the reporters that it is bound to.

    Bound to none, a key that may report may report for every reporter.
    """

    id: str
    scope: str
    reporters: tuple[str, ...] = ()

    def may(self, needed: str) -> bool:
        """Whether the key may do what needs the scope."""
        return allows(self.scope, needed)

    def may_report_for(self, reporter: str) -> bool:
        """Whether the key may say, or take back, what this reporter says."""
        return self.may("report") and (not self.reporters or reporter in self.reporters)

    def check_reports_for(self, reporter: str) -> None:
        """Raise NotAllowed unless the key may report for the reporter."""
        if not self.may_report_for(reporter):
            detail = f"The key may not report for {reporter}{self._instead()}."
            raise NotAllowed(detail, (Fault("/reporter", detail),))

    def check_describes(self, kind: str, id: str) -> None:
        """Raise NotAllowed unless the key may describe the entry by itself, without a report.

        One that is bound describes its own reporters alone: places and groups come with what is
        reported of them.
        """
        if self.reporters and not (kind == "reporter" and self.may_report_for(id)):
            raise NotAllowed(
                f"The key may not describe the {kind} {id} by itself{self._instead()};"
                " new places and groups are described in a report."
            )

    def _instead(self) -> str:
        if not self.reporters:
            return f": it has the scope {self.scope}"
        return f", only for {', '.join(self.reporters)}"

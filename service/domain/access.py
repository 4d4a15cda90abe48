"""Who may do what: the scopes of API keys, and for whom the holder of one may speak."""

import re
from dataclasses import dataclass
from typing import Final

from service.domain.errors import ErrorDetail, ForbiddenError

SCOPES: Final = ("read", "report", "admin")
"""What a key may do, each including the ones before it."""

KEY_PREFIX: Final = "cas"
"""What every key begins with, so that one can be told from other text."""

_KEY_PATTERN: Final = re.compile(rf"{KEY_PREFIX}(?:_|%(?:25)*5f)[\w%]*", re.IGNORECASE | re.ASCII)


def scope_includes(scope: str, needed: str) -> bool:
    """Whether a key of the scope may do what needs the other."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


def redact_keys(text: str) -> str:
    """Return the text with all that may be a key, or part of one, cut; escaped for a URL too."""
    return _KEY_PATTERN.sub(f"{KEY_PREFIX}_...", text)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever sent a good key: the key's id, its scope, and the reporters that it is bound to.

    Bound to none, a key that may report may report for every reporter.
    """

    id: str
    scope: str
    reporters: tuple[str, ...] = ()

    def has_scope(self, needed: str) -> bool:
        """Whether the key may do what needs the scope."""
        return scope_includes(self.scope, needed)

    def can_report_for(self, reporter: str) -> bool:
        """Whether the key may say, or take back, what this reporter says."""
        return self.has_scope("report") and (not self.reporters or reporter in self.reporters)

    def check_can_report_for(self, reporter: str) -> None:
        """Raise ForbiddenError unless the key may report for the reporter."""
        if not self.can_report_for(reporter):
            detail = f"The key may not report for {reporter}{self._explain_limits()}."
            raise ForbiddenError(detail, (ErrorDetail("/reporter", detail),))

    def check_can_describe(self, kind: str, entity_id: str) -> None:
        """Raise ForbiddenError unless the key may describe the entry by itself, without a report.

        One that is bound describes its own reporters alone: places and groups come with what is
        reported of them.
        """
        if self.reporters and not (kind == "reporter" and self.can_report_for(entity_id)):
            limits = self._explain_limits()
            raise ForbiddenError(
                f"The key may not describe the {kind} {entity_id} by itself{limits};"
                " new places and groups are described in a report."
            )

    def _explain_limits(self) -> str:
        if not self.reporters:
            return f": it has the scope {self.scope}"
        return f", only for {', '.join(self.reporters)}"

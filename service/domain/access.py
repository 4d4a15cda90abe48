"""Authorization: scopes of API keys, and the reporters that a key may report for."""

import re
from dataclasses import dataclass
from typing import Final

from service.domain.errors import ErrorDetail, ForbiddenError

SCOPES: Final = ("read", "report", "admin")
"""What a key may do; each scope includes those before it."""

KEY_PREFIX: Final = "cas"
"""The prefix of every API key, by which keys are recognised in text."""

_KEY_PATTERN: Final = re.compile(rf"{KEY_PREFIX}(?:_|%(?:25)*5f)[\w%]*", re.IGNORECASE | re.ASCII)


def scope_includes(scope: str, needed: str) -> bool:
    """Whether a key with ``scope`` may do what needs the scope ``needed``."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


def redact_keys(text: str) -> str:
    """Return the text with everything that may be a key, or part of one, removed.

    Keys that are percent-encoded for a URL are removed too.
    """
    return _KEY_PATTERN.sub(f"{KEY_PREFIX}_...", text)


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of an API key: the key's id, its scope, and the reporters that it is limited to.

    A key without ``reporters`` that has the scope ``report`` may report for every reporter.
    """

    id: str
    scope: str
    reporters: tuple[str, ...] = ()

    def has_scope(self, needed: str) -> bool:
        """Whether the key may do what needs the scope."""
        return scope_includes(self.scope, needed)

    def can_report_for(self, reporter: str) -> bool:
        """Whether the key may submit and retract reports of this reporter."""
        return self.has_scope("report") and (not self.reporters or reporter in self.reporters)

    def check_can_report_for(self, reporter: str) -> None:
        """Raise ForbiddenError unless the key may report for the reporter."""
        if not self.can_report_for(reporter):
            detail = f"The key may not report for {reporter}{self._explain_limits()}."
            raise ForbiddenError(detail, (ErrorDetail("/reporter", detail),))

    def check_can_describe(self, kind: str, entity_id: str) -> None:
        """Raise ForbiddenError unless the key may change the entity without a report.

        A key that is limited to reporters may change only these reporters. It can create places and
        groups only in a report.
        """
        if self.reporters and not (kind == "reporter" and self.can_report_for(entity_id)):
            limits = self._explain_limits()
            raise ForbiddenError(
                f"The key may not describe the {kind} {entity_id} outside of a report{limits}."
                " Describe new places and groups in a report."
            )

    def _explain_limits(self) -> str:
        if not self.reporters:
            return f": it has the scope {self.scope}"
        return f": it is limited to {', '.join(self.reporters)}"

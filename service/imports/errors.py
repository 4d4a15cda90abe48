"""What can be wrong with a mapping, with a file, or with one of its rows."""

from dataclasses import dataclass

from service.domain.errors import DomainError


class MappingError(DomainError):
    """The mapping is invalid; the detail names the key and the fix."""

    code = "mapping"


class FileError(DomainError):
    """The file cannot be read with this mapping; nothing of it was sent."""

    code = "file"


@dataclass(frozen=True, slots=True)
class RowError(Exception):
    """Why one row gives no report: ``column`` is "" if no single column is at fault."""

    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.column}: {self.reason}" if self.column else self.reason


class ServiceError(DomainError):
    """The service over HTTP did not take a request; ``status`` is 0 if it did not answer."""

    code = "service"

    def __init__(self, detail: str, status: int = 0) -> None:
        super().__init__(detail)
        self.status = status

"""Errors of commands: those that are expected are one line, without a traceback."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from service.domain.errors import DomainError
from service.settings import SettingsError

Command = TypeVar("Command", bound=Callable[..., Any])


def show_errors_in_one_line(command: Command) -> Command:
    """Return the command with expected errors shown in one line, without a traceback."""

    @wraps(command)
    def run_command(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (SettingsError, DomainError, OSError) as error:
            raise click.ClickException(str(error)) from None

    return run_command  # type: ignore[return-value]

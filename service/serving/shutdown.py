"""Graceful shutdown: /readyz answers 503, the server serves for the drain time, then it stops."""

import os
import signal
from collections.abc import Mapping
from types import FrameType
from typing import Any, Final

from service.serving import runtime_dir
from service.settings import SettingsError

VARIABLE: Final = "DRAIN_SECONDS"
DEFAULT_SECONDS: Final = "2"
MAX_SECONDS: Final = 600


def read_drain_seconds(environ: Mapping[str, str] | None = None) -> float:
    """Return the drain time in seconds; raises SettingsError for an invalid setting."""
    text = (os.environ if environ is None else environ).get(VARIABLE, DEFAULT_SECONDS)
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= MAX_SECONDS:
        raise SettingsError(
            f"{VARIABLE}={text!r}: give 0 to {MAX_SECONDS} seconds, like {DEFAULT_SECONDS}"
        )
    return value


def install_signal_handlers(server: Any, drain_seconds: float) -> None:
    """Make the first SIGTERM begin the drain time, and a second one end it at once.

    ``server`` is gunicorn's arbiter. Its other signals do not change: SIGINT and SIGQUIT do not
    wait.
    """
    if not drain_seconds:
        return

    def stop(number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        server.signal(signal.SIGTERM, None)

    def drain(number: int, frame: FrameType | None) -> None:
        # A worker has this handler between the fork and setting its own.
        if os.getpid() != server.pid:
            return
        # After SIGUSR2 a successor listens on the same socket: no client has to go elsewhere.
        if runtime_dir.is_draining() or server.reexec_pid:
            stop(number, frame)
            return
        runtime_dir.begin_draining()
        signal.setitimer(signal.ITIMER_REAL, drain_seconds)

    # A system timer instead of a thread: workers may still be forked meanwhile.
    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, drain)

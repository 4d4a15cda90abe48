"""How a server ends: first it says so, then it goes on serving for a while, then it stops."""

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
    """Return for how long the server goes on when it is asked to stop; raises SettingsError."""
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
    """Make the first SIGTERM begin a draining of so many seconds, and the next one end it at once.

    ``server`` is gunicorn's arbiter, whose other signals stay as they are: SIGINT and SIGQUIT do
    not wait for anything.
    """
    if not drain_seconds:
        return

    def stop(number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        server.signal(signal.SIGTERM, None)

    def drain(number: int, frame: FrameType | None) -> None:
        # A worker has this handler from the fork until it sets its own.
        if os.getpid() != server.pid:
            return
        # After SIGUSR2 a successor listens on the same socket: there is nobody to send elsewhere.
        if runtime_dir.is_draining() or server.reexec_pid:
            stop(number, frame)
            return
        runtime_dir.begin_draining()
        signal.setitimer(signal.ITIMER_REAL, drain_seconds)

    # A timer of the system's rather than a thread: workers may still have to be forked meanwhile.
    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, drain)

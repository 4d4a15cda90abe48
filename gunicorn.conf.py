"""How gunicorn serves the application; every line can be overridden on its command line.

Nothing here prepares the database: the application migrates it itself, however it is started.
"""

import os
import sys
from pathlib import Path
from typing import Any

from service.serving import runtime_dir, shutdown
from service.settings import SettingsError, load_settings

# Before the application is imported, since what counts looks for it then.
runtime_dir.make()

# A thread that works out a total gives way ten times sooner than by Python's default: the one that
# writes for all needs the interpreter for moments only, and often, while others wait for its turn.
sys.setswitchinterval(0.0005)

_host = os.environ.get("LISTEN_HOST", "127.0.0.1")
_port = os.environ.get("PORT", "8000")
bind = f"{_host}:{_port}"

# numpy multiplies matrices with as many threads as there are cores, and they wait for the next one
# by going round in circles: for matrices as small as ours that only takes the cores from others.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Threads, because a few slow clients would stop synchronous workers. Two processes, because one
# total can keep the solver, and with it one core, busy for seconds.
worker_class = "service.serving.gunicorn_worker.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8

# A worker that does not report for this long is replaced. A long computation does not count as
# silence, since the worker's main thread goes on reporting beside it.
timeout = 60

# After DRAIN_SECONDS, and together shorter than the 10 seconds after which container engines kill.
graceful_timeout = 6
keepalive = 5

# The head of a request: lists of ids may make its first line long, and 64 fields are twice what
# browsers and proxies together send. At most half a MiB is kept of it while it comes.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

# Of gunicorn's two parsers the one that is tested here, whatever else is installed.
http_parser = "python"

# Gunicorn would let a proxy on the same machine set the path with a header of its own; if that
# proxy passed on what clients send, they could step around its rules.
forwarder_headers = ""

# The heartbeat file needs no disk, and a read-only root file system has no other place for it.
if Path("/dev/shm").is_dir():  # noqa: S108 - shared memory, whose files gunicorn unlinks at once
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# The control socket would be made below $HOME, which may be read-only or shared, and is not used.
control_socket_disable = True

# The application writes one line for each request itself, and this one's are like them.
accesslog = None
logger_class = "service.serving.gunicorn_logging.Logger"


def on_starting(server: Any) -> None:
    """Refuse a bad setting with one line, before any worker is there to say it again."""
    try:
        load_settings()
        shutdown.seconds()
    except SettingsError as error:
        print(error, file=sys.stderr)
        raise SystemExit(3) from None
    # Workers may run as another user than the one who starts them (--user).
    os.chown(runtime_dir.make(), server.cfg.uid, server.cfg.gid)


def when_ready(server: Any) -> None:
    """Let SIGTERM turn /readyz to 503 first, so that requests are sent elsewhere in time."""
    shutdown.arrange(server, shutdown.seconds())


def post_fork(server: Any, worker: Any) -> None:
    """Leave what the processes share to the one that made it."""
    runtime_dir.leave()


def post_worker_init(worker: Any) -> None:
    """Tell how many threads answer, beside which the busy ones are counted; read the templates."""
    # Not needed before, and it must not be imported any earlier.
    from service import web
    from service.http import metrics

    metrics.metrics_of(worker.wsgi).set_thread_count(worker.cfg.threads)
    web.preload(worker.wsgi)


def child_exit(server: Any, worker: Any) -> None:
    """Keep what a worker counted, however it ended."""
    # Not needed before, and it must not be imported any earlier.
    from service.serving import metrics_multiprocess

    metrics_multiprocess.bury(worker.pid)

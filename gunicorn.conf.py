"""The configuration of gunicorn; options on its command line take precedence."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

from service import open_database
from service.domain.errors import DomainError
from service.serving import runtime_dir, shutdown
from service.settings import SettingsError, load_settings

# Before the application is imported, because the metrics look for the folder on import.
runtime_dir.make_dir()

# A thread that computes a total releases the interpreter ten times sooner than by Python's default.
# The writing thread needs the interpreter often and briefly, and all writes wait for it.
sys.setswitchinterval(0.0005)

# Python looks for cyclic garbage after every 700 new objects by default. A batch makes thousands of
# objects that stay until its end, and looking through them took a quarter of its time.
gc.set_threshold(20_000, 20, 50)

_host = os.environ.get("LISTEN_HOST", "127.0.0.1")
_port = os.environ.get("PORT", "8000")
bind = f"{_host}:{_port}"

# By default numpy multiplies matrices with a thread for each core, and idle threads wait in a busy
# loop. With matrices as small as these that only takes CPU time from other requests.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Threads, because a few slow clients would block synchronous workers. Two processes, because one
# total can occupy the solver, and with it one core, for seconds.
worker_class = "service.serving.gunicorn_worker.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8

# A worker that sends no heartbeat for this long is replaced. A long computation does not stop the
# heartbeat, which the worker's main thread sends.
timeout = 60

# Counted from the end of DRAIN_SECONDS. Container engines kill after 10 seconds in all.
graceful_timeout = 6
keepalive = 5

# Request line and headers: lists of ids can make the request line long, and 64 fields are twice
# what browsers and proxies together send. At most half a MiB of them is held in memory.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

# Files are sent like other responses, whose clients are not waited for without end.
sendfile = False

# Of gunicorn's two parsers, the one that this project tests, whatever else is installed.
http_parser = "python"

# By default gunicorn lets a proxy on the same machine set the path with a header. If the proxy
# passed on that header from clients, they could bypass its access rules.
forwarder_headers = ""

# The heartbeat file is in memory, because the root file system may be read-only.
if Path("/dev/shm").is_dir():  # noqa: S108 - shared memory, whose files gunicorn unlinks at once
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# The control socket is not used. It would be in $HOME, which may be read-only or shared.
control_socket_disable = True

# The application logs requests itself. This logger writes gunicorn's messages in the same format.
accesslog = None
logger_class = "service.serving.gunicorn_logging.Logger"


def on_starting(server: Any) -> None:
    """Stop at what would stop every worker, with one line: an invalid setting, the database."""
    try:
        settings = load_settings()
        shutdown.read_drain_seconds()
        # A first process of another user must not create files that workers may not write. Then
        # the first worker migrates the database.
        if server.cfg.uid == os.geteuid():
            open_database(settings).close()
    except (SettingsError, DomainError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(3) from None
    # Workers may run as another user than the first process (--user).
    os.chown(runtime_dir.make_dir(), server.cfg.uid, server.cfg.gid)


def when_ready(server: Any) -> None:
    """Make SIGTERM turn /readyz to 503 first, so that load balancers can react in time."""
    shutdown.install_signal_handlers(server, shutdown.read_drain_seconds())


def post_fork(server: Any, worker: Any) -> None:
    """Leave the removal of the shared folder to the process that created it."""
    runtime_dir.disown_dir()


def post_worker_init(worker: Any) -> None:
    """Set the number of threads, on which shares and metrics depend; load the templates."""
    # Not imported earlier: the shared folder must exist first.
    from service import web
    from service.http import metrics
    from service.http.context import get_services

    metrics.metrics_of(worker.wsgi).set_thread_count(worker.cfg.threads)
    with worker.wsgi.app_context():
        get_services().costly_slots.set_thread_count(worker.cfg.threads)
    web.preload(worker.wsgi)


def worker_exit(server: Any, worker: Any) -> None:
    """Leave as little as possible in the log of the database."""
    # Not imported earlier: the shared folder must exist first.
    from service.http.context import services_of

    if getattr(worker, "wsgi", None) is not None:
        services_of(worker.wsgi).store.checkpoint()


def child_exit(server: Any, worker: Any) -> None:
    """Keep the counts of a worker that has ended, for whatever reason."""
    # Not imported earlier: the shared folder must exist first.
    from service.serving import metrics_multiprocess

    metrics_multiprocess.merge_ended_process(worker.pid)

"""How gunicorn serves the application: its settings, its worker and its log, for `lrs serve` and for deploy/."""

import contextlib
import gc
import logging
import os
import re
import threading
from collections.abc import Callable, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from gunicorn.app.base import BaseApplication
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger
from gunicorn.http.wsgi import Response
from gunicorn.workers.gthread import ThreadWorker

from lrs import logs
from lrs.app import create_app
from lrs.config import Config
from lrs.errors import Unavailable
from lrs.leash import leash
from lrs.store import open_store

MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn makes a nameless file there
LONGEST_PATH = 200
LONGEST_CLOSE = 5.0
COLLECTED_AFTER: Final = 20_000
"""Objects that are made and kept before cycles are looked for: some requests' worth, and a few megabytes."""

access = structlog.get_logger("lrs.access")
log = logging.getLogger(__name__)


def settings(config: Config) -> dict[str, Any]:
    """Return gunicorn's settings; everything that is not said here is gunicorn's default."""
    return {
        "wsgi_app": "lrs.serving:application()",
        "bind": [f"[{config.host}]:{config.port}" if ":" in config.host else f"{config.host}:{config.port}"],
        "workers": config.processes or os.cpu_count() or 1,
        "worker_class": "lrs.connections.Worker",
        "threads": config.threads,
        # A request ends before the process that serves it is told to hurry, and that before it is shot.
        "graceful_timeout": config.graceful,
        "timeout": 2 * config.graceful,
        # Longer than what proxies keep idle connections for, so that it is they who close them.
        "keepalive": 80,
        # GET ?agent= holds JSON; the limit is the highest that gunicorn takes.
        "limit_request_line": 8190,
        # Whom to believe about a caller's address is said by LRS_PROXIES, and decided behind gunicorn.
        "forwarded_allow_ips": "",
        "forwarder_headers": "",
        "logger_class": "lrs.serving.Log",
        "loglevel": config.log_level,
        "proc_name": "lrs",
        "control_socket_disable": True,
        "on_starting": _check,
        "post_fork": _leash_worker,
        "post_worker_init": _collect_seldom,
        # The heartbeat file of a worker must not wait for a disk.
        **({"worker_tmp_dir": str(MEMORY)} if MEMORY.is_dir() else {}),
    }


def application() -> logs.RequestIds:
    """Return what a worker serves. Made in each worker: neither pymongo nor its threads survive a fork."""
    return _served(Config.from_env())


class Server(BaseApplication):
    """gunicorn with our settings, in this process."""

    def __init__(self, config: Config) -> None:
        self._config = config
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        for name, value in settings(self._config).items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """Return the application of one worker."""
        return _served(self._config)


def _served(config: Config) -> logs.RequestIds:
    return logs.RequestIds(create_app(config), trusted=config.proxies > 0)


class Log(Logger):
    """gunicorn's log as our JSON lines. No query strings: those of xAPI name people."""

    def setup(self, cfg: GunicornConfig) -> None:
        """Log where everything else logs."""
        logs.configure(cfg.loglevel)
        self.error_log.propagate = True
        self.error_log.addFilter(_discreet)

    def access(self, resp: Response, _req: Any, environ: MutableMapping[str, Any], request_time: timedelta) -> None:
        """Log one request."""
        access.info(
            "request",
            method=environ["REQUEST_METHOD"],
            # Without a path where gunicorn refuses a request before it is one.
            path=_plain(environ.get("PATH_INFO", "")[:LONGEST_PATH]),
            status=int(str(resp.status)[:3]),
            bytes=resp.sent,
            ms=round(request_time.total_seconds() * 1000, 1),
        )
        # What this thread logs next may belong to no request at all.
        structlog.contextvars.clear_contextvars()


def _discreet(record: logging.LogRecord) -> bool:
    """Take out of gunicorn's messages what they quote of a request."""
    message = re.sub(r"(?s)^(Invalid request from ip=\S+):.*", r"\1", record.getMessage())
    record.msg, record.args = re.sub(r"/\S*[@%]\S*", "/*", re.sub(r"\?\S+", "?", message)), None
    return True


def _plain(path: str) -> str:
    """Return a path with a star for what is no plain word: none of ours has such, so it may be a mailbox or a name."""
    return re.sub(r"[^/]*[^/\w.-][^/]*", "*", path, flags=re.ASCII)


def _check(_server: Any) -> None:
    """Raise BadSetting or NotMigrated before anything listens; say what is not safe."""
    config = Config.from_env().needing("mongodb_uri", "pepper")
    _check_database(config)
    warn(config)


def warn(config: Config) -> None:
    """Say in the log what people should not find out by harm."""
    if not config.is_private and not config.public_url.lower().startswith("https:"):
        log.warning("LRS_PUBLIC_URL has no https: cookies of people who sign in are not kept to https")


def _check_database(config: Config) -> None:
    """Raise NotMigrated; a database that is away may come back, so go on then."""
    with contextlib.closing(open_store(config.mongodb_uri, config.database, deadline=config.deadline)) as store:
        try:
            store.verify()
        except Unavailable:
            log.warning("the database is not available; requests are answered with 503 until it is")
    # pymongo does not survive a fork; its threads end a moment after their store is closed.
    for thread in set(threading.enumerate()) - {threading.main_thread()}:
        thread.join(LONGEST_CLOSE)


def _leash_worker(_server: Any, worker: ThreadWorker) -> None:
    leash("TERM", worker.ppid)


def _collect_seldom(_worker: ThreadWorker) -> None:
    """Let the collector pass over what is made once, and look seldom at the rest: it took a tenth of every request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER, 20, 20)

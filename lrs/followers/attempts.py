"""What a worker tries again and again: outages of the database are waited out, and whatever fails is told."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from lrs.errors import LRSError

T = TypeVar("T")


def attempt(log: logging.Logger, task: str, work: Callable[[], T], stop: threading.Event | None = None) -> T | None:
    """Return what the work returns, None where it failed: the next round tries again.

    Once ``stop`` is set it is not begun: each may wait for the database until its deadline, and whoever stops a worker
    waits for one of them only.
    """
    if stop is not None and stop.is_set():
        return None
    try:
        return work()
    except LRSError:
        log.warning("the database is not available; trying again", extra={"task": task})
    except Exception:
        log.exception("a task of the worker failed; trying again", extra={"task": task})
    return None

"""Errands: what a worker does with others, each in a thread of its own: one who is slow holds up nobody else."""

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from lrs.errors import LRSError

EVERY: Final = 0.5
"""Seconds between two looks at what is due."""
AT_ONCE: Final = 8
"""Errands of one kind that are run at the same time; the others wait for their turn."""

log = logging.getLogger(__name__)

Due = Callable[[], Iterable[tuple[str, Callable[[], None]]]]
"""What is to be done now: names, and what to call. One name is not called twice at a time; it is asked for often."""


class Errands:
    """Runs errands until it is stopped; those that take long should end now and then, and be due again."""

    def __init__(self, name: str, due: Due, stop: threading.Event, *, at_once: int = AT_ONCE) -> None:
        self._name = name
        self._due = due
        self._stop = stop
        self._pool = ThreadPoolExecutor(at_once, name)
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Wait until everything that was begun has ended, once ``stop`` is set."""
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                for name, errand in self._due():
                    self._begin(name, errand)
            except LRSError:
                log.warning("the database is not available; trying again", extra={"task": self._name})
            except Exception:
                log.exception("a task of the worker failed; trying again", extra={"task": self._name})
            self._stop.wait(EVERY)

    def _begin(self, name: str, errand: Callable[[], None]) -> None:
        with self._lock:
            if name in self._busy:
                return
            self._busy.add(name)
        self._pool.submit(self._do, name, errand)

    def _do(self, name: str, errand: Callable[[], None]) -> None:
        try:
            errand()
        except LRSError:
            log.warning("the database is not available; trying again", extra={"task": self._name})
        except Exception:
            log.exception("an errand failed; trying again", extra={"task": self._name, "errand": name})
        finally:
            with self._lock:
                self._busy.discard(name)

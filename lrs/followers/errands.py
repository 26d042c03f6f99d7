"""Errands: what a worker does with others, each in a thread of its own: one who is slow holds up nobody else."""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from lrs.errors import LRSError
from lrs.followers.attempts import attempt
from lrs.services import clocks
from lrs.services.backoff import pause

EVERY: Final = 0.5
"""Seconds between two looks at what is due."""
AT_ONCE: Final = 8
"""Errands of one kind that are run at the same time; the others wait for their turn."""
SHARE: Final = 4
"""How many of these may be for one organisation, however many are due."""
LONGEST: Final = 30.0
"""Seconds until an errand that failed is begun again, at most."""

log = logging.getLogger(__name__)

Due = Callable[[], Iterable[tuple[str, bytes, Callable[[], None]]]]
"""What is to be done now: names, for which organisations, and what to call.

One name is not called twice at a time; it is asked for often.
"""


class Errands:
    """Runs errands until it is stopped; those that take long should end now and then, and be due again.

    One that raises something is left alone for a while, the longer the more often it did so.
    """

    def __init__(self, name: str, due: Due, stop: threading.Event, *, at_once: int = AT_ONCE) -> None:
        self._name = name
        self._due = due
        self._stop = stop
        self._pool = ThreadPoolExecutor(at_once, name)
        self._busy: set[str] = set()
        self._running: Counter[bytes] = Counter()
        self._waiting: dict[bytes, deque[tuple[str, Callable[[], None]]]] = {}
        self._failures: dict[str, tuple[int, float]] = {}
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
            attempt(log, self._name, self._begin_due)
            self._stop.wait(EVERY)

    def _begin_due(self) -> None:
        for name, org, errand in self._due():
            self._begin(name, org, errand)

    def _begin(self, name: str, org: bytes, errand: Callable[[], None]) -> None:
        with self._lock:
            _, again = self._failures.get(name, (0, 0.0))
            if name in self._busy or clocks.passed() < again:
                return
            self._busy.add(name)
            self._waiting.setdefault(org, deque()).append((name, errand))
            self._next(org)

    def _next(self, org: bytes) -> None:
        """Begin what an organisation has waited for longest, unless it has its share; the lock is held."""
        waiting = self._waiting.get(org)
        if waiting and self._running[org] < SHARE and not self._stop.is_set():
            name, errand = waiting.popleft()
            self._running[org] += 1
            self._pool.submit(self._do, name, org, errand)

    def _do(self, name: str, org: bytes, errand: Callable[[], None]) -> None:
        failed = True
        try:
            errand()
            failed = False
        except LRSError:
            log.warning("the database is not available; trying again", extra={"task": self._name})
        except Exception:
            log.exception("an errand failed; trying again", extra={"task": self._name, "errand": name})
        finally:
            with self._lock:
                self._ended(name, org, failed=failed)

    def _ended(self, name: str, org: bytes, *, failed: bool) -> None:
        failures = self._failures.pop(name, (0, 0.0))[0] + 1
        if failed:
            self._failures[name] = failures, clocks.passed() + min(pause(failures), LONGEST)
        self._busy.discard(name)
        self._running[org] -= 1
        if not self._running[org] and not self._waiting.get(org):
            del self._running[org]
            self._waiting.pop(org, None)
        self._next(org)

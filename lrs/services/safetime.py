"""The order of writes: stamps, this process's promise about them, and the safe time of all processes.

A reader that polls "since the last statement I saw" loses those that are stamped early and committed late. So every
process promises, a few times a second, an instant H such that everything it will ever commit from now on is stored
after H, and the safe time is the least promise of all processes that live. Nothing is paid by the writes. Three things
keep it true:

- a stamp and its entry among the writes in flight are made under one lock, and so is the promise;
- a process that joins first registers, which holds the safe time still, and then stamps above the greatest promise;
- a process that was stopped for longer than its lease, so that others may have dropped it, moves what it wrote
  meanwhile to new stamps before it answers.
"""

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from lrs.errors import LRSError, OutcomeUnknown, Unavailable
from lrs.services import clocks
from lrs.store.promises import LEASE, Promises

_EVERY = 0.2
_PAUSE = 0.05

log = logging.getLogger(__name__)


class Stamps:
    """A run of strictly increasing instants, in microseconds, for the statements of one write."""

    __slots__ = ("first", "generation", "token")

    def __init__(self, first: int, token: int, generation: int) -> None:
        self.first = first
        self.token = token
        self.generation = generation


class SafeTime:
    """One per process: gives out stamps, keeps the promise, knows the safe time.

    ``linger`` is how long, in seconds, a write whose outcome is not known may still be committed: the deadline that
    the database was given for it. ``now`` is the clock in microseconds.
    """

    def __init__(self, promises: Promises, *, linger: float, now: Callable[[], int] = clocks.now) -> None:
        self._promises = promises
        self._linger = linger
        self._now = now
        self._lock = threading.Lock()
        self._process = uuid4().hex
        self._tokens = itertools.count()
        self._in_flight: dict[int, int] = {}
        self._unknown: deque[tuple[float, Stamps]] = deque()
        self._last = 0
        self._generation = 0
        self._joined = False
        self._renewed = clocks.passed()
        self._safe = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="safe-time", daemon=True)

    def start(self) -> None:
        """Join the other processes and begin to promise; if the database is away, as soon as it is back."""
        with suppress(LRSError):
            self.renew()
        self._thread.start()

    def stop(self) -> None:
        """Stop promising and leave, so that nobody waits for this process."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            idle, joined, self._joined = not self._in_flight, self._joined, False
        if idle and joined:
            with suppress(LRSError):
                self._promises.leave(self._process, self._last)

    @property
    def consistent_through(self) -> int:
        """The safe time as this process knows it: nothing new will appear at or before it. 0 before it is known."""
        return self._safe

    @property
    def kept(self) -> bool:
        """Whether the promise stands: renewed in the database within the lease."""
        return self._joined and clocks.passed() - self._renewed <= LEASE

    @contextmanager
    def in_flight(self, count: int, restamp: Callable[[Stamps], None]) -> Iterator[Stamps]:
        """Give ``count`` stamps to a write that is done inside; raise Unavailable where no promise can be kept.

        If the write succeeds although this process may have been dropped meanwhile, ``restamp`` is called with new
        stamps, as often as it takes. A write that ends without a known outcome stays in flight until it cannot be
        committed any more.
        """
        stamps = self._take(count)
        try:
            yield stamps
            while self._lapsed(stamps):
                stamps = self._moved(stamps, count, restamp)
        except BaseException as error:
            # Only what the store says to be without effect is over; anything unforeseen may still be committed.
            if isinstance(error, LRSError) and not isinstance(error, OutcomeUnknown):
                self._done(stamps)
            else:
                self._linger_on(stamps)
            raise
        self._done(stamps)

    def _moved(self, stamps: Stamps, count: int, restamp: Callable[[Stamps], None]) -> Stamps:
        """Move what was written to new stamps; waits until this process has joined again, for ``linger`` at most."""
        patience = clocks.passed() + self._linger
        while True:
            fresh = None
            try:
                fresh = self._take(count)
                restamp(fresh)
            except Unavailable:
                if fresh is not None:
                    self._linger_on(fresh)
                if clocks.passed() > patience:
                    raise
                time.sleep(_PAUSE)
            else:
                self._done(stamps)
                return fresh

    def _linger_on(self, stamps: Stamps) -> None:
        with self._lock:
            self._unknown.append((clocks.passed() + self._linger, stamps))

    def _take(self, count: int) -> Stamps:
        with self._lock:
            if not self._joined:
                raise Unavailable
            first = max(self._now(), self._last + 1)
            self._last = first + count - 1
            token = next(self._tokens)
            self._in_flight[token] = first
            return Stamps(first, token, self._generation)

    def _lapsed(self, stamps: Stamps) -> bool:
        return stamps.generation != self._generation or clocks.passed() - self._renewed > LEASE

    def _done(self, stamps: Stamps) -> None:
        with self._lock:
            self._in_flight.pop(stamps.token, None)

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            try:
                self.renew()
            except LRSError:
                log.debug("the promise could not be renewed; trying again")
            except Exception:
                log.exception("the promise could not be renewed")

    def renew(self) -> None:
        """Promise anew and learn what the others promise; joins first where this process is not among them."""
        began = clocks.passed()
        if began - self._renewed > LEASE:
            with self._lock:
                self._generation += 1
        if not self._joined:
            self._join()
        elif not self._promises.renew(self._process, self._promise()):
            with self._lock:
                self._joined = False
                self._generation += 1
            self._join()
        self._renewed = began
        self._learn()

    def _join(self) -> None:
        self._promises.register(self._process)
        greatest = self._promises.greatest()
        with self._lock:
            self._last = max(self._last, greatest)
            self._joined = True
        self._promises.renew(self._process, self._promise())

    def _promise(self) -> int:
        with self._lock:
            while self._unknown and self._unknown[0][0] < clocks.passed():
                self._in_flight.pop(self._unknown.popleft()[1].token, None)
            # Stamps grow, so the first entry is the oldest write.
            oldest = next(iter(self._in_flight.values()), None)
            if oldest is not None:
                return oldest - 1
            self._last = max(self._last, self._now())
            return self._last

    def _learn(self) -> None:
        rows = self._promises.read()
        for row in rows:
            if row.over:
                self._promises.drop(row)
        promises = [row.promise for row in rows if not row.over]
        if promises and None not in promises:
            self._safe = max(self._safe, min(promise for promise in promises if promise is not None))


def learn(promises: Promises) -> int:
    """Return the safe time for a process that stamps nothing itself; 0 where it is not known."""
    rows = [row for row in promises.read() if not row.over]
    if not rows:
        return promises.greatest()
    known = [row.promise for row in rows if row.promise is not None]
    return min(known) if len(known) == len(rows) else 0

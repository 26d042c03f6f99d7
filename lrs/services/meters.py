"""Counting against limits that hold for all processes together, without asking the store at every request.

A process takes a slice of what is left in the store, spends it in memory and takes the next. So the limit is never
exceeded, however many processes there are; what a process has not spent of a slice when the span of time is over, or
when it ends, is lost to the others, at most a fiftieth of the limit a process. Spans begin with the minute of each
host's clock.
"""

import math
import random
import threading
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from lrs.errors import Unavailable
from lrs.services import clocks
from lrs.store.allowances import Allowances, Taken

MOST_SUBJECTS: Final = 50_000
"""Subjects of one span that a process remembers; a forgotten one costs another slice."""
_SLICES: Final = 50
_JITTER: Final = 5
_SECOND: Final = 1_000_000
_AWAY: Final = 1.0
"""Seconds for which an unavailable store is not asked again."""


@dataclass(slots=True)
class _Meter:
    """What this process may still spend of one subject, and whether more can be had."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    left: int = 0
    dry: bool = False


class _Span:
    """One span of time, from ``begin`` to ``end`` in microseconds, and the meters that are read in it."""

    __slots__ = ("begin", "end", "meters")

    def __init__(self, begin: int, end: int) -> None:
        self.begin = begin
        self.end = end
        self.meters: dict[str, _Meter] = {}


class Meters:
    """The meters of one process, all over the same span of ``seconds``; ``key`` keeps subjects out of the database."""

    def __init__(self, allowances: Allowances, key: bytes, *, seconds: int = 60) -> None:
        self._allowances = allowances
        self._key = key
        self._length = seconds * _SECOND
        self._lock = threading.Lock()
        self._span = _Span(0, 0)
        self._away_until = 0.0

    def spend(self, subject: str, amount: int, limit: int) -> bool:
        """Count ``amount`` for a subject; False, with nothing counted, where less than that is left of ``limit``.

        True while the store is unavailable: the request will meet the outage itself.
        """
        meter, span = self._meter(subject)
        # Per subject: who asks the store holds up nobody else, and the others of this subject need its answer.
        with meter.lock:
            if meter.left < amount and not meter.dry:
                wanted = max(amount - meter.left, limit // _SLICES, 1)
                taken = self._take(subject, span, wanted, limit)
                if taken is None:
                    return True
                meter.left += taken.granted
                meter.dry = not taken.left
            if meter.left < amount:
                return False
            meter.left -= amount
            return True

    def is_spent(self, subject: str) -> bool:
        """Tell whether this process knows that nothing is left of a subject, without asking."""
        meter = self._current().meters.get(subject)
        return meter is not None and meter.dry and not meter.left

    def retry_after(self) -> int:
        """Return the seconds to the end of the span, and a few more: not everybody should come back at once."""
        left = math.ceil((self._span.end - clocks.now()) / _SECOND)
        return max(left, 0) + random.randint(1, _JITTER)  # noqa: S311 - no secret

    def _meter(self, subject: str) -> tuple[_Meter, _Span]:
        span = self._current()
        meter = span.meters.get(subject)
        if meter is None:
            with self._lock:
                while len(span.meters) >= MOST_SUBJECTS:
                    del span.meters[next(iter(span.meters))]
                meter = span.meters.setdefault(subject, _Meter())
        return meter, span

    def _current(self) -> _Span:
        span = self._span
        if span.begin <= clocks.now() < span.end:
            return span
        with self._lock:
            # Once more: another thread may have turned the page, and this one have slept since it read the clock.
            now = clocks.now()
            if not self._span.begin <= now < self._span.end:
                begin = now - now % self._length
                self._span = _Span(begin, begin + self._length)
            return self._span

    def _take(self, subject: str, span: _Span, amount: int, limit: int) -> Taken | None:
        """Take from the store; None where it is unavailable."""
        if clocks.passed() < self._away_until:
            return None
        begin = span.begin // _SECOND
        name = blake2b(subject.encode(), key=self._key, digest_size=16).digest() + begin.to_bytes(8)
        try:
            return self._allowances.take(name, amount, limit=limit, until=span.end // _SECOND)
        except Unavailable:
            self._away_until = clocks.passed() + _AWAY
            return None

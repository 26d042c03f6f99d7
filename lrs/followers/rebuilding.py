"""Making training records anew, from the first statement on.

The follower's place is taken from the worker and reset; what was derived goes, and statements are folded as ever. So
readers see how far it has come, and whoever dies over it leaves a place where the worker goes on.
"""

import secrets
import time
from typing import Final, Protocol

from lrs.errors import Unavailable
from lrs.followers.feed import LEASE, Follower, LeaseLost, take_turns
from lrs.followers.records import records_follower
from lrs.services import clocks
from lrs.services.reading import Reading
from lrs.services.safetime import learn
from lrs.store import Store

_PAUSE: Final = 0.5
PATIENCE: Final = 60.0
"""Seconds that failures in a row are waited out."""


class Told(Protocol):
    """Is told how it goes; called often."""

    def waiting(self) -> None:
        """Hear that another worker still holds the place."""

    def clearing(self) -> None:
        """Hear that what there was is being removed."""

    def folded(self, count: int, total: int) -> None:
        """Hear that so many statements of all have been folded; none at first."""


class Rebuild:
    """Rebuilds the records of organisations, one at a time."""

    def __init__(self, store: Store, timezone: str, told: Told) -> None:
        self._store = store
        self._worker = secrets.token_hex(8)
        self._follower: Follower[Reading] = records_follower(store, self._worker, timezone)
        self._told = told

    def run(self, org: bytes) -> int:
        """Make the records of an organisation anew; return how many statements were folded.

        Raise LeaseLost where another worker has taken over, which goes on; Unavailable where the database stays away.
        """
        take_turns()
        name = self._follower.name(org)
        self._take(name)
        try:
            if not self._store.places.reset(name, self._worker):
                raise LeaseLost("Another worker has taken over")
            return self._fold(org, name)
        finally:
            self._store.places.release(name, self._worker)

    def _take(self, name: str) -> None:
        while True:
            # Asked for again and again: whoever wants a place and dies must not keep others from it.
            self._store.places.want(name, self._worker, lease=LEASE)
            if self._store.places.take(name, self._worker, lease=LEASE) is not None:
                return
            self._told.waiting()
            time.sleep(_PAUSE)

    def _fold(self, org: bytes, name: str) -> int:
        through = learn(self._store.promises)
        total, count = self._store.statements.count(org, through), 0
        while self._store.places.find(name).unclean:
            self._told.clearing()
            self._forward(org, through)
        self._told.folded(count, total)
        while read := self._forward(org, through):
            count += read
            self._told.folded(count, total)
        if self._store.statements.next(org, self._store.places.find(name).place, through=through) is not None:
            raise LeaseLost("Another worker has taken over")
        return count

    def _forward(self, org: bytes, through: int) -> int:
        until = clocks.passed() + PATIENCE
        while True:
            try:
                return self._follower.forward(org, through)
            except LeaseLost:
                raise
            except Unavailable:
                if clocks.passed() > until:
                    raise
                time.sleep(_PAUSE)

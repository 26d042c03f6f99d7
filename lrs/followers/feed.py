"""The feed: every statement of an organisation once, in the order of ``stored``, up to the safe time.

A follower keeps something derived from statements. It reads in batches and its place is kept in MongoDB, moved after
each batch: what was read when a worker died is read again, so effects must bear repetition, or move the place in a
transaction of their own. One worker at a time holds a follower's place.
"""

from collections.abc import Callable, Sequence
from typing import Final

from lrs.errors import Unavailable
from lrs.services.safetime import learn
from lrs.store import Store
from lrs.store.rows import Found
from lrs.store.transactions import Session

LEASE: Final = 30.0
"""Seconds that a worker holds a place without renewing it; a batch must be done in less."""
BATCH: Final = 500

Move = Callable[[Session], None]
"""Moves the place behind a batch within a transaction; raises LeaseLost where another worker holds it."""
Effect = Callable[[bytes, Sequence[Found], Move], None]
"""What a follower does with a batch: called with the organisation, its statements in order, and how to move on."""


class LeaseLost(Unavailable):
    """Another worker has taken over: what this one was doing must not count."""


class Follower:
    """One derived thing. ``name`` is for ever: its places are kept under it. ``batch`` is about how much it reads.

    After a failure it reads less at once: a transaction must end within its lifetime, on a slow machine too.
    """

    def __init__(self, store: Store, name: str, worker: str, effect: Effect, *, batch: int = BATCH) -> None:
        self._store = store
        self._name = name
        self._worker = worker
        self._effect = effect
        self._most = self._batch = batch
        self._known: dict[bytes, int] = {}

    def follow(self) -> int:
        """Bring every organisation forward by one batch; return how many statements were read.

        Organisations whose place another worker holds are left to it. Raises Unavailable.
        """
        through = learn(self._store.promises)
        return sum(self.forward(org, through) for org in self._store.organisations.orgs())

    def forward(self, org: bytes, through: int) -> int:
        """Bring one organisation forward by one batch, up to ``through``; return how many statements were read."""
        # A look costs a read, a lease a write that a majority must have: most of the time there is nothing new.
        if self._known.get(org, 0) >= min(self._store.statements.newest(org), through):
            return 0
        place = self._store.places.take(self.name(org), self._worker, lease=LEASE)
        if place is None:
            return 0
        self._known[org] = place
        batch = self._store.statements.after(org, place, through=through, most=self._batch)
        if batch:
            behind = batch[-1].stored
            try:
                self._effect(org, batch, lambda session: self._move(org, behind, session))
            except Unavailable:
                self._batch = max(self._batch // 2, 1)
                raise
            self._batch = min(self._batch * 2, self._most)
            if self._store.places.move(self.name(org), self._worker, behind):
                self._known[org] = behind
        return len(batch)

    def name(self, org: bytes) -> str:
        """Return what the place in an organisation is kept under."""
        return f"{self._name}:{org.hex()}"

    def _move(self, org: bytes, place: int, session: Session) -> None:
        if not self._store.places.move(self.name(org), self._worker, place, session):
            raise LeaseLost("Another worker has taken over")

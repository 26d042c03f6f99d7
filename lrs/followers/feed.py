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
    """One derived thing. ``name`` is for ever: its places are kept under it. ``batch`` is about how much it reads."""

    def __init__(self, store: Store, name: str, worker: str, effect: Effect, *, batch: int = BATCH) -> None:
        self._store = store
        self._name = name
        self._worker = worker
        self._effect = effect
        self._batch = batch

    def follow(self) -> int:
        """Bring every organisation forward by one batch; return how many statements were read.

        Organisations whose place another worker holds are left to it. Raises Unavailable.
        """
        through = learn(self._store.promises)
        return sum(self.forward(org, through) for org in self._store.organisations.orgs())

    def forward(self, org: bytes, through: int) -> int:
        """Bring one organisation forward by one batch, up to ``through``; return how many statements were read."""
        place = self._store.places.take(self.name(org), self._worker, lease=LEASE)
        if place is None or place >= through:
            return 0
        batch = self._store.statements.after(org, place, through=through, most=self._batch)
        if batch:
            behind = batch[-1].stored
            self._effect(org, batch, lambda session: self._move(org, behind, session))
            self._store.places.move(self.name(org), self._worker, behind)
        return len(batch)

    def name(self, org: bytes) -> str:
        """Return what the place in an organisation is kept under."""
        return f"{self._name}:{org.hex()}"

    def _move(self, org: bytes, place: int, session: Session) -> None:
        if not self._store.places.move(self.name(org), self._worker, place, session):
            raise LeaseLost("Another worker has taken over")

"""The feed: every statement of an organisation once, in the order of ``stored``, up to the safe time.

A follower keeps something derived from statements. It reads in batches and its place is kept in MongoDB, moved after
each batch: what was read when a worker died is read again, so effects must bear repetition. One worker at a time holds
a follower's place.
"""

from collections.abc import Callable, Sequence
from typing import Final

from lrs.services.safetime import learn
from lrs.store import Store
from lrs.store.rows import Found

LEASE: Final = 30.0
"""Seconds that a worker holds a place without renewing it; a batch must be done in less."""
BATCH: Final = 500

Effect = Callable[[bytes, Sequence[Found]], None]
"""What a follower does with a batch: called with the organisation and its statements, in order."""


class Follower:
    """One derived thing. ``name`` is for ever: its places are kept under it."""

    def __init__(self, store: Store, name: str, worker: str, effect: Effect) -> None:
        self._store = store
        self._name = name
        self._worker = worker
        self._effect = effect

    def follow(self) -> int:
        """Bring every organisation forward by one batch; return how many statements were read.

        Organisations whose place another worker holds are left to it. Raises Unavailable.
        """
        through = learn(self._store.promises)
        return sum(self._forward(org, through) for org in self._store.organisations.orgs())

    def _forward(self, org: bytes, through: int) -> int:
        follower = f"{self._name}:{org.hex()}"
        place = self._store.places.take(follower, self._worker, lease=LEASE)
        if place is None or place >= through:
            return 0
        batch = self._store.statements.after(org, place, through=through, most=BATCH)
        if batch:
            self._effect(org, batch)
            self._store.places.move(follower, self._worker, batch[-1].stored)
        return len(batch)

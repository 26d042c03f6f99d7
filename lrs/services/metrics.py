"""How the whole server is at a moment."""

from typing import Final, NamedTuple

from lrs.services import clocks
from lrs.services.progress import Progress, Reached
from lrs.services.safetime import learn
from lrs.store import Store

_COLLECTIONS: Final = ("statements", "records", "cells", "learners")


class Reading(NamedTuple):
    """How far records have come, by the public ids of organisations; and what is true of the whole server.

    ``safe_lag`` are the seconds that the safe time is behind the clock, ``processes`` those that keep a promise,
    ``documents`` about how many each collection has.
    """

    reached: dict[str, Reached]
    safe_lag: float
    processes: int
    documents: dict[str, int]


class Metrics:
    """Reads the database, whichever process is asked."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store = store
        self._progress = progress

    def read(self) -> Reading:
        """Return how things are; raise Unavailable."""
        safe = learn(self._store.promises)
        living = [row for row in self._store.promises.read() if not row.over]
        return Reading(
            reached=self._progress.all(),
            safe_lag=max(clocks.now() - safe, 0) / 1_000_000,
            processes=len(living),
            documents=self._store.sizes(_COLLECTIONS),
        )

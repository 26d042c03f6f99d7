"""How far what is derived from statements has come: as of when a figure is true."""

from collections.abc import Callable
from typing import Final, NamedTuple

from lrs.store import Store
from lrs.store.places import Place

RECORDS: Final = "records"
"""The follower that keeps training records and cells; its places are kept under this name, for ever."""


class Reached(NamedTuple):
    """How far an organisation's training records have come.

    They rest on everything that was stored up to ``as_of``, in microseconds. ``lag`` is for how many seconds the oldest
    statement that they do not rest on has been there to be read, 0 where there is none. ``rebuilding``: they are made
    anew, and have less in them than they had before.
    """

    as_of: int
    lag: float
    rebuilding: bool


class Progress:
    """Tells how far the records are, as the database has it; ``safe`` returns the safe time.

    Ask before the figures are read: they are never older than that.
    """

    def __init__(self, store: Store, safe: Callable[[], int]) -> None:
        self._store = store
        self._safe = safe

    def as_of(self, org: bytes) -> int:
        """Return through when everything stored is in the records, in microseconds; raise Unavailable."""
        return self.of(org).as_of

    def lag(self, org: bytes) -> float:
        """Return for how many seconds the oldest statement has been waiting; raise Unavailable."""
        return self.of(org).lag

    def of(self, org: bytes) -> Reached:
        """Return how far an organisation's records have come; raise Unavailable."""
        return self._reached(org, self._store.places.find(place_of(RECORDS, org)))

    def all(self) -> dict[str, Reached]:
        """Return how far the records of every organisation have come, by public id; raise Unavailable."""
        places = self._store.places.all(f"{RECORDS}:")
        organisations = self._store.organisations.all()
        return {
            each.id: self._reached(each.org, places.get(place_of(RECORDS, each.org), Place(0)))
            for each in organisations
        }

    def _reached(self, org: bytes, place: Place) -> Reached:
        # Before the look for what is waiting: what is stored later is not safe yet.
        safe = self._safe()
        waiting = self._store.statements.next(org, place.place, through=safe)
        if waiting is None:
            return Reached(max(place.place, safe), 0.0, place.unclean)
        return Reached(waiting - 1, (safe - waiting) / 1_000_000, place.unclean or place.rebuilding)


def place_of(follower: str, org: bytes) -> str:
    """Return what a follower's place in an organisation is kept under."""
    return f"{follower}:{org.hex()}"

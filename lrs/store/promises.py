"""What each server process promises about the order of its writes (DESIGN, safe time).

One document a process: ``promise`` is an instant, in microseconds since the epoch, such that everything the process
will ever commit from now on is stored after it; null while it joins. ``beat`` is the database's own clock at the last
renewal, so that the clocks of the hosts do not matter. One more document, the floor, keeps the greatest promise of
the processes that have left.
"""

from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.database import Database

from lrs.store.errors import translated

LEASE = 4.0
"""Seconds without a renewal after which a process must count itself as dropped."""
LONGEST_TRANSACTION = 5.0
"""Seconds a transaction may outlive its process: the server's transactionLifetimeLimitSeconds."""
_PATIENCE = 3.0
_FLOOR = "floor"


@dataclass(frozen=True)
class Promise:
    """One process's row: its promise (None while it joins) and the seconds since it renewed it."""

    process: str
    promise: int | None
    age: float

    @property
    def over(self) -> bool:
        """Whether nothing of this process can be committed any more."""
        return self.age > LEASE + LONGEST_TRANSACTION


class Promises:
    """The ``processes`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._rows = database["processes"]

    def register(self, process: str) -> None:
        """Announce a process that has not stamped anything yet; the safe time stands still until it promises."""
        with translated(), pymongo.timeout(_PATIENCE):
            self._rows.update_one({"_id": process}, [{"$set": {"promise": None, "beat": "$$NOW"}}], upsert=True)

    def renew(self, process: str, promise: int) -> bool:
        """Promise and stay alive; False if the others have dropped this process, which then must register again."""
        with translated(), pymongo.timeout(_PATIENCE):
            found = self._rows.update_one({"_id": process}, [{"$set": {"promise": promise, "beat": "$$NOW"}}])
        return found.matched_count == 1

    def read(self) -> list[Promise]:
        """Return the rows of all processes that have not left or been dropped."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {"_id": {"$ne": _FLOOR}}},
            {"$project": {"promise": 1, "age": {"$subtract": ["$$NOW", "$beat"]}}},
        ]
        with translated(), pymongo.timeout(_PATIENCE):
            return [Promise(row["_id"], row["promise"], row["age"] / 1000) for row in self._rows.aggregate(pipeline)]

    def greatest(self) -> int:
        """Return the greatest promise ever made: of the living first, then of those that left.

        In this order, because one that leaves raises the floor before its row goes.
        """
        living = [row.promise or 0 for row in self.read()]
        with translated(), pymongo.timeout(_PATIENCE):
            floor = self._rows.find_one({"_id": _FLOOR})
        return max([0, *living, floor["promise"] if floor else 0])

    def drop(self, row: Promise) -> None:
        """Forget a process that is over, unless it came back meanwhile."""
        self._raise_floor(row.promise or 0)
        longest = (LEASE + LONGEST_TRANSACTION) * 1000
        silent = {"$expr": {"$gt": [{"$subtract": ["$$NOW", "$beat"]}, longest]}}
        with translated(), pymongo.timeout(_PATIENCE):
            self._rows.delete_one({"_id": row.process} | silent)

    def leave(self, process: str, promise: int) -> None:
        """Take back the row of a process that has nothing in flight and will stamp nothing more."""
        self._raise_floor(promise)
        with translated(), pymongo.timeout(_PATIENCE):
            self._rows.delete_one({"_id": process})

    def _raise_floor(self, promise: int) -> None:
        with translated(), pymongo.timeout(_PATIENCE):
            self._rows.update_one({"_id": _FLOOR}, {"$max": {"promise": promise}}, upsert=True)

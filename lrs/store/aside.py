"""The ``aside`` collection: statements that a worker could do nothing with, for a reason that is not the database's.

They count nowhere until what is derived is made anew: then each is tried again.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import pymongo
from pymongo import ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.clearing import clear_some
from lrs.store.errors import translated

# As long as the rest of an ``_id``: MongoDB orders bytes by how many they are, first of all.
_FIRST = bytes(16)
_LAST = b"\xff" * 16


class Aside(NamedTuple):
    """A statement by its ``_id``, when it was stored, in microseconds, and the type of the error."""

    statement: bytes
    stored: int
    error: str


class AsideStatements:
    """Keeps what was set aside; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["aside"]
        self._deadline = deadline

    def put(self, org: bytes, aside: Iterable[Aside], session: ClientSession) -> None:
        """Set statements of an organisation aside."""
        writes = [
            ReplaceOne({"_id": each.statement}, {"org": org, "stored": each.stored, "error": each.error}, upsert=True)
            for each in aside
        ]
        if writes:
            self._rows.bulk_write(writes, ordered=False, session=session)

    def count(self, org: bytes) -> int:
        """Return how many statements are set aside."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents({"_id": {"$gte": org + _FIRST, "$lte": org + _LAST}})

    def some(self, org: bytes, most: int) -> Sequence[Aside]:
        """Return some of them, in the order of their ids."""
        where = {"_id": {"$gte": org + _FIRST, "$lte": org + _LAST}}
        with translated(), pymongo.timeout(self._deadline):
            rows = list(self._rows.find(where).sort("_id", 1).limit(most))
        return [Aside(row["_id"], int(row["stored"]), row["error"]) for row in rows]

    def among(self, ids: Collection[bytes]) -> set[bytes]:
        """Return those of these that are set aside."""
        with translated(), pymongo.timeout(self._deadline):
            return {row["_id"] for row in self._rows.find({"_id": {"$in": list(ids)}}, {"_id": 1})}

    def clear_some(self, org: bytes, session: ClientSession) -> bool:
        """Remove some of them; tell whether there were any."""
        return clear_some(self._rows, org, session)

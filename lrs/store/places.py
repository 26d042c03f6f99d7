"""How far each follower has read, and which worker holds it."""

from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Places:
    """The ``places`` collection: one document a follower and organisation."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["places"]
        self._deadline = deadline

    def take(self, follower: str, worker: str, *, lease: float) -> int | None:
        """Hold a follower's place for ``lease`` seconds; return it (microseconds, 0 at first), None if another does."""
        # Decided in the update itself: either the lease is free or the worker's own, or nothing changes.
        free = {"$or": [{"$eq": ["$worker", worker]}, {"$lt": [{"$ifNull": ["$until", _NEVER]}, "$$NOW"]}]}
        until = {"$add": ["$$NOW", int(lease * 1000)]}
        update: list[dict[str, Any]] = [
            {"$set": {"free": free}},
            {
                "$set": {
                    "worker": {"$cond": ["$free", worker, "$worker"]},
                    "until": {"$cond": ["$free", until, "$until"]},
                    "place": {"$ifNull": ["$place", 0]},
                }
            },
            {"$unset": "free"},
        ]
        with translated(), pymongo.timeout(self._deadline):
            row: dict[str, Any] = self._rows.find_one_and_update(  # type: ignore[assignment]  # upserted
                {"_id": follower}, update, upsert=True, return_document=pymongo.ReturnDocument.AFTER
            )
        return int(row["place"]) if row["worker"] == worker else None

    def move(self, follower: str, worker: str, place: int, session: ClientSession | None = None) -> bool:
        """Remember that everything up to ``place`` has been read; False if the lease went to another worker."""
        mine = {"_id": follower, "worker": worker, "place": {"$lte": place}}
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.update_one(mine, {"$set": {"place": place}}, session=session).matched_count == 1

    def reset(self, follower: str, worker: str) -> bool:
        """Begin again from nothing; False if the lease is another worker's."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.update_one({"_id": follower, "worker": worker}, {"$set": {"place": 0}}).matched_count == 1

    def release(self, follower: str, worker: str) -> None:
        """Let others hold the place at once."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": follower, "worker": worker}, {"$unset": {"worker": "", "until": ""}})

    def all(self, follower: str) -> dict[str, int]:
        """Return the places of every follower whose name begins like this, by their names."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"_id": {"$gte": follower, "$lt": follower + "\uffff"}})
            return {row["_id"]: int(row.get("place", 0)) for row in rows}

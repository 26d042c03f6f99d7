"""How far each follower has read, and which worker holds it."""

from typing import Any

import pymongo
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from lrs.store.errors import translated


class Places:
    """The ``places`` collection: one document a follower and organisation."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["places"]
        self._deadline = deadline

    def take(self, follower: str, worker: str, *, lease: float) -> int | None:
        """Hold a follower's place for ``lease`` seconds; return it (microseconds, 0 at first), None if another does."""
        free = {"$or": [{"worker": worker}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
        held = [
            {
                "$set": {
                    "worker": worker,
                    "until": {"$add": ["$$NOW", int(lease * 1000)]},
                    "place": _place(),
                }
            }
        ]
        with translated(), pymongo.timeout(self._deadline):
            try:
                row = self._rows.find_one_and_update(
                    {"_id": follower} | free,
                    held,
                    upsert=True,
                    return_document=pymongo.ReturnDocument.AFTER,
                )
            except DuplicateKeyError:
                return None
        return int(row["place"]) if row else None

    def move(self, follower: str, worker: str, place: int) -> bool:
        """Remember that everything up to ``place`` has been read; False if the lease went to another worker."""
        mine = {"_id": follower, "worker": worker, "place": {"$lte": place}}
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.update_one(mine, {"$set": {"place": place}}).matched_count == 1


def _place() -> dict[str, Any]:
    return {"$ifNull": ["$place", 0]}

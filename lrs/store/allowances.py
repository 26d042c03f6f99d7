"""What was handed out of a limit in one span of time: the ``allowances`` collection.

One small document a subject and span. The server processes take from it in slices, each by one atomic update, so that
together they never hand out more than the limit.
"""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import pymongo
from pymongo import ReturnDocument, WriteConcern
from pymongo.database import Database

from lrs.store.errors import translated

_PATIENCE: Final = 1.0
"""Seconds a request may be held up by being counted."""


class Taken(NamedTuple):
    """How much was handed out, and how much is left for others."""

    granted: int
    left: int


class Allowances:
    """Counts that matter for minutes and are then deleted."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        # A count that is lost with a primary lets a few more requests through once; waiting for the journal would
        # hold up every first request of a minute.
        self._rows = database.get_collection("allowances", write_concern=WriteConcern(1))

    def take(self, subject: bytes, amount: int, *, limit: int, until: int) -> Taken:
        """Hand out up to ``amount`` of what is left of ``limit``.

        ``subject`` names who is counted, what, and the span, which is over ``until`` (seconds since the epoch). Raises
        Unavailable.
        """
        taken: dict[str, Any] = {"$ifNull": ["$taken", 0]}
        # Never less than before: the limit may have been lowered meanwhile.
        more = {"$max": [taken, {"$min": [limit, {"$add": [taken, amount]}]}]}
        update = [{"$set": {"taken": more, "until": datetime.fromtimestamp(until, UTC)}}]
        with translated(), pymongo.timeout(_PATIENCE):
            # By the id alone: then MongoDB itself sees to it that two who begin a count both take from it.
            row = self._rows.find_one_and_update(
                {"_id": subject}, update, {"taken": 1}, upsert=True, return_document=ReturnDocument.BEFORE
            )
        left = max(0, limit - (row["taken"] if row else 0))
        granted = min(amount, left)
        return Taken(granted, left - granted)

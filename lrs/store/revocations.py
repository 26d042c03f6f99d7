"""The ``revocations`` collection: what ended before its time. MongoDB forgets it when that is over."""

from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new


class Revocations:
    """Remembers revoked tokens, and what counts once only, by their ids."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["revocations"]
        self._deadline = deadline

    def add(self, token: str, until: float, session: ClientSession | None = None) -> bool:
        """Note that a token, which would end at ``until`` (seconds since the epoch), is revoked; False if it was."""
        ends = {"$setOnInsert": {"ends": datetime.fromtimestamp(until, UTC)}}
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.update_one({"_id": token}, ends, upsert=True, session=session).matched_count == 0

    def use_up(self, what: str, until: float) -> bool:
        """Use what counts once, and nothing after ``until``; False where somebody else was faster."""
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, {"_id": what, "ends": datetime.fromtimestamp(until, UTC)}, None)

    def has(self, *tokens: str) -> bool:
        """Tell whether one of these tokens is revoked."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.find_one({"_id": {"$in": tokens}}, {"_id": 1}) is not None

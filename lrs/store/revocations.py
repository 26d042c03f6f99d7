"""The ``revocations`` collection: tokens that ended before their time. MongoDB forgets them when that is over."""

from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated


class Revocations:
    """Remembers revoked tokens by their ids."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["revocations"]
        self._deadline = deadline

    def add(self, token: str, until: float, session: ClientSession | None = None) -> None:
        """Note that a token, which would end at ``until`` (seconds since the epoch), is revoked."""
        ends = datetime.fromtimestamp(until, UTC)
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": token}, {"$set": {"ends": ends}}, upsert=True, session=session)

    def has(self, token: str) -> bool:
        """Tell whether this token is revoked."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.find_one({"_id": token}, {"_id": 1}) is not None

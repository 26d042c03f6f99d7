"""The ``signing_keys`` collection: the keys that this server signs its own tokens with."""

from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key, ``sealed`` under a secret that lies outside the database; ``created`` in microseconds.

    The one with the highest ``number`` signs; each of the others did so until the next one was made.
    """

    number: int
    kid: str
    sealed: bytes
    created: int


class SigningKeys:
    """Keeps signing keys. Of two processes that make the next one, the unique number lets only one do so."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["signing_keys"]
        self._deadline = deadline

    def all(self, session: ClientSession | None = None) -> list[SigningKey]:
        """Return all keys, the one that signs first."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find(session=session).sort("_id", -1)
            return [SigningKey(int(row["_id"]), row["kid"], row["sealed"], int(row["created"])) for row in rows]

    def add(self, key: SigningKey, session: ClientSession | None = None) -> bool:
        """Store a new key; False where another process made the one of this number."""
        row = {"_id": key.number, "kid": key.kid, "sealed": key.sealed, "created": key.created}
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, row, session)

    def drop(self, below: int, session: ClientSession | None = None) -> None:
        """Remove the keys with lower numbers."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.delete_many({"_id": {"$lt": below}}, session=session)

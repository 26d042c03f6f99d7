"""The ``forwarded`` collection: which statements have gone to which store, or may have.

A statement is noted before it is sent: whatever happens then, what may be there can be voided there. Nothing of it is
kept but its id, and which of the people in it were left out.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

import pymongo
from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.rows import ORG_BYTES

# Bytes are ordered by their number first, so both ends have as many as what lies between.
_FIRST: Final = bytes(16)
_LAST: Final = b"\xff" * 16


class Gone(NamedTuple):
    """A statement by its ``_id``, and the version of the agreement's key that it went with.

    ``left`` are the places of those people who were left out, among all of its people in the order of their identities.
    """

    statement: bytes
    key: int
    left: tuple[int, ...] = ()


class Forwarded:
    """Keeps what has gone; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["forwarded"]
        self._deadline = deadline

    def note(self, forward: str, gone: Sequence[Gone], now: int) -> None:
        """Note statements that are about to be sent; what is noted already stays as it is.

        But those people only stay left out who always were: whoever has gone once may be there.
        """
        writes = [
            UpdateOne({"_id": _id(forward, each.statement)}, [{"$set": _noted(forward, each, now)}], upsert=True)
            for each in gone
        ]
        with translated(), pymongo.timeout(self._deadline):
            self._rows.bulk_write(writes, ordered=False)

    def among(self, forward: str, statements: Collection[bytes]) -> dict[bytes, int]:
        """Return those of these statements that may have gone, with the version of the key."""
        ids = [_id(forward, each) for each in statements]
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"_id": {"$in": ids}}, {"statement": 1, "key": 1})
            return {bytes(row["statement"]): int(row["key"]) for row in rows}

    def forget(self, forward: str, statements: Collection[bytes], session: ClientSession) -> None:
        """Forget statements that have not gone."""
        self._rows.delete_many({"_id": {"$in": [_id(forward, each) for each in statements]}}, session=session)

    def recall(self, statements: Collection[bytes], reason: str, session: ClientSession) -> int:
        """Let statements, by their ``_id``, be voided wherever they have gone, and are not yet; return how often."""
        where = {"statement": {"$in": list(statements)}, "voided": {"$exists": False}}
        return self._rows.update_many(where, {"$set": {"recall": reason}}, session=session).modified_count

    def recalled(self, forward: str, most: int) -> list[Gone]:
        """Return statements that are to be voided at a store."""
        where = {"forward": forward, "recall": {"$exists": True}}
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find(where, {"statement": 1, "key": 1}).limit(most)
            return [Gone(bytes(row["statement"]), int(row["key"])) for row in rows]

    def after(self, forward: str, after: bytes, most: int) -> list[Gone]:
        """Return statements that are not voided there and are not to be, from behind one; b"" is before the first."""
        begin = bytes.fromhex(forward)
        behind = {"$gt": _id(forward, after)} if after else {"$gte": begin + _FIRST}
        where = {"_id": {**behind, "$lte": begin + _LAST}, "recall": {"$exists": False}, "voided": {"$exists": False}}
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find(where, {"statement": 1, "key": 1, "left": 1}).sort("_id", 1).limit(most)
            return [Gone(bytes(row["statement"]), int(row["key"]), tuple(row.get("left", ()))) for row in rows]

    def recall_at(self, forward: str, statements: Collection[bytes], reason: str) -> None:
        """Let statements be voided at one store."""
        ids = [_id(forward, each) for each in statements]
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_many({"_id": {"$in": ids}}, {"$set": {"recall": reason}})

    def voided(self, forward: str, statements: Collection[bytes], now: int) -> None:
        """Note that statements have been voided there."""
        ids = [_id(forward, each) for each in statements]
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_many({"_id": {"$in": ids}}, {"$unset": {"recall": ""}, "$set": {"voided": now}})

    def clear_some(self, forward: str, most: int = 5000) -> bool:
        """Remove some of what is noted of a store; tell whether there was anything."""
        begin = bytes.fromhex(forward)
        where = {"_id": {"$gte": begin + _FIRST, "$lte": begin + _LAST}}
        with translated(), pymongo.timeout(self._deadline):
            ids = [row["_id"] for row in self._rows.find(where, {"_id": 1}).limit(most)]
            self._rows.delete_many({"_id": {"$in": ids}})
        return bool(ids)


def _noted(forward: str, gone: Gone, now: int) -> dict[str, Any]:
    values = {"forward": forward, "statement": gone.statement, "key": gone.key, "at": now}
    left = list(gone.left)
    noted: dict[str, Any] = {name: {"$ifNull": [f"${name}", value]} for name, value in values.items()}
    return noted | {"left": {"$setIntersection": [{"$ifNull": ["$left", left]}, left]}}


def _id(forward: str, statement: bytes) -> bytes:
    return bytes.fromhex(forward) + statement[ORG_BYTES:]

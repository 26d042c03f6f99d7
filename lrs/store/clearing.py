"""Removing what is derived, so many documents at a time that a transaction bears it."""

from typing import Any, Final

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

_MOST: Final = 2000
# As long as the rest of an ``_id``: MongoDB orders bytes by how many they are, first of all.
_FIRST: Final = bytes(16)
_LAST: Final = b"\xff" * 16


def clear_some(rows: Collection[dict[str, Any]], org: bytes, session: ClientSession) -> bool:
    """Remove some of an organisation's documents, whose ``_id`` is its own and 16 bytes; tell whether any was there."""
    where = {"_id": {"$gte": org + _FIRST, "$lte": org + _LAST}}
    found = [row["_id"] for row in rows.find(where, {"_id": 1}, session=session).sort("_id", 1).limit(_MOST)]
    if found:
        rows.delete_many({"_id": {"$gte": found[0], "$lte": found[-1]}}, session=session)
    return bool(found)

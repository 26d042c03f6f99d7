"""The ``dead_letters`` collection: statements that could not be sent, or could not be taken, and why not.

Their text is not kept: one that was to be sent is stored here anyway, one that was to be taken still is at its source.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

import pymongo
from pymongo import ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.rows import ORG_BYTES, statement_id

# Bytes are ordered by their number first, so both ends have as many as what lies between.
_FIRST: Final = bytes(16)
_LAST: Final = b"\xff" * 16


class Letter(NamedTuple):
    """A statement by its ``_id``; ``reason`` says why, ``status`` is that of the answer, 0 without one.

    It was tried last ``at`` an instant, in microseconds, for the ``tried``-th time. What is ``nameless`` came without
    an id: its ``_id`` is made of its bytes, and nobody can be asked for it.
    """

    statement: bytes
    status: int
    reason: str
    at: int
    tried: int = 1
    nameless: bool = False

    @property
    def id(self) -> str:
        """The statement's id, or what stands for it."""
        return statement_id(self.statement)


class DeadLetters:
    """Keeps the letters of forwards and pulls, which are their ``owner``; every call ends within the deadline."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["dead_letters"]
        self._deadline = deadline

    def put(self, owner: str, letters: Iterable[Letter], session: ClientSession | None = None) -> None:
        """Keep letters; one that is there already becomes this one."""
        writes = [
            ReplaceOne({"_id": _id(owner, each.statement)}, {"owner": owner, **each._asdict()}, upsert=True)
            for each in letters
        ]
        if writes:
            with translated(), pymongo.timeout(self._deadline):
                self._rows.bulk_write(writes, ordered=False, session=session)

    def of(self, owner: str, *, after: str = "", most: int = 100) -> list[Letter]:
        """Return letters in the order of their ids, from behind ``after``."""
        behind = bytes.fromhex(owner) + (bytes.fromhex(after.replace("-", "")) if after else _FIRST)
        where = {"_id": {"$gt" if after else "$gte": behind, "$lte": bytes.fromhex(owner) + _LAST}}
        with translated(), pymongo.timeout(self._deadline):
            return [_letter(row) for row in self._rows.find(where).sort("_id", 1).limit(most)]

    def count(self, owner: str) -> int:
        """Return how many there are."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents(_within(owner))

    def retry(self, owner: str, statements: Collection[bytes], session: ClientSession | None = None) -> int:
        """Let these, or all, be tried again, but for those without a name; return how many there are of them."""
        with translated(), pymongo.timeout(self._deadline):
            where = _within(owner, statements) | {"nameless": {"$ne": True}}
            return self._rows.update_many(where, {"$set": {"retry": True}}, session=session).matched_count

    def due(self, owner: str, most: int) -> list[Letter]:
        """Return letters that are to be tried again."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"owner": owner, "retry": True}).limit(most)
            return [_letter(row) for row in rows]

    def drop(self, owner: str, statements: Collection[bytes], session: ClientSession | None = None) -> int:
        """Remove these, or all; return how many there were."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.delete_many(_within(owner, statements), session=session).deleted_count

    def forget(self, statements: Collection[bytes], session: ClientSession) -> int:
        """Remove all letters about these statements, by their ``_id``; return how many there were."""
        return self._rows.delete_many({"statement": {"$in": list(statements)}}, session=session).deleted_count


def _within(owner: str, statements: Collection[bytes] = ()) -> dict[str, Any]:
    if statements:
        return {"_id": {"$in": [_id(owner, each) for each in statements]}}
    return {"_id": {"$gte": bytes.fromhex(owner) + _FIRST, "$lte": bytes.fromhex(owner) + _LAST}}


def _id(owner: str, statement: bytes) -> bytes:
    return bytes.fromhex(owner) + statement[ORG_BYTES:]


def _letter(row: Mapping[str, Any]) -> Letter:
    nameless = bool(row.get("nameless"))
    return Letter(
        bytes(row["statement"]), int(row["status"]), row["reason"], int(row["at"]), int(row["tried"]), nameless
    )

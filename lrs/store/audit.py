"""The ``audit`` collection: one chain of sealed records per organisation.

The unique ``_id``, organisation and place, decides which of two writers continues a chain; the other tries again
behind it. The key of the seal is not in the database, so whoever can write there can still not forge a record.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import pymongo
from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

from lrs.errors import LRSError, Unavailable
from lrs.store.entries import ID_BYTES, Entry, Record, Seal, ends, linked, named, place_of, record, record_id
from lrs.store.errors import translated
from lrs.store.transactions import transact
from schemas.api.audit import AuditQuery

T = TypeVar("T")
Told = Entry | Callable[[T], Entry | None]
"""An entry, or what makes it of the change's result; None where there is nothing to tell."""
Row = dict[str, Any]

_PAUSE: Final = 0.01
_AGAIN: Final = "TransientTransactionError"
_DUPLICATE: Final = 11000
_CHUNK: Final = 2000


class Link(NamedTuple):
    """A place of a chain and the record there; None where what lies there is no record."""

    seq: int
    record: Record | None


class Audit:
    """Appends to the chains and reads them; every call ends within the deadline, else Unavailable."""

    def __init__(
        self, client: MongoClient[Any], database: Database[Row], *, deadline: float, seal: Seal | None
    ) -> None:
        self._client = client
        self._rows = database["audit"]
        # The newest record, confirmed or not: what follows it is confirmed only with it.
        self._newest = self._rows.with_options(read_concern=ReadConcern("local"))
        self._deadline = deadline
        self._sealed_by = seal

    @property
    def seal(self) -> Seal:
        """What seals the records; raise LRSError where the store was opened without."""
        if self._sealed_by is None:
            raise LRSError("Nothing can be audited, and so nothing administered, without LRS_PEPPER")
        return self._sealed_by

    def administer(self, org: bytes, change: Callable[[ClientSession], T], entry: Told[T]) -> T:
        """Make a change and append its entry, both or neither; return what the change returns.

        The change is called again where another writer was in the way: it must do nothing outside its session.
        """

        def attempt(session: ClientSession) -> T:
            result = _untranslated(change, session)
            told = entry if isinstance(entry, Entry) else entry(result)
            if told is not None:
                self.append(org, told, session=session)
            return result

        with translated(), pymongo.timeout(self._deadline):
            return transact(self._client, attempt)

    def append(self, org: bytes, *entries: Entry, session: ClientSession | None = None) -> None:
        """Append entries in this order; durable when it returns.

        With a session they belong to its transaction, which begins anew if another writer was faster.
        """
        if session is not None:
            self._append_within(org, entries, session)
            return
        with translated(), pymongo.timeout(self._deadline):
            while entries:
                entries = entries[self._insert(self._linked(org, entries)) :]
                if entries:
                    time.sleep(random.uniform(0, _PAUSE))  # noqa: S311 - no secret

    def find(self, org: bytes, query: AuditQuery) -> list[Link]:
        """Return the records of an organisation that are wanted, latest first unless ``ascending``."""
        where = {"org": org, "_id": _between(org)} | _filter(org, query, self.seal)
        with translated(), pymongo.timeout(self._deadline):
            order = ASCENDING if query.ascending else DESCENDING
            return [_link(row) for row in self._rows.find(where, sort=[("_id", order)], limit=query.limit)]

    def walk(self, org: bytes) -> Iterator[Link]:
        """Yield everything in the places of a chain in order, also what has been added since this began."""
        where = _between(org)
        while rows := self._chunk({"_id": where}):
            yield from map(_link, rows)
            where = {"$gt": rows[-1]["_id"], "$lte": ends(org)[1]}

    def at(self, org: bytes, places: Sequence[int]) -> dict[int, Record | None]:
        """Return what lies in these places of a chain; nothing for those that are empty."""
        rows = self._chunk({"_id": {"$in": [record_id(org, seq) for seq in places]}}, len(places))
        return dict(map(_link, rows))

    def heads(self) -> Iterator[tuple[bytes, Link]]:
        """Yield the organisation and the last record of every chain."""
        beyond: Row = {"$gte": bytes(ID_BYTES)}
        while rows := self._chunk({"_id": beyond | {"$lte": b"\xff" * ID_BYTES}}, 1):
            org, _ = place_of(rows[0]["_id"])
            beyond = {"$gt": ends(org)[1]}
            with translated(), pymongo.timeout(self._deadline):
                head = self._rows.find_one({"_id": _between(org)}, sort=[("_id", DESCENDING)])
            if head is not None:
                yield org, _link(head)

    def strays(self) -> int:
        """Return how many documents lie in no place of any chain."""
        beyond = {"$gt": b"\xff" * ID_BYTES}, {"$lt": bytes(ID_BYTES)}, {"$not": {"$type": "binData"}}
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents({"$or": [{"_id": each} for each in beyond]})

    def _chunk(self, where: Row, size: int = _CHUNK) -> list[Row]:
        with translated(), pymongo.timeout(self._deadline):
            return list(self._rows.find(where, sort=[("_id", ASCENDING)], limit=size))

    def _append_within(self, org: bytes, entries: Sequence[Entry], session: ClientSession) -> None:
        rows = [made.document() for made in self._linked(org, entries, session)]
        try:
            for row in rows:
                self._rows.insert_one(row, session=session)
        except DuplicateKeyError as error:
            raise PyMongoError("another writer took this place", [_AGAIN]) from error

    def _insert(self, records: Sequence[Record]) -> int:
        """Return how many were inserted before another writer took the place of the next."""
        try:
            self._rows.insert_many([made.document() for made in records])
        except BulkWriteError as error:
            if any(fault["code"] != _DUPLICATE for fault in error.details["writeErrors"]):
                raise
            return int(error.details["nInserted"])
        return len(records)

    def _linked(self, org: bytes, entries: Sequence[Entry], session: ClientSession | None = None) -> list[Record]:
        head = self._newest.find_one({"_id": _between(org)}, sort=[("_id", DESCENDING)], session=session)
        last = None if head is None else _after(head)
        return linked(org, last, entries, time.time_ns() // 1000, self.seal)


def _after(head: Row) -> Record:
    """Return what the next record follows.

    A chain that somebody has damaged goes on all the same: administration must not stand still, and the damage stays
    to be found.
    """
    org, seq = place_of(head["_id"])
    found = record(head)
    return found or Record(org, seq, 0, "", "", "", {}, b"", b"")


def _between(org: bytes) -> Row:
    least, greatest = ends(org)
    return {"$gte": least, "$lte": greatest}


def _link(row: Row) -> Link:
    return Link(place_of(row["_id"])[1], record(row))


def _filter(org: bytes, query: AuditQuery, seal: Seal) -> Row:
    """Return the conditions of what is wanted; its actor is looked for under the name that the records give it."""
    where: Row = {}
    span = {"$gte": query.since, "$lt": query.until}
    if bounds := {operator: instant for operator, instant in span.items() if instant is not None}:
        where["time"] = bounds
    if query.actor is not None:
        where["actor"] = named(query.actor, seal)
    if query.action is not None:
        where["action"] = query.action
    if query.after is not None:
        beyond = "$gt" if query.ascending else "$lt"
        where["_id"] = _between(org) | {beyond: record_id(org, query.after)}
    return where


def _untranslated(change: Callable[[ClientSession], T], session: ClientSession) -> T:
    """Make the change; raise MongoDB's own errors, by which a transaction knows that it may be tried again."""
    try:
        return change(session)
    except Unavailable as error:
        if isinstance(error.__cause__, PyMongoError):
            raise error.__cause__ from error
        raise

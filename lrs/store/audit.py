"""The ``audit`` collection: one chain of sealed records per organisation.

The unique ``_id``, organisation and place, decides which of two writers continues a chain; the other tries again
behind it. The key of the seal is not in the database, so whoever can write there can still not forge a record.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import pymongo
from pymongo import DESCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

from lrs.errors import LRSError, Unavailable
from lrs.store.entries import Entry, Record, Seal, ends, linked, record
from lrs.store.errors import translated
from lrs.store.transactions import transact

T = TypeVar("T")
Told = Entry | Callable[[T], Entry | None]
"""An entry, or what makes it of the change's result; None where there is nothing to tell."""

_PAUSE: Final = 0.01
_AGAIN: Final = "TransientTransactionError"
_DUPLICATE: Final = 11000


class Audit:
    """Appends to the chains and reads them; every call ends within the deadline, else Unavailable."""

    def __init__(
        self, client: MongoClient[Any], database: Database[dict[str, Any]], *, deadline: float, seal: Seal | None
    ) -> None:
        self._client = client
        self._rows = database["audit"]
        # The newest record, confirmed or not: what follows it is confirmed only with it.
        self._newest = self._rows.with_options(read_concern=ReadConcern("local"))
        self._deadline = deadline
        self._seal = seal

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
        if self._seal is None:
            raise LRSError("Without LRS_PEPPER nothing can be audited, and so nothing changed")
        head = self._head(org, session)
        return linked(org, head, entries, time.time_ns() // 1000, self._seal)

    def _head(self, org: bytes, session: ClientSession | None = None) -> Record | None:
        least, greatest = ends(org)
        where = {"_id": {"$gte": least, "$lte": greatest}}
        row = self._newest.find_one(where, sort=[("_id", DESCENDING)], session=session)
        return None if row is None else record(row)


def _untranslated(change: Callable[[ClientSession], T], session: ClientSession) -> T:
    """Make the change; raise MongoDB's own errors, by which a transaction knows that it may be tried again."""
    try:
        return change(session)
    except Unavailable as error:
        if isinstance(error.__cause__, PyMongoError):
            raise error.__cause__ from error
        raise

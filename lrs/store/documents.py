"""The ``documents`` collection: states and profiles, one row a document.

The unique ``_id`` decides which of two writers creates a document. What a writer demands of a document that is there
stands in the filter of the write itself.
"""

import random
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, NamedTuple

import pymongo
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from lrs.store.errors import translated
from lrs.store.shelves import document_id, place, shelf
from lrs.store.transactions import transact
from schemas.xapi.conditions import ANY, Condition
from schemas.xapi.resource_queries import DocumentQuery

Row = dict[str, Any]

_PAUSE: Final = 0.01
_CONTENT: Final = {"_id": 0, "body": 1, "type": 1, "etag": 1, "modified": 1}


class Document(NamedTuple):
    """The bytes as they were sent, their content type and tag, and when (microseconds since the epoch)."""

    body: bytes
    content_type: str
    etag: str
    modified: int


class Named(NamedTuple):
    """A document with where it stands; what plays no part there is None."""

    kind: str
    activity: str | None
    agent: str
    registration: str | None
    name: str
    document: Document


class Documents:
    """Stores, finds and deletes documents; every call ends within the deadline, else Unavailable."""

    def __init__(self, client: MongoClient[Any], database: Database[Row], *, deadline: float) -> None:
        self._client = client
        self._rows = database["documents"]
        self._deadline = deadline

    def get(self, org: bytes, query: DocumentQuery) -> Document | None:
        """Return the one document that is asked for by its name."""
        with translated(), pymongo.timeout(self._deadline):
            return self._find(document_id(org, query))

    def names(self, org: bytes, query: DocumentQuery) -> list[tuple[str, int]]:
        """Return the name of every document on a shelf that was stored after ``since``, and when it was."""
        where: Row = shelf(org, query)
        if query.since is not None:
            where["modified"] = {"$gt": query.since}
        with translated(), pymongo.timeout(self._deadline):
            found = self._rows.find(where, {"_id": 0, "name": 1, "modified": 1})
            return [(row["name"], int(row["modified"])) for row in found]

    def exists(self, org: bytes, query: DocumentQuery) -> bool:
        """Tell whether the document is there."""
        with translated(), pymongo.timeout(self._deadline):
            return self._tag(document_id(org, query)) is not None

    def put(self, org: bytes, query: DocumentQuery, document: Document, condition: Condition) -> bool:
        """Store the document, whatever was there before; return False, with nothing done, if the condition fails."""
        key = document_id(org, query)
        with translated(), pymongo.timeout(self._deadline):
            if condition.demands_absence:
                return condition.match is None and self._insert(key, org, query, document)
            if condition.match is not None:
                return self._update(key, _tags(condition), document)
            return self._upsert(key, org, query, document, condition)

    def change(self, org: bytes, query: DocumentQuery, make: Callable[[Document | None], Document]) -> Document:
        """Replace the document by what ``make`` makes of it; ask ``make`` again if another writer was faster."""
        key = document_id(org, query)
        with translated(), pymongo.timeout(self._deadline):
            while True:
                held = self._find(key)
                made = make(held)
                if self._swap(key, org, query, held, made):
                    return made
                time.sleep(random.uniform(0, _PAUSE))  # noqa: S311 - so that writers do not meet again in step

    def delete(self, org: bytes, query: DocumentQuery, condition: Condition) -> bool:
        """See that the document is gone; return False, with nothing done, if the condition fails."""
        key = document_id(org, query)
        with translated(), pymongo.timeout(self._deadline):
            if condition.demands_absence:
                return condition.match is None and self._tag(key) is None
            while True:
                if self._rows.delete_one({"_id": key} | _tags(condition)).deleted_count:
                    return True
                held = self._tag(key) if condition.none_match else None
                if held is None or not condition.holds(held):
                    return held is None and condition.match is None

    def delete_all(self, org: bytes, query: DocumentQuery) -> None:
        """Delete all documents of a shelf at one instant: every other write comes before it or after."""

        def write(session: ClientSession) -> None:
            self._rows.delete_many(shelf(org, query), session=session)

        with translated(), pymongo.timeout(self._deadline):
            transact(self._client, write)

    def count_about(self, org: bytes, agents: Collection[str]) -> int:
        """Return how many documents about these agents there are, of all kinds."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents({"org": org, "agent": {"$in": list(agents)}})

    def about(self, org: bytes, agents: Collection[str]) -> Iterator[Named]:
        """Yield the documents about these agents that there are when it is asked, each read within the deadline."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"org": org, "agent": {"$in": list(agents)}}, {"_id": 1}).sort("_id", 1)
            ids = [row["_id"] for row in rows]
        for each in ids:
            with translated(), pymongo.timeout(self._deadline):
                row = self._rows.find_one({"_id": each})
            if row is not None:
                yield _named(row)

    def _find(self, key: bytes) -> Document | None:
        row = self._rows.find_one({"_id": key}, _CONTENT)
        return Document(row["body"], row["type"], row["etag"], int(row["modified"])) if row else None

    def _tag(self, key: bytes) -> str | None:
        row = self._rows.find_one({"_id": key}, {"_id": 0, "etag": 1})
        return str(row["etag"]) if row else None

    def _insert(self, key: bytes, org: bytes, query: DocumentQuery, document: Document) -> bool:
        try:
            self._rows.insert_one({"_id": key} | place(org, query) | _content(document))
        except DuplicateKeyError:
            return False
        return True

    def _update(self, key: bytes, where: Row, document: Document) -> bool:
        found = self._rows.update_one({"_id": key} | where, {"$set": _content(document)})
        return found.matched_count == 1

    def _upsert(self, key: bytes, org: bytes, query: DocumentQuery, document: Document, condition: Condition) -> bool:
        change = {"$set": _content(document), "$setOnInsert": place(org, query)}
        while True:
            try:
                self._rows.update_one({"_id": key} | _tags(condition), change, upsert=True)
            except DuplicateKeyError:
                # Either the filter passed over the document, or it came at this very instant.
                held = self._tag(key)
                if held is not None and not condition.holds(held):
                    return False
            else:
                return True

    def _swap(self, key: bytes, org: bytes, query: DocumentQuery, held: Document | None, made: Document) -> bool:
        if held is None:
            return self._insert(key, org, query, made)
        return self._update(key, {"etag": held.etag, "type": held.content_type}, made)


def _tags(condition: Condition) -> Row:
    """Return a condition as a filter, but for one that demands absence."""
    where: Row = {}
    if condition.match is not None and ANY not in condition.match:
        where["$in"] = sorted(condition.match)
    if condition.none_match is not None:
        where["$nin"] = sorted(condition.none_match)
    return {"etag": where} if where else {}


def _named(row: Row) -> Named:
    document = Document(row["body"], row["type"], row["etag"], int(row["modified"]))
    return Named(row["kind"], row.get("activity"), row["agent"], row.get("registration"), row["name"], document)


def _content(document: Document) -> Row:
    body, content_type, etag, modified = document
    return {"body": body, "type": content_type, "etag": etag, "modified": modified}

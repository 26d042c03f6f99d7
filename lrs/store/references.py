"""How a statement that refers to another is found by the other's keys (Communication 2.1.3, StatementRefs).

For every statement that a referrer reaches, directly or through further references, the ``references`` collection
holds one row: the *target's* keys beside the *referrer's* place in time. A query asks this collection with the very
filter that it asks ``statements`` with, so a match is always one statement that meets all conditions.

A target that has not arrived is a *placeholder*: a document with the target's ``_id`` and no ``org``, which no query
sees. The target's insert then meets the taken ``_id`` and fills the placeholder instead. Whoever relies on what a
document does not say yet writes to it (``touched``), so that two transactions that would each miss the other conflict,
and one of them runs again.
"""

from collections.abc import Iterator
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from lrs.store.rows import Row

LONGEST_CHAIN: Final = 50
"""References of references are followed this far; beyond it lies no honest data."""

Document = dict[str, Any]


class References:
    """Keeps the rows of ``references`` in the transaction that stores a statement."""

    def __init__(self, statements: Collection[Document], rows: Collection[Document]) -> None:
        self._statements = statements
        self._rows = rows

    def link(self, row: Row, session: ClientSession) -> None:
        """Make a new statement findable by all that it reaches."""
        self._write([(row, target) for target in self._reached(row.id, row.refers, session)], session)

    def adopt(self, row: Row, session: ClientSession) -> None:
        """Make all that waited for a statement findable by it, and by what it reaches itself."""
        targets = [row.document(), *self._reached(row.id, row.refers, session)]
        pairs = [(referrer, target) for referrer in self._referrers(row.id, session) for target in targets]
        self._write(pairs, session)

    def _reached(self, start: bytes, first: bytes | None, session: ClientSession) -> Iterator[Document]:
        seen, target = {start}, first
        while target is not None and target not in seen and len(seen) <= LONGEST_CHAIN:
            seen.add(target)
            found = self._statements.find_one({"_id": target}, {"org": 1, "keys": 1, "refers": 1}, session=session)
            if found is None or "org" not in found or "refers" in found:
                self._touch(target, session)
            if found is None or "org" not in found:
                return
            yield found
            target = found.get("refers")

    def _referrers(self, start: bytes, session: ClientSession) -> Iterator[Row]:
        seen, level = {start}, [start]
        for _ in range(LONGEST_CHAIN):
            found = self._statements.find({"refers": {"$in": level}}, {"org": 1, "stored": 1}, session=session)
            referrers = [document for document in found if document["_id"] not in seen]
            for document in referrers:
                self._touch(document["_id"], session)
                yield Row(document["_id"], document["org"], document["stored"], b"", [])
            level = [document["_id"] for document in referrers]
            seen.update(level)
            if not level:
                return

    def _touch(self, document: bytes, session: ClientSession) -> None:
        self._statements.update_one({"_id": document}, {"$inc": {"touched": 1}}, upsert=True, session=session)

    def _write(self, pairs: list[tuple[Row, Document]], session: ClientSession) -> None:
        rows = [
            UpdateOne(
                {"_id": referrer.id + target["_id"]},
                {
                    "$set": {
                        "org": referrer.org,
                        "stored": referrer.stored,
                        "referrer": referrer.id,
                        "keys": target["keys"],
                    }
                },
                upsert=True,
            )
            for referrer, target in pairs
        ]
        if rows:
            self._rows.bulk_write(rows, session=session)

"""Removing statements for good, and what is kept with them; rewriting those that stay.

Where a statement was, nothing is left but its id: it is known, and what is sent under it again is not stored. Whoever
refers to it refers to nothing, as if it had never arrived.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import pymongo
from bson import ObjectId
from pymongo import ReplaceOne, UpdateMany, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.activities import activity_id
from lrs.store.errors import translated
from lrs.store.references import LONGEST_CHAIN
from lrs.store.rows import Found, found

Document = dict[str, Any]

_FIELDS: Final = {"raw": 1, "stored": 1, "files": 1, "voided": 1, "keys": 1, "refers": 1, "voiding": 1}

_LAST: Final = b"\xff" * 16
_PAGE: Final = 1000


class Held(NamedTuple):
    """A stored statement with what it is found by; ``refers`` is the ``_id`` of what it refers to."""

    found: Found
    keys: list[bytes]
    refers: bytes | None
    voiding: bool


class Changed(NamedTuple):
    """What a statement is from now on."""

    id: bytes
    raw: bytes
    keys: list[bytes]
    files: list[Any]


class Removals:
    """Removes within transactions; every other call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[Document], *, deadline: float) -> None:
        self._statements = database["statements"]
        self._references = database["references"]
        self._aside = database["aside"]
        self._files = database["attachments.files"]
        self._activities = database["activities"]
        self._documents = database["documents"]
        self._records = database["records"]
        self._learners = database["learners"]
        self._links = database["links"]
        self._deadline = deadline

    def naming(  # noqa: PLR0913 - which, in which order, how many, where
        self, org: bytes, keys: Sequence[bytes], after: int, most: int, session: ClientSession, *, voiding: bool
    ) -> list[Held]:
        """Return statements with one of these keys stored after an instant, in order, only those that void or none."""
        where = {"org": org, "keys": {"$in": list(keys)}, "stored": {"$gt": after}}
        return self._held(where | {"voiding": True if voiding else {"$ne": True}}, most, session)

    def older(self, org: bytes, before: int, most: int, session: ClientSession) -> list[Held]:
        """Return the first statements that were stored before an instant."""
        return self._held({"org": org, "stored": {"$lt": before}}, most, session)

    def among(self, ids: Iterable[bytes], most: int, session: ClientSession) -> list[Held]:
        """Return those statements that are stored under these ids."""
        return self._held({"_id": {"$in": list(ids)}, "org": {"$exists": True}}, most, session)

    def count_older(self, org: bytes, before: int) -> int:
        """Return how many statements were stored before an instant."""
        with translated(), pymongo.timeout(self._deadline):
            return self._statements.count_documents({"org": org, "stored": {"$lt": before}})

    def gone(self, ids: Iterable[bytes], session: ClientSession) -> set[bytes]:
        """Return those of these ids that a statement was removed from."""
        where = {"_id": {"$in": list(ids)}, "erased": {"$exists": True}}
        return {row["_id"] for row in self._statements.find(where, {"_id": 1}, session=session)}

    def _held(self, where: Document, most: int, session: ClientSession) -> list[Held]:
        rows = self._statements.find(where, _FIELDS, session=session).sort("stored", 1).limit(most)
        return [Held(found(row), row["keys"], row.get("refers"), row.get("voiding", False)) for row in rows]

    def remove(self, ids: Sequence[bytes], now: int, session: ClientSession) -> None:
        """Leave nothing of statements but their ids; what was not stored cannot be from now on."""
        if not ids:
            return
        writes = [ReplaceOne({"_id": each}, {"_id": each, "erased": now}, upsert=True) for each in ids]
        self._statements.bulk_write(writes, ordered=False, session=session)
        self._aside.delete_many({"_id": {"$in": list(ids)}}, session=session)
        self._references.delete_many({"referrer": {"$in": list(ids)}}, session=session)
        above = self._above(ids, session)
        pairs = [referrer + target for target, referrers in above.items() for referrer in referrers]
        if pairs:
            self._references.delete_many({"_id": {"$in": pairs}}, session=session)
            referrers = sorted({each for found in above.values() for each in found})
            over = {"referrer": {"$in": referrers}, "via": {"$in": list(ids)}}
            self._references.delete_many(over, session=session)

    def change(self, changes: Sequence[Changed], session: ClientSession) -> None:
        """Let statements be something else, and be found by it, through what refers to them, too."""
        if not changes:
            return
        writes = [
            UpdateOne(
                {"_id": each.id, "org": {"$exists": True}},
                {"$set": {"raw": each.raw, "keys": each.keys} | ({"files": each.files} if each.files else {})}
                | ({} if each.files else {"$unset": {"files": ""}}),
            )
            for each in changes
        ]
        self._statements.bulk_write(writes, ordered=False, session=session)
        keys = {each.id: each.keys for each in changes}
        above = self._above(list(keys), session)
        links = [
            UpdateMany({"_id": {"$in": [each + target for each in referrers]}}, {"$set": {"keys": keys[target]}})
            for target, referrers in above.items()
            if referrers
        ]
        if links:
            self._references.bulk_write(links, ordered=False, session=session)

    def _above(self, ids: Sequence[bytes], session: ClientSession) -> dict[bytes, set[bytes]]:
        """Return the ids of all that lead to each of these statements; most have none."""
        above: dict[bytes, set[bytes]] = {each: set() for each in ids}
        # Which of the statements a level was reached from.
        level = {each: {each} for each in ids}
        for _ in range(LONGEST_CHAIN):
            reached: dict[bytes, set[bytes]] = {}
            where = {"refers": {"$in": list(level)}}
            for row in self._statements.find(where, {"refers": 1}, session=session):
                fresh = {each for each in level[row["refers"]] if row["_id"] not in above[each]}
                if fresh:
                    reached.setdefault(row["_id"], set()).update(fresh)
            if not reached:
                break
            for referrer, targets in reached.items():
                for each in targets:
                    above[each].add(referrer)
            level = reached
        return above

    def leave_files(self, files: Iterable[ObjectId], session: ClientSession) -> int:
        """Give up those files that no statement names any more, as the transaction sees it; return how many."""
        left = [
            each
            for each in dict.fromkeys(files)
            if self._statements.find_one({"files": each}, {"_id": 1}, session=session) is None
        ]
        if left:
            given_up = {"$set": {"metadata.named": False, "metadata.left": True}}
            self._files.update_many({"_id": {"$in": left}}, given_up, session=session)
        return len(left)

    def forget_activities(self, org: bytes, activities: Mapping[str, list[bytes]], session: ClientSession) -> int:
        """Remove what is known of activities that no statement names any more; they come with the keys of each."""
        ids = {activity_id(org, each): keys for each, keys in activities.items()}
        known = self._activities.find({"_id": {"$in": list(ids)}}, {"_id": 1}, session=session)
        unnamed = [row["_id"] for row in known if not self._any_has(org, ids[row["_id"]], session)]
        if unnamed:
            self._activities.delete_many({"_id": {"$in": unnamed}}, session=session)
        return len(unnamed)

    def _any_has(self, org: bytes, keys: Sequence[bytes], session: ClientSession) -> bool:
        where = {"org": org, "keys": {"$in": list(keys)}}
        return self._statements.find_one(where, {"_id": 1}, session=session) is not None

    def agents(self, org: bytes) -> Iterator[str]:
        """Yield the identities that documents of an organisation are about, with repetitions."""
        after = b""
        while True:
            where = {"org": org, "agent": {"$exists": True}, "_id": {"$gt": after}}
            with translated(), pymongo.timeout(self._deadline):
                rows = list(self._documents.find(where, {"agent": 1}).sort("_id", 1).limit(_PAGE))
            if not rows:
                return
            yield from (row["agent"] for row in rows)
            after = rows[-1]["_id"]

    def forget_documents(self, org: bytes, where: Document, most: int, session: ClientSession) -> int:
        """Remove some documents of an organisation that this holds for; return how many."""
        rows = self._documents.find({"org": org} | where, {"_id": 1}, session=session).limit(most)
        ids = [row["_id"] for row in rows]
        if ids:
            self._documents.delete_many({"_id": {"$in": ids}}, session=session)
        return len(ids)

    def count_records(self, org: bytes, learners: Iterable[int], session: ClientSession) -> int:
        """Return how many records these learners have."""
        where = {"org": org, "learner": {"$in": sorted(learners)}}
        return self._records.count_documents(where, session=session)

    def forget_records(self, org: bytes, learners: Iterable[int], session: ClientSession) -> int:
        """Remove what records these learners still have; return how many."""
        where = {"org": org, "learner": {"$in": sorted(learners)}}
        return self._records.delete_many(where, session=session).deleted_count

    def forget_learners(self, org: bytes, numbers: Iterable[int], session: ClientSession) -> int:
        """Remove all identities of these numbers, which nobody gets again; return how many there were."""
        where = {"org": org, "number": {"$in": sorted(numbers)}}
        return self._learners.delete_many(where, session=session).deleted_count

    def forget_links(self, org: bytes, hashes: Iterable[str], session: ClientSession) -> int:
        """Remove the decisions about identities that these stand for; return how many there were."""
        span = {"$gte": org, "$lte": org + _LAST}
        where = {"_id": span, "hashes": {"$in": list(hashes)}}
        return self._links.delete_many(where, session=session).deleted_count

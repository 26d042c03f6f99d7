"""The ``learners`` collection: the number that each identity of an organisation stands for.

Numbers are small and dense, so that sets of people stay small. Two identities that were joined share one. A number is
never given twice, and stays when what was derived from statements is made anew.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import pymongo
from pymongo import ReturnDocument, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from lrs.store.errors import translated

_DUPLICATE_KEY = 11000
_MANY = 10_000


class Learners:
    """One document an identity, and one counter an organisation."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["learners"]
        self._counters = database["learner_counters"]
        self._deadline = deadline

    def numbers(self, org: bytes, identities: Iterable[str], session: ClientSession | None = None) -> dict[str, int]:
        """Return the numbers of these identities, as a transaction sees them; those that are new get one."""
        wanted = {_id(org, identity): identity for identity in identities}
        with translated(), pymongo.timeout(self._deadline):
            found = self._known(wanted, session)
            if fresh := wanted.keys() - found.keys():
                self._number(org, {each: wanted[each] for each in sorted(fresh)})
                found |= self._known(fresh)
        return {wanted[each]: number for each, number in found.items()}

    def find(self, org: bytes, identities: Iterable[str], session: ClientSession | None = None) -> dict[str, int]:
        """Return the numbers of those among these identities that have one."""
        wanted = {_id(org, identity): identity for identity in identities}
        with translated(), pymongo.timeout(self._deadline):
            return {wanted[each]: number for each, number in self._known(wanted, session).items()}

    def identities(
        self, org: bytes, numbers: Collection[int], session: ClientSession | None = None
    ) -> dict[int, list[str]]:
        """Return the identities that each of these numbers stands for, in order; none for those it does not know."""
        found: dict[int, list[str]] = {}
        where = {"org": org, "number": {"$in": list(numbers)}}
        with translated(), pymongo.timeout(self._deadline):
            for row in self._rows.find(where, session=session).sort([("number", 1), ("identity", 1)]):
                found.setdefault(int(row["number"]), []).append(row["identity"])
        return found

    def known(self, ids: Iterable[bytes], session: ClientSession | None = None) -> dict[bytes, int]:
        """Return the numbers of those among these rows, by ``_id``, that there are."""
        with translated(), pymongo.timeout(self._deadline):
            return self._known(ids, session)

    def page(self, org: bytes, *, after: int, most: int) -> dict[int, list[str]]:
        """Return the identities of the next ``most`` numbers that stand for somebody, in their order."""
        found: dict[int, list[str]] = {}
        order = [("number", 1), ("identity", 1)]
        with translated(), pymongo.timeout(self._deadline):
            for row in self._rows.find({"org": org, "number": {"$gt": after}}).sort(order):
                if len(found) == most and int(row["number"]) not in found:
                    break
                found.setdefault(int(row["number"]), []).append(row["identity"])
        return found

    def everybody(self, org: bytes) -> Iterator[tuple[str, int]]:
        """Yield all identities of an organisation with their numbers."""
        with translated(), pymongo.timeout(self._deadline):
            # What the index has, and no more.
            rows = self._rows.find({"org": org}, {"_id": 0, "identity": 1, "number": 1}, batch_size=_MANY)
            for row in rows.hint("org_number_identity"):
                yield row["identity"], int(row["number"])

    def renumber(self, org: bytes, numbers: Mapping[str, int], session: ClientSession) -> None:
        """Let identities stand for other numbers from now on; those that are new here too."""
        writes = [
            UpdateOne(
                {"_id": _id(org, identity)},
                {"$set": {"number": number}, "$setOnInsert": {"org": org, "identity": identity}},
                upsert=True,
            )
            for identity, number in sorted(numbers.items())
        ]
        if writes:
            self._rows.bulk_write(writes, session=session)

    def restrict(self, org: bytes, numbers: Collection[int], session: ClientSession, *, restricted: bool) -> None:
        """Let learners be restricted, or not any more: all identities that they have now."""
        where = {"org": org, "number": {"$in": list(numbers)}}
        change = {"$set": {"restricted": True}} if restricted else {"$unset": {"restricted": ""}}
        self._rows.update_many(where, change, session=session)

    def restricted(self, org: bytes, numbers: Collection[int], session: ClientSession | None = None) -> set[int]:
        """Return which of these learners are restricted: one of whose identities is."""
        where = {"org": org, "number": {"$in": list(numbers)}, "restricted": True}
        with translated(), pymongo.timeout(self._deadline):
            return {int(row["number"]) for row in self._rows.find(where, {"number": 1}, session=session)}

    def fresh(self, org: bytes, count: int) -> list[int]:
        """Return numbers that nobody has."""
        with translated(), pymongo.timeout(self._deadline):
            first = self._take(org, count)
        return list(range(first, first + count))

    def _known(self, ids: Iterable[bytes], session: ClientSession | None = None) -> dict[bytes, int]:
        rows = self._rows.find({"_id": {"$in": list(ids)}}, {"number": 1}, session=session)
        return {row["_id"]: int(row["number"]) for row in rows}

    def _number(self, org: bytes, fresh: dict[bytes, str]) -> None:
        first = self._take(org, len(fresh))
        rows = [
            {"_id": each, "org": org, "identity": identity, "number": first + place}
            for place, (each, identity) in enumerate(fresh.items())
        ]
        try:
            self._rows.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            # Another process was faster with some of them: its numbers hold, and ours stay unused.
            if any(fault["code"] != _DUPLICATE_KEY for fault in error.details["writeErrors"]):
                raise

    def _take(self, org: bytes, count: int) -> int:
        row: dict[str, Any] = self._counters.find_one_and_update(  # type: ignore[assignment]  # upserted
            {"_id": org}, {"$inc": {"next": count}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        return int(row["next"]) - count + 1


def _id(org: bytes, identity: str) -> bytes:
    return org + blake2b(identity.encode(), digest_size=16).digest()

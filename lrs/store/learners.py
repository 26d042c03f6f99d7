"""The ``learners`` collection: the number that each identity of an organisation stands for.

Numbers are small and dense, so that sets of people stay small. Two identities that were joined share one. A number is
never given twice, and stays when what was derived from statements is made anew.
"""

from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Any

import pymongo
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from lrs.store.errors import translated

_DUPLICATE_KEY = 11000


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

    def find(self, org: bytes, identities: Iterable[str]) -> dict[str, int]:
        """Return the numbers of those among these identities that have one."""
        wanted = {_id(org, identity): identity for identity in identities}
        with translated(), pymongo.timeout(self._deadline):
            return {wanted[each]: number for each, number in self._known(wanted).items()}

    def identities(self, org: bytes, numbers: Collection[int]) -> dict[int, list[str]]:
        """Return the identities that each of these numbers stands for, in order; none for those it does not know."""
        found: dict[int, list[str]] = {}
        with translated(), pymongo.timeout(self._deadline):
            for row in self._rows.find({"org": org, "number": {"$in": list(numbers)}}).sort("identity", 1):
                found.setdefault(int(row["number"]), []).append(row["identity"])
        return found

    def renumber(self, org: bytes, identity: str, number: int, session: ClientSession | None = None) -> None:
        """Let an identity stand for another number from now on."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": _id(org, identity)}, {"$set": {"number": number}}, session=session)

    def fresh(self, org: bytes, session: ClientSession | None = None) -> int:
        """Return a number that nobody has."""
        with translated(), pymongo.timeout(self._deadline):
            return self._take(org, 1, session)

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

    def _take(self, org: bytes, count: int, session: ClientSession | None = None) -> int:
        row: dict[str, Any] = self._counters.find_one_and_update(  # type: ignore[assignment]  # upserted
            {"_id": org},
            {"$inc": {"next": count}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return int(row["next"]) - count + 1


def _id(org: bytes, identity: str) -> bytes:
    return org + blake2b(identity.encode(), digest_size=16).digest()

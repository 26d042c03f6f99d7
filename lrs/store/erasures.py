"""The journal of erasures: ``erasures`` has one document a request, ``erased_statements`` the ids that went with it.

Of statements that were rewritten the ids are there until the erasure is settled: they may be on their way elsewhere.

Of whose data were erased there are keyed hashes. Only until an erasure is settled are there also the identities
themselves, sealed with what is not in the database, so that whoever goes on with it need not look for them again.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.rows import ORG_BYTES

Document = dict[str, Any]

_DIGEST: Final = 16
_UUID: Final = 16
_SEQUENCE: Final = 4
_LAST: Final = b"\xff" * _SEQUENCE
# Bytes are ordered by their number first: with one more, these lie apart from what has gone.
_CHANGED_FIRST: Final = bytes(_SEQUENCE + 1)
_CHANGED_LAST: Final = b"\xff" * (_SEQUENCE + 1)


class Erasure(NamedTuple):
    """An entry; instants are microseconds since the epoch, None where it has not come to that.

    ``id`` is the organisation and a hash of the ``request``. ``by`` asked for it. ``done``: everything that there was
    has gone; ``sealed`` is there until it is ``settled``: what was on its way meanwhile has gone, too. Up to
    ``searched``, as statements are stored, everybody who is named was looked at; ``since`` is from where all are looked
    at once more before it is settled.
    """

    id: bytes
    request: str
    by: str
    begun: int
    hashes: tuple[str, ...]
    counts: dict[str, int]
    sealed: bytes | None = None
    done: int | None = None
    settled: int | None = None
    searched: int = 0
    since: int = 0

    @property
    def org(self) -> bytes:
        """The organisation."""
        return self.id[:ORG_BYTES]


class Went(NamedTuple):
    """Statements that went together: the erasure, the place among those that did, and their ids, of 16 bytes."""

    id: bytes
    place: int
    statements: list[bytes]


def erasure_id(org: bytes, request: str) -> bytes:
    """Return the id of the erasure that a request asks for."""
    return org + blake2b(request.encode(), digest_size=_DIGEST).digest()


class Erasures:
    """Keeps the journal; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[Document], *, deadline: float) -> None:
        self._rows = database["erasures"]
        self._went = database["erased_statements"]
        self._deadline = deadline

    def begin(self, erasure: Erasure, now: int, session: ClientSession) -> None:
        """Keep a new entry, or have an old one done again for these hashes, too."""
        self._rows.update_one(
            {"_id": erasure.id},
            {
                "$setOnInsert": {"request": erasure.request, "by": erasure.by, "begun": erasure.begun, "counts": {}},
                "$set": {
                    "sealed": erasure.sealed,
                    "changed": now,
                    "searched": erasure.searched,
                    "since": erasure.since,
                },
                "$addToSet": {"hashes": {"$each": list(erasure.hashes)}},
                "$unset": {"done": "", "settled": ""},
            },
            upsert=True,
            session=session,
        )

    def find(self, erasure: bytes, session: ClientSession | None = None) -> Erasure | None:
        """Return the entry with this id, or None."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": erasure}, session=session)
        return None if row is None else _erasure(row)

    def unsettled(self) -> list[Erasure]:
        """Return the entries that somebody has to go on with, of all organisations, the first one first."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"sealed": {"$exists": True}}).sort("begun", 1)
            return [_erasure(row) for row in rows]

    def all(self, org: bytes | None = None) -> list[Erasure]:
        """Return the entries of an organisation, or of all, in the order of their ids."""
        where = {} if org is None else {"_id": {"$gte": org, "$lte": org + b"\xff" * _DIGEST}}
        with translated(), pymongo.timeout(self._deadline):
            return [_erasure(row) for row in self._rows.find(where).sort("_id", 1)]

    def changed(self, since: int) -> list[tuple[int, Erasure]]:
        """Return the entries that changed at or after an instant, each with when it did, the first one first."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"changed": {"$gte": since}}).sort("changed", 1)
            return [(int(row["changed"]), _erasure(row)) for row in rows]

    def widen(self, erasure: Erasure, hashes: Sequence[str], sealed: bytes, searched: int, now: int) -> None:
        """Remember how far everybody who is named was looked at, and who was found; unless somebody else has."""
        where = {"_id": erasure.id, "sealed": erasure.sealed}
        change: Document = {"$set": {"sealed": sealed, "searched": searched}}
        if not {*hashes} <= {*erasure.hashes}:
            change["$set"]["changed"] = now
            change["$addToSet"] = {"hashes": {"$each": list(hashes)}}
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one(where, change)

    def add(  # noqa: PLR0913, PLR0917 - what one transaction has done
        self,
        erasure: bytes,
        counts: Mapping[str, int],
        gone: Sequence[bytes],
        now: int,
        session: ClientSession,
        rewritten: Sequence[bytes] = (),
    ) -> None:
        """Count what goes in a transaction, and keep the ids of statements, of 16 bytes, that do or are rewritten."""
        some = {f"counts.{kind}": count for kind, count in counts.items() if count}
        if some or gone:
            change: Document = {"$set": {"changed": now}} | ({"$inc": some} if some else {})
            self._rows.update_one({"_id": erasure}, change, session=session)
        for ids, first in ((gone, bytes(_SEQUENCE)), (rewritten, _CHANGED_FIRST)):
            if ids:
                self._list(erasure, ids, first, session)

    def _list(self, erasure: bytes, ids: Sequence[bytes], first: bytes, session: ClientSession) -> None:
        span = {"$gte": erasure + first, "$lte": erasure + b"\xff" * len(first)}
        last = self._went.find_one({"_id": span}, {"_id": 1}, sort=[("_id", -1)], session=session)
        place = 1 if last is None else _place(last["_id"]) + 1
        row = {"_id": erasure + place.to_bytes(len(first)), "statements": b"".join(ids)}
        self._went.insert_one(row, session=session)

    def rewritten(self, erasure: bytes) -> Iterator[list[bytes]]:
        """Yield the ids of statements, of 16 bytes, that were rewritten by an erasure that is not settled yet."""
        with translated(), pymongo.timeout(self._deadline):
            rows = list(self._went.find({"_id": _rewritten(erasure)}).sort("_id", 1))
        for row in rows:
            yield _parted(row["statements"])

    def went(self, erasure: bytes, after: int = 0) -> Iterator[Went]:
        """Yield the statements that went with an erasure, behind a place, in order."""
        span = {"$gt": erasure + after.to_bytes(_SEQUENCE), "$lte": erasure + _LAST}
        with translated(), pymongo.timeout(self._deadline):
            rows = list(self._went.find({"_id": span}).sort("_id", 1))
        for row in rows:
            yield Went(erasure, _place(row["_id"]), _parted(row["statements"]))

    def finish(self, erasure: bytes, now: int, session: ClientSession) -> None:
        """Remember that everything that there was has gone; what is stored meanwhile is to be looked at once more."""
        change = [{"$set": {"done": now, "changed": now, "searched": {"$ifNull": ["$since", 0]}}}]
        self._rows.update_one({"_id": erasure}, change, session=session)

    def settle(self, erasure: bytes, now: int, session: ClientSession) -> None:
        """Remember that what was on its way has gone, too, and forget whose it was and what was rewritten."""
        change = {"$set": {"settled": now, "changed": now}, "$unset": {"sealed": "", "searched": "", "since": ""}}
        self._rows.update_one({"_id": erasure}, change, session=session)
        self._went.delete_many({"_id": _rewritten(erasure)}, session=session)


def _rewritten(erasure: bytes) -> Document:
    return {"$gte": erasure + _CHANGED_FIRST, "$lte": erasure + _CHANGED_LAST}


def _parted(ids: bytes) -> list[bytes]:
    return [ids[n : n + _UUID] for n in range(0, len(ids), _UUID)]


def _place(row: bytes) -> int:
    return int.from_bytes(row[-_SEQUENCE:])


def _erasure(row: Mapping[str, Any]) -> Erasure:
    done, settled = row.get("done"), row.get("settled")
    return Erasure(
        row["_id"],
        row["request"],
        row["by"],
        int(row["begun"]),
        tuple(row["hashes"]),
        {kind: int(count) for kind, count in row["counts"].items()},
        row.get("sealed"),
        None if done is None else int(done),
        None if settled is None else int(settled),
        int(row.get("searched", 0)),
        int(row.get("since", 0)),
    )

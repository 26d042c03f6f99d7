"""The ``changes`` collection: which records were written or have gone, in the order in which that became visible.

Kept for organisations that share records by agreement, and for no others: whether they are is a mark beside the turns
that ``Links.hold`` counts. Whoever changes records, or what is known of the people in them, holds that row, so turns
are in the order of the transactions, and a reader who goes on behind the last turn that he saw misses nothing.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec
import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.rows import ORG_BYTES

Document = dict[str, Any]
Reason = Literal["voided", "withdrawn", "erased", "restricted", "no-longer-covered"]
"""Why somebody who was given a record must give it up."""

PLACE_BYTES: Final = 10
START: Final = bytes(PLACE_BYTES)
_TURN_BYTES: Final = 8
_LAST_PART: Final = 0xFFFF
_LAST: Final = b"\xff" * PLACE_BYTES
_NUMBER_BYTES: Final = 8
_SPLIT: Final = b"split"
_TOGETHER: Final = 1000
"""Records of one document: as many as whoever reads them can look at in one transaction."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[tuple[bytes, int]]).decode


class Noted(NamedTuple):
    """Some records that changed in one transaction, with whose they are, and why where they have gone.

    Among the keys of records are such as stand for people alone. ``place`` is where whoever has seen them goes on.
    """

    place: bytes
    learners: dict[bytes, int]
    reason: Reason


class Changes:
    """Notes which records have changed."""

    def __init__(self, database: Database[Document], *, deadline: float) -> None:
        self._rows = database["changes"]
        self._moves = database["moves"]
        self._records = database["records"]
        self._deadline = deadline

    def begin(self, org: bytes, session: ClientSession) -> None:
        """Let changes be noted from this transaction on, which holds the organisation's turns (``Links.hold``)."""
        self._moves.update_one({"_id": org}, {"$set": {"noted": True}}, upsert=True, session=session)

    def end(self, org: bytes, session: ClientSession) -> None:
        """Let changes be noted no longer; the transaction holds the organisation's turns."""
        self._moves.update_one({"_id": org}, {"$unset": {"noted": ""}}, session=session)

    def noted(self, org: bytes, session: ClientSession | None = None) -> bool:
        """Tell whether changes are noted."""
        return self._moves.find_one({"_id": org, "noted": True}, {"_id": 1}, session=session) is not None

    def turns(self) -> dict[bytes, int]:
        """Return the turns of all organisations whose changes are noted."""
        with translated(), pymongo.timeout(self._deadline):
            return {row["_id"]: int(row["turns"]) for row in self._moves.find({"noted": True}, {"turns": 1})}

    def now(self, org: bytes, session: ClientSession) -> bytes:
        """Return the place behind everything that a transaction sees."""
        row = self._moves.find_one({"_id": org}, {"turns": 1}, session=session)
        return behind(int(row["turns"]) if row else 0)

    def note(
        self, org: bytes, learners: Mapping[bytes, int], session: ClientSession, reason: Reason = "voided"
    ) -> None:
        """Note records, by key, with the numbers of whose they are; ``reason`` is told of those that have gone.

        The transaction holds the organisation's turns. Does nothing where nothing is shared.
        """
        if not learners:
            return
        row = self._moves.find_one({"_id": org}, {"turns": 1, "noted": 1}, session=session)
        if row is None or not row.get("noted"):
            return
        place = self._free(org, int(row["turns"]), session)
        documents: list[Document] = []
        pairs = list(learners.items())
        for begin in range(0, len(pairs), _TOGETHER):
            documents.append({"_id": org + place, "records": _pack(pairs[begin : begin + _TOGETHER]), "reason": reason})
            place = _next(place)
        self._rows.insert_many(documents, session=session)

    def note_people(
        self, org: bytes, numbers: Collection[int], session: ClientSession, reason: Reason = "no-longer-covered"
    ) -> None:
        """Note all records of these learners, as ``note`` does: what is known of the people has changed.

        Who has no records is noted alone: statements may have told of him.
        """
        where = {"org": org, "learner": {"$in": list(numbers)}}
        if self.noted(org, session):
            rows = self._records.find(where, {"learner": 1}, session=session)
            found = {row["_id"][ORG_BYTES:]: int(row["learner"]) for row in rows}
            found |= {_number(each): each for each in set(numbers) - set(found.values())}
            self.note(org, found, session, reason)

    def note_split(self, org: bytes, numbers: Collection[int], session: ClientSession) -> None:
        """Note that some of what was told of these learners was about somebody else, as ``note`` does."""
        self.note(org, {_SPLIT + _number(each): each for each in numbers}, session, "no-longer-covered")

    def after(self, org: bytes, place: bytes, session: ClientSession, *, most: int) -> list[Noted]:
        """Return what was noted behind a place, in order: about ``most`` records; none where nothing is left."""
        span = {"$gt": org + place, "$lte": org + _LAST}
        found: list[Noted] = []
        size = 0
        for row in self._rows.find({"_id": span}, session=session, batch_size=16).sort("_id", 1):
            learners = dict(_unpack(row["records"]))
            found.append(Noted(row["_id"][ORG_BYTES:], learners, row["reason"]))
            size += len(learners)
            if size >= most:
                break
        return found

    def any_after(self, org: bytes, place: bytes) -> bool:
        """Tell whether anything was noted behind a place."""
        span = {"$gt": org + place, "$lte": org + _LAST}
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.find_one({"_id": span}, {"_id": 1}) is not None

    def forget(self, org: bytes, place: bytes) -> None:
        """Remove what was noted up to a place: nobody needs it any more."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.delete_many({"_id": {"$gte": org + bytes(PLACE_BYTES), "$lte": org + place}})

    def _free(self, org: bytes, turn: int, session: ClientSession) -> bytes:
        """Return the first place of a turn that is free: one transaction may note more than once."""
        first, last = _place(turn, 0), _place(turn, _LAST_PART)
        taken = self._rows.find_one(
            {"_id": {"$gte": org + first, "$lte": org + last}}, {"_id": 1}, sort=[("_id", -1)], session=session
        )
        return first if taken is None else _next(taken["_id"][ORG_BYTES:])


def is_split(key: bytes) -> bool:
    """Tell whether this was noted by ``note_split``, and is no record's key."""
    return key.startswith(_SPLIT) and len(key) == len(_SPLIT) + _NUMBER_BYTES


def behind(turn: int) -> bytes:
    """Return the place behind everything of a turn."""
    return _place(turn, _LAST_PART)


def _number(number: int) -> bytes:
    return number.to_bytes(_NUMBER_BYTES)


def _place(turn: int, part: int) -> bytes:
    return turn.to_bytes(_TURN_BYTES) + part.to_bytes(PLACE_BYTES - _TURN_BYTES)


def _next(place: bytes) -> bytes:
    return (int.from_bytes(place) + 1).to_bytes(PLACE_BYTES)

"""How far each follower has read, and which worker holds it."""

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated

Document = dict[str, Any]

_LEAVING = 1.0
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """Everything stored up to ``place`` has been read, in microseconds.

    ``unclean``: what was derived before the place was reset is still there, and must go before anything is read.
    ``target`` is how far it was before that, 0 where it was never reset. ``wanted``: somebody asked for it lately.
    ``basis`` stands for all beside statements that what was derived rests on. ``erased`` is another number whenever
    statements have gone, or have been rewritten, that may have been read already. ``resets`` counts how often it was
    reset.
    """

    place: int
    unclean: bool = False
    target: int = 0
    wanted: bool = False
    basis: str = ""
    erased: int = 0
    resets: int = 0

    @property
    def rebuilding(self) -> bool:
        """Whether less has been read than before the place was reset."""
        return self.place < self.target


class Places:
    """The ``places`` collection: one document a follower and organisation."""

    def __init__(self, database: Database[Document], *, deadline: float) -> None:
        self._rows = database["places"]
        self._deadline = deadline

    def take(self, follower: str, worker: str, *, lease: float) -> Place | None:
        """Hold a follower's place for ``lease`` seconds; return it, None if another worker does or wants it.

        A worker that holds what another one wants lets it go by asking.
        """
        # Decided in the update itself: either the lease is free or the worker's own, or nothing changes.
        mine = {"$eq": ["$worker", worker]}
        over = {"$lt": [{"$ifNull": ["$until", _NEVER]}, "$$NOW"]}
        free = {"$and": [{"$or": [mine, over]}, {"$not": [_wanted_by_another(worker)]}]}
        kept = {"$cond": [mine, "", "$worker"]}
        update: list[Document] = [
            {"$set": {"free": free}},
            {
                "$set": {
                    "worker": {"$cond": ["$free", worker, kept]},
                    "until": {"$cond": ["$free", _in(lease), {"$cond": [mine, _NEVER, "$until"]}]},
                    "place": {"$ifNull": ["$place", 0]},
                    # Free, so nobody else wants it any more: what is left was forgotten.
                    "wanted": {"$cond": ["$free", "$$REMOVE", "$wanted"]},
                }
            },
            {"$unset": "free"},
        ]
        with translated(), pymongo.timeout(self._deadline):
            row: Document = self._rows.find_one_and_update(  # type: ignore[assignment]  # upserted
                {"_id": follower}, update, upsert=True, return_document=pymongo.ReturnDocument.AFTER
            )
        return _place(row) if row["worker"] == worker else None

    def want(self, follower: str, worker: str, *, lease: float) -> None:
        """Let nobody else take a place for ``lease`` seconds, unless another worker wants it, too."""
        free = {"$not": [_wanted_by_another(worker)]}
        wanted = {"worker": worker, "until": _in(lease)}
        update = [{"$set": {"wanted": {"$cond": [free, wanted, "$wanted"]}}}]
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": follower}, update, upsert=True)

    def move(
        self,
        follower: str,
        worker: str,
        place: int,
        session: ClientSession | None = None,
        *,
        erased: int | None = None,
    ) -> bool:
        """Remember that everything up to ``place`` has been read; False if the lease went to another worker.

        False too where statements were erased since ``erased`` was what it was.
        """
        mine: Document = {"_id": follower, "worker": worker, "place": {"$lte": place}}
        if erased is not None:
            mine["erased"] = erased or None
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.update_one(mine, {"$set": {"place": place}}, session=session).matched_count == 1

    def reset(self, follower: str, worker: str, basis: str | None = None) -> bool:
        """Begin again from nothing, once what was derived is gone; False if the lease is another worker's.

        What is derived from now on rests on ``basis``, or on the same as before.
        """
        again: Document = {"target": {"$max": ["$place", "$target"]}, "place": 0, "unclean": True}
        again["resets"] = {"$add": [{"$ifNull": ["$resets", 0]}, 1]}
        if basis is not None:
            again["basis"] = basis
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.update_one({"_id": follower, "worker": worker}, [{"$set": again}]).matched_count == 1

    def begin(self, follower: str, worker: str, basis: str) -> None:
        """Let what is derived rest on ``basis``; there must be nothing yet."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": follower, "worker": worker, "place": 0}, {"$set": {"basis": basis}})

    def holds(self, follower: str, worker: str, session: ClientSession) -> bool:
        """Tell whether a worker still holds a place, as a transaction sees it."""
        return self._rows.find_one({"_id": follower, "worker": worker}, session=session) is not None

    def cleaned(self, follower: str, worker: str) -> None:
        """Remember that nothing is there any more of what was derived before the place was reset."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": follower, "worker": worker}, {"$unset": {"unclean": ""}})

    def release(self, follower: str, worker: str) -> None:
        """Let others hold the place at once."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": follower, "wanted.worker": worker}, {"$unset": {"wanted": ""}})
            self._rows.update_one({"_id": follower, "worker": worker}, {"$unset": {"worker": "", "until": ""}})

    def leave(self, worker: str) -> None:
        """Let others hold at once all that a worker holds or wants: it ends, and waits for nothing long."""
        with translated(), pymongo.timeout(min(self._deadline, _LEAVING)):
            self._rows.update_many({"wanted.worker": worker}, {"$unset": {"wanted": ""}})
            self._rows.update_many({"worker": worker}, {"$unset": {"worker": "", "until": ""}})

    def disturb(self, feed: str, stored: int, session: ClientSession) -> None:
        """Let nobody who follows a feed move on with what was read of it before: statements are erased.

        ``stored`` is the newest of them: whoever has come further has none of them in hand.
        """
        where = {"_id": {"$regex": f":{re.escape(feed)}$"}, "place": {"$lt": stored}}
        self._rows.update_many(where, {"$inc": {"erased": 1}}, session=session)

    def remove(self, follower: str) -> None:
        """Forget a place: its follower is no more."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.delete_one({"_id": follower})

    def find(self, follower: str, session: ClientSession | None = None) -> Place:
        """Return a follower's place, whoever holds it."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": follower}, session=session)
        return Place(0) if row is None else _place(row)

    def all(self, follower: str) -> dict[str, Place]:
        """Return the places of every follower whose name begins like this, by their names."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"_id": {"$gte": follower, "$lt": follower + "\uffff"}})
            return {row["_id"]: _place(row) for row in rows}


def _in(seconds: float) -> Document:
    return {"$add": ["$$NOW", int(seconds * 1000)]}


def _wanted_by_another(worker: str) -> Document:
    stands = {"$gt": [{"$ifNull": ["$wanted.until", _NEVER]}, "$$NOW"]}
    return {"$and": [stands, {"$ne": ["$wanted.worker", worker]}]}


def _place(row: Document) -> Place:
    return Place(
        int(row.get("place", 0)),
        row.get("unclean", False),
        int(row.get("target", 0)),
        "wanted" in row,
        row.get("basis", ""),
        int(row.get("erased", 0)),
        int(row.get("resets", 0)),
    )

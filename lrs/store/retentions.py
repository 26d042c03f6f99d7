"""The ``retentions`` collection: what retention has removed on a day, one document an organisation."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated

Document = dict[str, Any]


class Run(NamedTuple):
    """What has gone on a ``day``, by kind; ``done`` tells whether that is all."""

    day: str = ""
    counts: Mapping[str, int] = {}
    done: bool = False


class Retentions:
    """Keeps that; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[Document], *, deadline: float) -> None:
        self._rows = database["retentions"]
        self._refusals = database["refusals"]
        self._documents = database["documents"]
        self._deadline = deadline

    def last(self, org: bytes) -> Run:
        """Return what an organisation's retention did last."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": org})
        if row is None:
            return Run()
        return Run(row["day"], {kind: int(count) for kind, count in row["counts"].items()}, row["done"])

    def begin(self, org: bytes, day: str) -> None:
        """Begin a day, with nothing gone yet; nothing where it has begun."""
        fresh = {"day": day, "counts": {}, "done": False}
        # By the id alone: of two workers that begin, one does, and the other finds that day.
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": org}, {"$setOnInsert": fresh}, upsert=True)
            self._rows.update_one({"_id": org, "day": {"$ne": day}}, {"$set": fresh})

    def add(self, org: bytes, counts: Mapping[str, int], session: ClientSession | None = None) -> None:
        """Count what goes in a transaction, or has gone."""
        some = {f"counts.{kind}": count for kind, count in counts.items() if count}
        if some:
            with translated(), pymongo.timeout(self._deadline):
                self._rows.update_one({"_id": org}, {"$inc": some}, session=session)

    def finish(self, org: bytes, day: str, session: ClientSession) -> Mapping[str, int] | None:
        """Remember that a day is done; return what has gone, None where somebody was faster."""
        where = {"_id": org, "day": day, "done": False}
        row = self._rows.find_one_and_update(where, {"$set": {"done": True}}, session=session)
        return None if row is None else {kind: int(count) for kind, count in row["counts"].items()}

    def forget_refusals(self, org: bytes, before: int) -> int:
        """Remove the reasons that were met last before an instant; return how many."""
        with translated(), pymongo.timeout(self._deadline):
            return self._refusals.delete_many({"org": org, "last": {"$lt": before}}).deleted_count

    def count(self, org: bytes, kind: str, before: int) -> int:
        """Return how many documents or refusals are older than an instant."""
        rows, name = (self._documents, "modified") if kind == "documents" else (self._refusals, "last")
        with translated(), pymongo.timeout(self._deadline):
            return rows.count_documents({"org": org, name: {"$lt": before}})

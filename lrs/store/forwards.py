"""The ``forwards`` collection: stores of others that statements are sent to, each by one agreement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new

ForwardState = Literal["running", "paused", "stopped"]
REMOVED: Final = "removed"
"""The state of one that nobody sees any more, until a worker has removed all that it has kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Where an organisation's statements go by an agreement, in which version of xAPI, and how far that is.

    ``url`` is the xAPI endpoint, ``secret`` is sealed. It was paused by people, or stopped where the agreement gives
    nothing any more. ``sent`` counts what arrived, ``told`` what of it is in the audit. Since it fails it has done so
    ``failures`` times, ``failing`` since an instant, and is tried ``again`` at another. Instants are microseconds.
    """

    id: str
    org: bytes
    agreement: str
    url: str
    version: str
    key: str
    secret: bytes
    created: int
    label: str = ""
    batch: int = 50
    state: ForwardState = "running"
    sent: int = 0
    told: int = 0
    last_sent: int | None = None
    last_error: str | None = None
    failures: int = 0
    failing: int | None = None
    again: int = 0


_COUNTS: Final = ("created", "batch", "sent", "told", "failures", "again")
_MOMENTS: Final = ("last_sent", "failing")


class Forwards:
    """Finds and keeps forwards; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["forwards"]
        self._deadline = deadline

    def insert(self, forward: Forward, session: ClientSession | None = None) -> bool:
        """Store a new one; False where the id is taken."""
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, _row(forward), session)

    def find(self, org: bytes, forward: str, session: ClientSession | None = None) -> Forward | None:
        """Return an organisation's forward, or None."""
        where = {"_id": forward, "org": org, "state": {"$ne": REMOVED}}
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one(where, session=session)
        return None if row is None else _forward(row)

    def of(self, org: bytes) -> list[Forward]:
        """Return an organisation's forwards, the oldest first."""
        return sorted(self._all({"org": org, "state": {"$ne": REMOVED}}), key=lambda each: (each.created, each.id))

    def all(self) -> list[Forward]:
        """Return those of all organisations."""
        return self._all({"state": {"$ne": REMOVED}})

    def removed(self) -> list[Forward]:
        """Return those that were removed and of which something is left."""
        return self._all({"state": REMOVED})

    def count(self, org: bytes, session: ClientSession | None = None) -> int:
        """Return how many an organisation has."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents({"org": org, "state": {"$ne": REMOVED}}, session=session)

    def change(
        self, forward: Forward, values: Mapping[str, Any], session: ClientSession | None = None, *, sent: int = 0
    ) -> Forward | None:
        """Set fields, named and typed as in ``Forward``; return it as it is then, None where it is not there any more.

        Add ``sent`` to what arrived.
        """
        update: dict[str, Any] = {"$set": dict(values)}
        if sent:
            update["$inc"] = {"sent": sent}
        where = {"_id": forward.id, "org": forward.org, "state": {"$ne": REMOVED}}
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one_and_update(
                where, update, return_document=pymongo.ReturnDocument.AFTER, session=session
            )
        return None if row is None else _forward(row)

    def delete(self, forward: Forward) -> None:
        """Remove what is left of one."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.delete_one({"_id": forward.id, "org": forward.org})

    def _all(self, where: dict[str, Any]) -> list[Forward]:
        with translated(), pymongo.timeout(self._deadline):
            return [_forward(row) for row in self._rows.find(where)]


def _row(forward: Forward) -> dict[str, Any]:
    row = {name: getattr(forward, name) for name in Forward.__slots__}
    return {"_id": row.pop("id"), **row}


def _forward(row: Mapping[str, Any]) -> Forward:
    known: dict[str, Any] = {name: row[name] for name in Forward.__slots__ if name != "id"}
    known |= {name: int(row[name]) for name in _COUNTS}
    known |= {name: None if row[name] is None else int(row[name]) for name in _MOMENTS}
    return Forward(id=row["_id"], **known)

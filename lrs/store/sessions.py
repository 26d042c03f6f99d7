"""The ``sessions`` collection: people who are signed in. MongoDB forgets sessions when they end."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in: the keyed hash of its token, whose it is, and when it began and was last used (microseconds).

    ``generation`` is the member's at the sign-in; with any other it is over.
    """

    digest: bytes
    org: bytes
    member: str
    generation: int
    created: int
    seen: int


class Sessions:
    """Keeps sessions."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["sessions"]
        self._deadline = deadline

    def insert(self, made: Session, expires: int, session: ClientSession) -> None:
        """Store a new session, to be forgotten at ``expires``."""
        row = {
            "_id": made.digest,
            "org": made.org,
            "member": made.member,
            "generation": made.generation,
            "created": made.created,
            "seen": made.seen,
            "expires": _date(expires),
        }
        with translated(), pymongo.timeout(self._deadline):
            self._rows.insert_one(row, session=session)

    def find(self, digest: bytes) -> Session | None:
        """Return the session of a token, or None."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": digest})
        return None if row is None else _session(row)

    def touch(self, digest: bytes, seen: int, expires: int) -> None:
        """Note that a session was used, and when it is to be forgotten now."""
        update = {"$max": {"seen": seen, "expires": _date(expires)}}
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"_id": digest}, update)

    def delete(self, digest: bytes, session: ClientSession) -> bool:
        """End a session; False where there is none."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.delete_one({"_id": digest}, session=session).deleted_count == 1

    def drop(self, member: str, session: ClientSession) -> None:
        """End all sessions of a member."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.delete_many({"member": member}, session=session)


def _date(instant: int) -> datetime:
    return datetime.fromtimestamp(instant / 1e6, UTC)


def _session(row: dict[str, Any]) -> Session:
    return Session(
        bytes(row["_id"]),
        bytes(row["org"]),
        row["member"],
        int(row["generation"]),
        int(row["created"]),
        int(row["seen"]),
    )

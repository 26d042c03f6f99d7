"""The ``invitations`` collection: one-time codes by which people set a password. MongoDB forgets them when they end."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated


class Invitation(NamedTuple):
    """The keyed hash of a code, the member whom it lets in, and until when (microseconds since the epoch)."""

    digest: bytes
    org: bytes
    member: str
    expires: int


class Invitations:
    """Keeps invitations; a member has one at most."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["invitations"]
        self._deadline = deadline

    def put(self, invitation: Invitation, session: ClientSession) -> None:
        """Store an invitation in the place of the member's earlier one."""
        row = {
            "_id": invitation.digest,
            "org": invitation.org,
            "member": invitation.member,
            "expires": datetime.fromtimestamp(invitation.expires / 1e6, UTC),
        }
        self.drop(invitation.member, session)
        with translated(), pymongo.timeout(self._deadline):
            self._rows.insert_one(row, session=session)

    def find(self, digest: bytes, now: int) -> Invitation | None:
        """Return the invitation of a code unless it is over; it stays."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one(_open(digest, now))
        return None if row is None else _invitation(row)

    def take(self, digest: bytes, now: int, session: ClientSession) -> Invitation | None:
        """Return the invitation of a code unless it is over, and remove it: of two takers one gets it."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one_and_delete(_open(digest, now), session=session)
        return None if row is None else _invitation(row)

    def drop(self, member: str, session: ClientSession) -> None:
        """Remove the invitation of a member."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.delete_many({"member": member}, session=session)


def _open(digest: bytes, now: int) -> dict[str, Any]:
    # MongoDB removes what is over only about once a minute.
    return {"_id": digest, "expires": {"$gt": datetime.fromtimestamp(now / 1e6, UTC)}}


def _invitation(row: dict[str, Any]) -> Invitation:
    expires = row["expires"].replace(tzinfo=UTC).timestamp()
    return Invitation(bytes(row["_id"]), bytes(row["org"]), row["member"], round(expires * 1e6))

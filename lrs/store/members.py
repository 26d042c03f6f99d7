"""The ``members`` collection: the people who administer organisations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new
from schemas.api.members import Role

_OWNS: Final[dict[str, Any]] = {"role": "owner", "disabled": False}
_HAS_BEEN_IN: Final[dict[str, Any]] = {"$or": [{"password": {"$exists": True}}, {"signed_in": {"$exists": True}}]}


@dataclass(frozen=True, slots=True)
class Member:
    """One person of one organisation; ``email`` is in small letters and nobody else's there.

    ``password`` is the encoded slow hash, None until one is set. ``generation`` grows whenever all that was begun
    before must end: sessions carry it. ``subjects`` are the names that identity providers know this person by,
    under their ids. Instants are microseconds since the epoch.
    """

    id: str
    org: bytes
    email: str
    name: str
    role: Role
    password: str | None = None
    disabled: bool = False
    created: int = 0
    signed_in: int | None = None
    generation: int = 0
    subjects: Mapping[str, str] = field(default_factory=dict)

    @property
    def joined(self) -> bool:
        """Whether this person has set a password or signed in: one who was only invited may never come."""
        return self.password is not None or self.signed_in is not None


class Members:
    """Finds and keeps members; every call but the sign-in's names their organisation."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["members"]
        self._deadline = deadline

    def find(self, org: bytes, member: str, session: ClientSession | None = None) -> Member | None:
        """Return an organisation's member, or None."""
        return self._one({"_id": member, "org": org}, session)

    def with_email(self, org: bytes, email: str) -> Member | None:
        """Return the member with this e-mail in small letters, or None."""
        return self._one({"org": org, "email": email})

    def _one(self, where: dict[str, Any], session: ClientSession | None = None) -> Member | None:
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one(where, session=session)
        return None if row is None else _member(row)

    def of(self, org: bytes, *, after: str = "", most: int = 100) -> list[Member]:
        """Return members of an organisation in the order of their ids, from behind ``after``."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"org": org, "_id": {"$gt": after}}).sort("_id", 1).limit(most)
            return [_member(row) for row in rows]

    def insert(self, member: Member, session: ClientSession | None = None) -> bool:
        """Store a new member; False where the e-mail is taken. In a transaction, that ends it."""
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, _row(member), session)

    def change(
        self, org: bytes, member: str, values: dict[str, Any], *, ends: bool = False, session: ClientSession
    ) -> Member | None:
        """Set ``name``, ``role``, ``disabled``, ``password``, ``signed_in`` or ``subjects``; return the member.

        None without one. With ``ends``, every session begun before is over.
        """
        update = {"$set": values} | ({"$inc": {"generation": 1}} if ends else {})
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one_and_update(
                {"_id": member, "org": org}, update, return_document=pymongo.ReturnDocument.AFTER, session=session
            )
        return None if row is None else _member(row)

    def rehash(self, member: Member, password: str) -> None:
        """Replace the hash of a password by a stronger one of the same, unless the password was changed since."""
        where = {"_id": member.id, "password": member.password}
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one(where, {"$set": {"password": password}})

    def delete(self, org: bytes, member: str, session: ClientSession) -> Member | None:
        """Remove an organisation's member and return it as it was; None where there is none."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one_and_delete({"_id": member, "org": org}, session=session)
        return None if row is None else _member(row)

    def owners(self, org: bytes, session: ClientSession, *, joined: bool = False) -> int:
        """Return how many owners there are that are not disabled; only those who have ever come, if asked."""
        where = {"org": org} | _OWNS | (_HAS_BEEN_IN if joined else {})
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents(where, session=session)


def _row(member: Member) -> dict[str, Any]:
    row = {
        "_id": member.id,
        "org": member.org,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "disabled": member.disabled,
        "created": member.created,
        "generation": member.generation,
    }
    rest = {"password": member.password, "signed_in": member.signed_in}
    return row | {name: value for name, value in rest.items() if value is not None}


def _member(row: dict[str, Any]) -> Member:
    signed_in = row.get("signed_in")
    return Member(
        row["_id"],
        bytes(row["org"]),
        row["email"],
        row["name"],
        row["role"],
        row.get("password"),
        row["disabled"],
        int(row["created"]),
        None if signed_in is None else int(signed_in),
        int(row["generation"]),
        row.get("subjects", {}),
    )

"""What people have said about what becomes of their data: ``consents``, and ``wordings`` that they were shown.

Of who said it there is a hash of an identity that names nobody beyond its source, and no identity. One row is one thing
that somebody said; rows change only when they are withdrawn.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec
import pymongo
from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.rows import ORG_BYTES
from schemas.sharing.consents import Consent, Wording

ID_BYTES: Final = 16
_encode = msgspec.msgpack.Encoder().encode
_DIGEST: Final = 16


class Held(NamedTuple):
    """A wording with its text, and whether somebody was shown it."""

    wording: Wording
    text: str
    used: bool = False


def subject(org: bytes, identity: str) -> bytes:
    """Return what stands for an identity; one that names somebody must be replaced by its pseudonym before."""
    return org + blake2b(identity.encode(), digest_size=_DIGEST).digest()


class Consents:
    """Keeps what was said; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["consents"]
        self._deadline = deadline

    def insert(self, org: bytes, consents: Sequence[Consent], session: ClientSession) -> None:
        """Keep what was said."""
        if consents:
            self._rows.insert_many([_row(org, each) for each in consents], session=session)

    def same(self, org: bytes, consents: Collection[Consent], session: ClientSession | None = None) -> dict[bytes, str]:
        """Return the ids of those that say exactly what one of these says, by their marks."""
        where = {"_id": _span(org), "mark": {"$in": [mark(each) for each in consents]}}
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find(where, {"mark": 1}, session=session).hint("mark")
            return {row["mark"]: row["_id"][ORG_BYTES:].hex() for row in rows}

    def find(self, org: bytes, consent: str, session: ClientSession | None = None) -> Consent | None:
        """Return one by its id, or None."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": org + bytes.fromhex(consent)}, session=session)
        return None if row is None else _consent(row)

    def of(
        self, subjects: Iterable[bytes], purposes: Iterable[str] | None = None, session: ClientSession | None = None
    ) -> list[Consent]:
        """Return all that these people have said, about these purposes or about all."""
        where: dict[str, Any] = {"who": {"$in": sorted(set(subjects))}}
        if purposes is not None:
            where["purpose"] = {"$in": sorted(set(purposes))}
        with translated(), pymongo.timeout(self._deadline):
            return [_consent(row) for row in self._rows.find(where, session=session)]

    def page(
        self, org: bytes, *, after: str, most: int, subjects: Collection[bytes] | None, purpose: str | None
    ) -> list[Consent]:
        """Return what was recorded after an id, in order."""
        where: dict[str, Any] = {"_id": _span(org, after)}
        if subjects is not None:
            where["who"] = {"$in": list(subjects)}
        if purpose is not None:
            where["purpose"] = purpose
        with translated(), pymongo.timeout(self._deadline):
            return [_consent(row) for row in self._rows.find(where).sort("_id", 1).limit(most)]

    def change(self, org: bytes, consent: str, values: Mapping[str, Any], session: ClientSession) -> None:
        """Set fields of one: those of a withdrawal."""
        plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
        self._rows.update_one({"_id": org + bytes.fromhex(consent)}, {"$set": plain}, session=session)

    def forget(self, subjects: Iterable[bytes], session: ClientSession | None = None) -> int:
        """Remove all that these people have said; return how much that was."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.delete_many({"who": {"$in": list(subjects)}}, session=session).deleted_count


class Wordings:
    """Keeps wordings; the text of one that somebody was shown stays."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["wordings"]
        self._deadline = deadline

    def all(self, org: bytes, session: ClientSession | None = None) -> list[Held]:
        """Return all wordings, by name, version and language."""
        with translated(), pymongo.timeout(self._deadline):
            found = [_held(row) for row in self._rows.find({"_id": _span(org)}, session=session)]
        return sorted(found)

    def among(self, org: bytes, wordings: Collection[Wording], session: ClientSession | None = None) -> list[Held]:
        """Return those of these that there are."""
        where = {"_id": {"$in": [_key(org, each) for each in wordings]}}
        with translated(), pymongo.timeout(self._deadline):
            return [_held(row) for row in self._rows.find(where, session=session)]

    def put(self, org: bytes, wordings: Iterable[Held], session: ClientSession) -> None:
        """Let wordings have these texts; the caller knows that nobody was shown them."""
        writes = [
            UpdateOne(
                {"_id": _key(org, each.wording)},
                {"$set": each.wording._asdict() | {"text": each.text}},
                upsert=True,
            )
            for each in wordings
        ]
        if writes:
            self._rows.bulk_write(writes, session=session)

    def use(self, org: bytes, wordings: Collection[Wording], session: ClientSession) -> None:
        """Note that somebody was shown these: from now on they stay."""
        where = {"_id": {"$in": [_key(org, each) for each in wordings]}, "used": {"$exists": False}}
        self._rows.update_many(where, {"$set": {"used": True}}, session=session)


def mark(consent: Consent) -> bytes:
    """Return what is the same for two that say the same: by whom, what, how and when."""
    said = (
        consent.who,
        consent.purpose,
        consent.answer,
        consent.given_by,
        consent.how,
        consent.given,
        consent.wording,
        consent.under_7,
    )
    return consent.who[:ORG_BYTES] + blake2b(_encode(said), digest_size=_DIGEST).digest()


def _span(org: bytes, after: str = "") -> dict[str, bytes]:
    # As long as the others: MongoDB orders bytes by how many they are, first of all.
    return {"$gt": org + (bytes.fromhex(after) or bytes(ID_BYTES)), "$lte": org + b"\xff" * ID_BYTES}


def _key(org: bytes, wording: Wording) -> bytes:
    return org + blake2b(_encode(tuple(wording)), digest_size=_DIGEST).digest()


def _held(row: Mapping[str, Any]) -> Held:
    return Held(Wording(row["id"], row["version"], row["language"]), row["text"], row.get("used", False))


def _row(org: bytes, consent: Consent) -> dict[str, Any]:
    row = {name: value for name, value in consent._asdict().items() if value is not None and name != "id"}
    row["_id"] = org + bytes.fromhex(consent.id)
    row["mark"] = mark(consent)
    if consent.wording is not None:
        row["wording"] = consent.wording._asdict()
    if consent.due is not None:
        row["due"] = consent.due.isoformat()
    return row


def _consent(row: Mapping[str, Any]) -> Consent:
    known = {name: row[name] for name in Consent._fields if name in row}
    known["id"] = row["_id"][ORG_BYTES:].hex()
    for name in ("given", "recorded", "withdrawn"):
        if name in known:
            known[name] = int(known[name])
    if "wording" in known:
        known["wording"] = Wording(**known["wording"])
    if "due" in known:
        known["due"] = date.fromisoformat(known["due"])
    return Consent(**known)

"""Organisations and their credentials."""

from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.database import Database

from lrs.store.errors import translated


@dataclass(frozen=True, slots=True)
class Credential:
    """A key of one organisation: the keyed hash of its secret, what it may do, whom its statements are stored under.

    ``origins`` are those whose pages may read the answers, "*" for all; ``leniency`` names what is forgiven it.
    """

    key: str
    org: bytes
    digest: bytes
    scopes: frozenset[str]
    authority: bytes
    origins: frozenset[str] = frozenset()
    leniency: frozenset[str] = frozenset()


class Credentials:
    """The ``organisations`` and ``credentials`` collections."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._organisations = database["organisations"]
        self._credentials = database["credentials"]
        self._deadline = deadline

    def find(self, key: str) -> Credential | None:
        """Return the credential with this key, or None."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._credentials.find_one({"_id": key})
        if row is None:
            return None
        return Credential(
            row["_id"],
            row["org"],
            row["digest"],
            frozenset(row["scopes"]),
            row["authority"],
            frozenset(row.get("origins", ())),
            frozenset(row.get("leniency", ())),
        )

    def put(self, credential: Credential) -> None:
        """Store a credential; one with the same key is replaced."""
        row = {
            "org": credential.org,
            "digest": credential.digest,
            "scopes": sorted(credential.scopes),
            "authority": credential.authority,
            "origins": sorted(credential.origins),
            "leniency": sorted(credential.leniency),
        }
        with translated(), pymongo.timeout(self._deadline):
            self._credentials.replace_one({"_id": credential.key}, row, upsert=True)

    def first_organisation(self, fresh: bytes, name: str) -> bytes:
        """Return the id of the first organisation, made with the id ``fresh`` if there is none."""
        update = {"$setOnInsert": {"org": fresh, "name": name}}
        with translated(), pymongo.timeout(self._deadline):
            row: dict[str, Any] = self._organisations.find_one_and_update(  # type: ignore[assignment]  # upserted
                {"_id": "first"}, update, upsert=True, return_document=pymongo.ReturnDocument.AFTER
            )
        return bytes(row["org"])

    def organisations(self) -> list[bytes]:
        """Return the ids of all organisations."""
        with translated(), pymongo.timeout(self._deadline):
            return [bytes(row["org"]) for row in self._organisations.find({}, {"org": 1})]

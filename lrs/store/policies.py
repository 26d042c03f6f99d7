"""The ``policies`` collection: one document an organisation, what it has decided about the data of people."""

from typing import Any, NamedTuple

import pymongo
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.transactions import Session


class StoredPolicies(NamedTuple):
    """Decisions as JSON; ``version`` counts how often they were replaced, ``changed`` is in microseconds."""

    version: int = 0
    text: bytes = b"{}"
    changed: int = 0


class PolicyStore:
    """Keeps decisions; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["policies"]
        self._deadline = deadline

    def get(self, org: bytes, session: Session | None = None) -> StoredPolicies:
        """Return what an organisation has decided; version 0 where it never did."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": org}, session=session)
        return StoredPolicies() if row is None else _stored(row)

    def put(self, org: bytes, policies: StoredPolicies, session: Session) -> None:
        """Put decisions in the place of those before."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.replace_one({"_id": org}, policies._asdict(), upsert=True, session=session)

    def all(self) -> dict[bytes, StoredPolicies]:
        """Return those of all organisations that have decided anything."""
        with translated(), pymongo.timeout(self._deadline):
            return {bytes(row["_id"]): _stored(row) for row in self._rows.find()}


def _stored(row: dict[str, Any]) -> StoredPolicies:
    return StoredPolicies(int(row["version"]), row["text"], int(row["changed"]))

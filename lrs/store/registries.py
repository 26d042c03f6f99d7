"""The ``registries`` collection: one document a registry, replaced as a whole.

A reader sees it before or after, never between. ``version`` counts the replacements.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import pymongo
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.transactions import Session


class Registry(NamedTuple):
    """One registry: its version and its rows as JSON."""

    version: int
    rows: bytes


class Registries:
    """Keeps the registries of this server."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["registries"]
        self._deadline = deadline

    def versions(self, session: Session | None = None) -> dict[str, int]:
        """Return the version of each registry that there is."""
        with translated(), pymongo.timeout(self._deadline):
            return {row["_id"]: row["version"] for row in self._rows.find({}, {"version": 1}, session=session)}

    def read(self, kinds: Iterable[str], session: Session | None = None) -> dict[str, Registry]:
        """Return those of these registries that there are."""
        where = {"_id": {"$in": list(kinds)}}
        with translated(), pymongo.timeout(self._deadline):
            found = list(self._rows.find(where, session=session))
        return {row["_id"]: Registry(row["version"], row["rows"]) for row in found}

    def replace(self, kind: str, registry: Registry, now: int, session: Session) -> None:
        """Put a registry in the place of the one before; ``now`` in microseconds since the epoch."""
        row = {"version": registry.version, "rows": registry.rows, "replaced": now}
        with translated(), pymongo.timeout(self._deadline):
            self._rows.replace_one({"_id": kind}, row, upsert=True, session=session)

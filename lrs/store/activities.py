"""The ``activities`` collection: the merged definition of every activity that was described."""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

import pymongo
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from lrs.errors import Unavailable
from lrs.store.errors import translated

_ROUNDS = 20


class Activities:
    """Definitions as JSON bytes, changed only against the revision that was read."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["activities"]
        self._deadline = deadline

    def merge(self, org: bytes, activity: str, change: Callable[[bytes | None], bytes]) -> None:
        """Replace the definition by what ``change`` makes of it; ``change`` may be called several times."""
        document = _id(org, activity)
        with translated(), pymongo.timeout(self._deadline):
            for _ in range(_ROUNDS):
                held = self._rows.find_one({"_id": document})
                old = held["definition"] if held else None
                new = change(old)
                if new == old or self._replace(document, activity, held, new):
                    return
        raise Unavailable  # twenty writers came between: the caller may send the same again

    def _replace(self, document: bytes, activity: str, held: dict[str, Any] | None, new: bytes) -> bool:
        if held is None:
            try:
                self._rows.insert_one({"_id": document, "activity": activity, "revision": 1, "definition": new})
            except DuplicateKeyError:
                return False
            return True
        unchanged = {"_id": document, "revision": held["revision"]}
        update = {"$set": {"definition": new}, "$inc": {"revision": 1}}
        return self._rows.update_one(unchanged, update).matched_count == 1

    def definitions(self, org: bytes, activities: Iterable[str]) -> dict[str, bytes]:
        """Return the definitions of those activities that have one."""
        ids = [_id(org, activity) for activity in activities]
        if not ids:
            return {}
        with translated(), pymongo.timeout(self._deadline):
            return {row["activity"]: row["definition"] for row in self._rows.find({"_id": {"$in": ids}})}


def _id(org: bytes, activity: str) -> bytes:
    return org + blake2b(activity.encode(), digest_size=16).digest()

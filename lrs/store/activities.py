"""The ``activities`` collection: the merged definition of every activity that was described."""

import random
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any, Final

import pymongo
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from lrs.store.errors import translated

_PAUSE: Final = 0.01


class Activities:
    """Definitions as JSON bytes, changed only against the revision that was read."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["activities"]
        self._deadline = deadline

    def merge(self, org: bytes, activity: str, change: Callable[[bytes | None], bytes | None]) -> bool:
        """Replace the definition by what ``change`` makes of it; tell whether that is another.

        ``change`` is asked again if another writer was faster. Raises Unavailable.
        """
        document = activity_id(org, activity)
        with translated(), pymongo.timeout(self._deadline):
            while True:
                held = self._rows.find_one({"_id": document})
                old = held["definition"] if held else None
                new = change(old)
                if new is None or new == old:
                    return False
                if self._replace(document, activity, held, new):
                    return True
                time.sleep(random.uniform(0, _PAUSE))  # noqa: S311 - so that writers do not meet again in step

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
        ids = [activity_id(org, activity) for activity in activities]
        if not ids:
            return {}
        with translated(), pymongo.timeout(self._deadline):
            return {row["activity"]: row["definition"] for row in self._rows.find({"_id": {"$in": ids}})}


def activity_id(org: bytes, activity: str) -> bytes:
    """Return the ``_id`` of an activity's document."""
    return org + blake2b(activity.encode(), digest_size=16).digest()

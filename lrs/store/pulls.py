"""The ``pulls`` collection: stores of others that statements are taken from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new

PullState = Literal["running", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A store that is asked ``every`` so many seconds, and the credential here under which its statements are stored.

    All that it had through ``cursor`` is here; it is asked again for ``overlap`` seconds before that. A walk that is
    not at its end goes on from ``since``, and ends with what that store had through ``bound``. ``taken`` counts what
    was new here. Since it fails it has done so ``failures`` times, ``failing`` since an instant, and is asked ``again``
    at another. ``secret`` is sealed. Instants are microseconds, those three by the clock of that store.
    """

    id: str
    org: bytes
    credential: str
    url: str
    version: str
    key: str
    secret: bytes
    created: int
    label: str = ""
    every: int = 60
    overlap: int = 300
    attachments: bool = True
    state: PullState = "running"
    cursor: int = 0
    since: int | None = None
    bound: int | None = None
    taken: int = 0
    last_asked: int | None = None
    last_taken: int | None = None
    last_error: str | None = None
    failures: int = 0
    failing: int | None = None
    again: int = 0


_COUNTS: Final = ("created", "every", "overlap", "cursor", "taken", "failures", "again")
_MOMENTS: Final = ("since", "bound", "last_asked", "last_taken", "failing")


class Pulls:
    """Finds and keeps pulls; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["pulls"]
        self._deadline = deadline

    def insert(self, pull: Pull, session: ClientSession | None = None) -> bool:
        """Store a new one; False where the id is taken."""
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, _row(pull), session)

    def find(self, org: bytes, pull: str, session: ClientSession | None = None) -> Pull | None:
        """Return an organisation's pull, or None."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": pull, "org": org}, session=session)
        return None if row is None else _pull(row)

    def of(self, org: bytes) -> list[Pull]:
        """Return an organisation's pulls, the oldest first."""
        with translated(), pymongo.timeout(self._deadline):
            found = [_pull(row) for row in self._rows.find({"org": org})]
        return sorted(found, key=lambda each: (each.created, each.id))

    def all(self) -> list[Pull]:
        """Return those of all organisations."""
        with translated(), pymongo.timeout(self._deadline):
            return [_pull(row) for row in self._rows.find({})]

    def count(self, org: bytes, session: ClientSession | None = None) -> int:
        """Return how many an organisation has."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents({"org": org}, session=session)

    def change(
        self, pull: Pull, values: Mapping[str, Any], session: ClientSession | None = None, *, taken: int = 0
    ) -> Pull | None:
        """Set fields, named and typed as in ``Pull``; return it as it is then, None where it is not there any more.

        Add ``taken`` to what was new.
        """
        update: dict[str, Any] = {"$set": dict(values)}
        if taken:
            update["$inc"] = {"taken": taken}
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one_and_update(
                {"_id": pull.id, "org": pull.org},
                update,
                return_document=pymongo.ReturnDocument.AFTER,
                session=session,
            )
        return None if row is None else _pull(row)

    def delete(self, org: bytes, pull: str, session: ClientSession | None = None) -> bool:
        """Remove one; False where there is none."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.delete_one({"_id": pull, "org": org}, session=session).deleted_count == 1


def _row(pull: Pull) -> dict[str, Any]:
    row = {name: getattr(pull, name) for name in Pull.__slots__}
    return {"_id": row.pop("id"), **row}


def _pull(row: Mapping[str, Any]) -> Pull:
    known: dict[str, Any] = {name: row[name] for name in Pull.__slots__ if name != "id"}
    known |= {name: int(row[name]) for name in _COUNTS}
    known |= {name: None if row[name] is None else int(row[name]) for name in _MOMENTS}
    return Pull(id=row["_id"], **known)

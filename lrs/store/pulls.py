"""The ``pulls`` collection: stores of others that statements are taken from."""

from dataclasses import dataclass
from typing import Any, Literal

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.exchanges import Exchanges

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


class Pulls(Exchanges[Pull]):
    """Finds and keeps pulls; every call ends within the deadline, else Unavailable."""

    kind = Pull
    counts = ("created", "every", "overlap", "cursor", "taken", "failures", "again")
    moments = ("since", "bound", "last_asked", "last_taken", "failing")

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        super().__init__(database, "pulls", deadline=deadline)

    def delete(self, org: bytes, pull: str, session: ClientSession | None = None) -> bool:
        """Remove one; False where there is none."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.delete_one({"_id": pull, "org": org}, session=session).deleted_count == 1

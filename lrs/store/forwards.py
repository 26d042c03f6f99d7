"""The ``forwards`` collection: stores of others that statements are sent to, each by one agreement."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

import pymongo
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.exchanges import Exchanges

ForwardState = Literal["running", "paused", "stopped"]
REMOVED: Final = "removed"
"""The state of one that nobody sees any more, until a worker has removed all that it has kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Where an organisation's statements go by an agreement, in which version of xAPI, and how far that is.

    ``url`` is the xAPI endpoint, ``secret`` is sealed. It was paused by people, or stopped where the agreement gives
    nothing any more. ``sent`` counts what arrived, ``told`` what of it is in the audit. Since it fails it has done so
    ``failures`` times, ``failing`` since an instant, and is tried ``again`` at another. Instants are microseconds.
    """

    id: str
    org: bytes
    agreement: str
    url: str
    version: str
    key: str
    secret: bytes
    created: int
    label: str = ""
    batch: int = 50
    state: ForwardState = "running"
    sent: int = 0
    told: int = 0
    last_sent: int | None = None
    last_error: str | None = None
    failures: int = 0
    failing: int | None = None
    again: int = 0


class Forwards(Exchanges[Forward]):
    """Finds and keeps forwards; every call ends within the deadline, else Unavailable."""

    kind = Forward
    counts = ("created", "batch", "sent", "told", "failures", "again")
    moments = ("last_sent", "failing")
    there: ClassVar = {"state": {"$ne": REMOVED}}

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        super().__init__(database, "forwards", deadline=deadline)

    def removed(self) -> list[Forward]:
        """Return those that were removed and of which something is left."""
        return self._all({"state": REMOVED})

    def delete(self, forward: Forward) -> None:
        """Remove what is left of one."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.delete_one({"_id": forward.id, "org": forward.org})

"""The ``organisations`` collection: whoever owns records here.

The public id is chosen when an organisation is made and never changes; the first one's is ``first``. Everything stored
carries ``org`` instead, eight random bytes.
"""

from dataclasses import dataclass
from typing import Any, Final

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new

HOST: Final = "first"
"""The public id of the organisation that runs this server: its administrators look after the others' existence."""
SMALL: Final = 10


@dataclass(frozen=True, slots=True)
class Organisation:
    """One owner of records; ``created`` in microseconds since the epoch, 0 where that is not known.

    ``small`` is how many people a figure counts at least to be shown to whoever may not see records.
    """

    id: str
    org: bytes
    name: str
    kind: str = "other"
    created: int = 0
    disabled: bool = False
    small: int = SMALL


class Organisations:
    """Finds and keeps organisations."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["organisations"]
        self._deadline = deadline

    def find(self, organisation: str, session: ClientSession | None = None) -> Organisation | None:
        """Return the organisation with this public id, or None."""
        return self._one({"_id": organisation}, session)

    def of(self, org: bytes) -> Organisation | None:
        """Return the organisation that documents name by ``org``, or None."""
        return self._one({"org": org})

    def _one(self, where: dict[str, Any], session: ClientSession | None = None) -> Organisation | None:
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one(where, session=session)
        return None if row is None else _organisation(row)

    def all(self) -> list[Organisation]:
        """Return all organisations in the order of their public ids."""
        with translated(), pymongo.timeout(self._deadline):
            return [_organisation(row) for row in self._rows.find().sort("_id", 1)]

    def orgs(self) -> list[bytes]:
        """Return what documents name the organisations by."""
        return [each.org for each in self.all()]

    def insert(self, organisation: Organisation, session: ClientSession | None = None) -> bool:
        """Store a new organisation; False where the public id is taken."""
        row = {
            "_id": organisation.id,
            "org": organisation.org,
            "name": organisation.name,
            "kind": organisation.kind,
            "created": organisation.created,
            "disabled": organisation.disabled,
            "small": organisation.small,
        }
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, row, session)

    def change(
        self, organisation: str, values: dict[str, Any], session: ClientSession | None = None
    ) -> Organisation | None:
        """Set fields of an organisation; return it as it is then, None where there is none."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one_and_update(
                {"_id": organisation},
                {"$set": values},
                return_document=pymongo.ReturnDocument.AFTER,
                session=session,
            )
        return None if row is None else _organisation(row)

    def hold(self, org: bytes, session: ClientSession) -> None:
        """Let only this one go on of the transactions that hold the same organisation; the others begin anew."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.update_one({"org": org}, {"$inc": {"held": 1}}, session=session)


def _organisation(row: dict[str, Any]) -> Organisation:
    return Organisation(
        row["_id"],
        bytes(row["org"]),
        row["name"],
        row.get("kind", "other"),
        int(row.get("created", 0)),
        row.get("disabled", False),
        int(row.get("small", SMALL)),
    )

"""How much an organisation has of each kind: for whoever has to tell what is stored, never what it is."""

from typing import Any, Final

import pymongo
from pymongo.database import Database

from lrs.store.errors import translated

Document = dict[str, Any]

_BY_ORG: Final = {
    "statements": "org_stored",
    "learners": "org_number_identity",
    "records": "learner",
    "requests": "org_state_due",
    "members": "org__id",
}
"""Collections that are counted by ``org``, with the index that does it without a look at any document."""
_BY_ID: Final = {"documents": 49, "consents": 16}
"""Collections that are counted by ``_id``, with how many bytes there are behind the organisation's."""


class Holdings:
    """Counts; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[Document], *, deadline: float) -> None:
        self._database = database
        self._deadline = deadline

    def of(self, org: bytes) -> dict[str, int]:
        """Return how many there are, by kind; ``documents_of_people`` are those of the documents that name one."""
        with translated(), pymongo.timeout(self._deadline):
            counts = {name: self._count(name, {"org": org}, hint) for name, hint in _BY_ORG.items()}
            for name, rest in _BY_ID.items():
                # Bytes are ordered by their number first: both ends have as many as what lies between.
                span = {"$gte": org + bytes(rest), "$lte": org + b"\xff" * rest}
                counts[name] = self._count(name, {"_id": span}, "_id_")
            counts["documents_of_people"] = self._count("documents", {"org": org, "agent": {"$gt": ""}}, "org_agent")
            files = {"metadata.org": org}
            counts["attachments"] = self._count("attachments.files", files, "metadata.org_metadata.sha2")
            return counts

    def _count(self, collection: str, where: Document, hint: str) -> int:
        return self._database[collection].count_documents(where, hint=hint)

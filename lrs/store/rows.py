"""The shape of a statement's document, and of its ``_id``."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

ORG_BYTES: Final = 8
"""Length of an organisation's id."""


def document_id(org: bytes, statement_id: str) -> bytes:
    """Return the ``_id`` of an organisation's statement: 24 bytes, the same for either letter case of the UUID."""
    return org + bytes.fromhex(statement_id.replace("-", ""))


def statement_id(document: bytes) -> str:
    """Return the statement id in a document's ``_id``."""
    return str(UUID(bytes=document[ORG_BYTES:]))


@dataclass(slots=True)
class Row:
    """One statement as it is stored.

    ``raw`` is the JSON that the LRS returns, ``stored`` microseconds since the epoch, ``keys`` what the filters of
    GET find it by, ``refers`` the ``_id`` of the statement its object refers to, ``files`` its attachments.
    """

    id: bytes
    org: bytes
    stored: int
    raw: bytes
    keys: list[bytes]
    refers: bytes | None = None
    voiding: bool = False
    files: list[Any] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return the MongoDB document; fields that say nothing are left out."""
        found: dict[str, Any] = {
            "_id": self.id,
            "org": self.org,
            "stored": self.stored,
            "keys": self.keys,
            "raw": self.raw,
        }
        if self.refers is not None:
            found["refers"] = self.refers
        if self.voiding:
            found["voiding"] = True
        if self.files:
            found["files"] = self.files
        return found


class Found(NamedTuple):
    """One stored statement: ``_id``, ``stored`` in microseconds, the JSON that the LRS returns, its attachments.

    ``voided`` is known in the feed only: elsewhere what is found is one or the other, as asked.
    """

    id: bytes
    stored: int
    raw: bytes
    files: list[Any]
    voided: bool = False


RETURNED: Final = {"raw": 1, "stored": 1, "files": 1}
"""The fields that ``found`` reads."""


def found(document: dict[str, Any]) -> Found:
    """Read a statement's document."""
    # int: BSON's own 64-bit type is a subclass, which not every encoder takes.
    files, voided = document.get("files", []), document.get("voided", False)
    return Found(document["_id"], int(document["stored"]), document["raw"], files, voided)

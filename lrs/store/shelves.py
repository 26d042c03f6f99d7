"""Where a document stands: the ``_id`` of its row, and the range of ``_id`` that holds all documents of one shelf.

An ``_id`` is organisation, shelf, registration and name, each of fixed length. A shelf is what the name is unique on:
for states an Activity and an Agent, for profiles either. So a shelf, or one registration on it, is one range of the
index that every collection has.
"""

from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from lrs.store.rows import ORG_BYTES
from schemas.xapi.resource_queries import DocumentQuery

_DIGEST: Final = 16
_NO_REGISTRATION: Final = bytes(17)
_LENGTH: Final = ORG_BYTES + _DIGEST + len(_NO_REGISTRATION) + _DIGEST


def place(org: bytes, query: DocumentQuery) -> dict[str, Any]:
    """Return the fields that never change; those that play no part here are left out."""
    fields = {
        "org": org,
        "kind": query.kind,
        "activity": query.activity,
        "agent": query.agent,
        "registration": query.registration,
        "name": query.name,
    }
    return {name: value for name, value in fields.items() if value is not None}


def document_id(org: bytes, query: DocumentQuery) -> bytes:
    """Return the ``_id`` of the one document that a query names."""
    return _prefix(org, query) + _registration(query) + _digest(query.name or "")


def shelf(org: bytes, query: DocumentQuery) -> dict[str, Any]:
    """Return the filter of a shelf: of one registration if there is one in the query, else of all and none."""
    prefix = _prefix(org, query)
    if query.registration is not None:
        prefix += _registration(query)
    rest = _LENGTH - len(prefix)
    return {"_id": {"$gte": prefix + bytes(rest), "$lte": prefix + b"\xff" * rest}}


def _prefix(org: bytes, query: DocumentQuery) -> bytes:
    # An IRI holds no NUL, and an identity stands last.
    return org + _digest(f"{query.kind}\0{query.activity or ''}\0{query.agent or ''}")


def _registration(query: DocumentQuery) -> bytes:
    return _NO_REGISTRATION if query.registration is None else b"\1" + UUID(query.registration).bytes


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=_DIGEST).digest()

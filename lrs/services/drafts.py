"""Statements on their way into the store: ready but for the instant they are stored at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from msgspec import json

from lrs.services.principals import Principal
from lrs.store.rows import Row, document_id
from lrs.store.statements import Holder
from schemas.training.organisations import all_keys
from schemas.xapi.equality import same
from schemas.xapi.keys import is_voiding, refers_to
from schemas.xapi.normalise import complete
from schemas.xapi.statements import Statement
from schemas.xapi.timestamps import iso
from schemas.xapi.versions import Version


@dataclass(slots=True)
class Draft:
    """A statement that is ready but for its stamp; ``origin`` is the authority that it keeps, as JSON."""

    statement_id: str
    statement: Statement
    text: bytes
    row: Row
    origin: bytes | None = None


def draft(principal: Principal, statement: Statement, text: bytes, files: Sequence[Any]) -> Draft:
    """Return the draft of a statement; one without an id gets it here."""
    given = statement.get("id")
    statement_id = given.lower() if given else str(uuid4())
    target = refers_to(statement)
    origin = _origin(principal, statement)
    row = Row(
        id=document_id(principal.org, statement_id),
        org=principal.org,
        stored=0,
        raw=b"",
        keys=all_keys(statement, principal.authority_agent, origin),
        refers=document_id(principal.org, target) if target else None,
        voiding=is_voiding(statement),
        files=list(files),
    )
    return Draft(statement_id, statement, text, row, None if origin is None else json.encode(origin))


def _origin(principal: Principal, statement: Statement) -> dict[str, Any] | None:
    """Return the authority that a statement keeps: another store's credential, of one who passes its statements on."""
    if not principal.relay or principal.launch is not None:
        return None
    found: dict[str, Any] | None = statement.get("authority")
    if found is None or found.get("objectType", "Agent") != "Agent":
        return None
    return {"objectType": "Agent"} | found


def stamp(drafts: Sequence[Draft], first: int, principal: Principal, version: Version) -> None:
    """Set the instants, from ``first`` on, one microsecond apart, and with them what the LRS returns."""
    for stored, each in enumerate(drafts, first):
        each.row.stored = stored
        each.row.raw = complete(
            each.text,
            each.statement,
            statement_id=each.statement_id,
            stored=iso(stored),
            authority=each.origin or principal.authority,
            version=version,
        )


def repeats(principal: Principal, rows: Iterable[Row], taken: Sequence[Holder]) -> set[bytes]:
    """Return the ids of the rows whose ids hold the same statement already, or one that was erased: it stays away.

    Not of one that the sender may not see: it could try one content after the other until it hits.
    """
    held = {holder.id: holder.raw for holder in taken if not holder.erased and principal.may_see(holder.keys)}
    return {row.id for row in rows if row.id in held and same(held[row.id], row.raw)} | erased(taken)


def erased(taken: Iterable[Holder]) -> set[bytes]:
    """Return those ids whose statements were erased."""
    return {holder.id for holder in taken if holder.erased}

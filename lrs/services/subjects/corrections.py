"""Correcting what statements say of somebody: wrong ones are voided, and right ones take their place, all or nothing.

Statements are never changed (Data 2.3.1). The same correction sent again writes nothing twice: the ids of what it
stores follow from the request.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from lrs.services.principals import Principal
from lrs.services.pseudonyms import pseudonyms_of
from lrs.services.statements import Batch, StatementService
from lrs.services.subjects.persons import Person
from lrs.store import Store
from lrs.store.rows import document_id
from schemas.faults import Fault, Refused
from schemas.xapi.identity import identity
from schemas.xapi.keys import VOIDED, is_voiding
from schemas.xapi.statements import Statement, load_statement
from schemas.xapi.versions import Version

_WRITE: Final = frozenset({"statements/write"})
_decode = msgspec.json.Decoder().decode


class Correction(NamedTuple):
    """Which statements are wrong, and what is right: parsed and judged, with the sender's own text of each."""

    void: Sequence[str] = ()
    statements: Sequence[Statement] = ()
    texts: Sequence[bytes] = ()
    version: Version = "2.0.0"


class Corrections:
    """Stores corrections; ``pepper`` keys what identities are replaced by."""

    def __init__(self, store: Store, statements: StatementService, pepper: str) -> None:
        self._store = store
        self._statements = statements
        self._pepper = pepper

    def correct(self, principal: Principal, request: str, person: Person, correction: Correction) -> dict[str, int]:
        """Void and store; return how many of each. Raise Refused for what is not of this person, Conflict, Unavailable.

        What voids is said by the organisation: its actor is the authority that it is stored under.
        """
        voiding = [_voiding(principal, request, each) for each in correction.void]
        faults = [*self._unvoidable(principal.org, person, correction.void, voiding)]
        faults += self._strange(principal.org, person, correction.statements)
        if faults:
            raise Refused(faults)
        named = [
            _named(request, number, *each)
            for number, each in enumerate(zip(correction.statements, correction.texts, strict=True))
        ]
        both = [*((each, json.dumps(each).encode()) for each in voiding), *named]
        # Whoever may correct needs no scope to send statements, and no launch or bound narrows what is voided.
        writer = replace(principal, scopes=_WRITE, bounds=(), relay=False)
        batch = Batch([statement for statement, _ in both], [text for _, text in both], single=False)
        self._statements.store(writer, batch, correction.version)
        return {"voided": len(voiding), "statements": len(named)}

    def _unvoidable(self, org: bytes, person: Person, void: Sequence[str], voiding: Sequence[Statement]) -> list[Fault]:
        ids = [UUID(each).bytes for each in void]
        raws = self._store.statements.raws(org, [*ids, *(UUID(each["id"]).bytes for each in voiding)])
        gone = {each.id for each in self._store.statements.voided([document_id(org, each) for each in void])}
        faults = []
        for number, (statement_id, ours) in enumerate(zip(void, voiding, strict=True)):
            raw = raws.get(UUID(statement_id).bytes)
            statement = None if raw is None else _decode(raw)
            done = UUID(ours["id"]).bytes in raws
            if fault := _fault(statement, person, voided=document_id(org, statement_id) in gone and not done):
                faults.append(Fault(f"void[{number}]", *fault))
        return faults

    def _strange(self, org: bytes, person: Person, statements: Sequence[Statement]) -> list[Fault]:
        names = pseudonyms_of(self._pepper, org)
        message = "The actor must be the person who asked for the correction."
        whose = [identity(each["actor"]) for each in statements]
        return [
            Fault(f"statements[{number}].actor", "person", message)
            for number, who in enumerate(whose)
            if who is None or not {who, names.identity(who)} & set(person.identities)
        ]


def _fault(statement: Mapping[str, Any] | None, person: Person, *, voided: bool) -> tuple[str, str] | None:
    if statement is None:
        return "unknown", "No statement has this id."
    if identity(statement["actor"]) not in person.identities:
        return "person", "This is not a statement about the person who asked for the correction."
    if is_voiding(statement):
        return "voiding", "What voids a statement cannot be voided."
    return ("voided", "This statement is voided already.") if voided else None


def _voiding(principal: Principal, request: str, statement_id: str) -> Statement:
    made = {
        "id": _id(request, f"void {statement_id.lower()}"),
        "actor": principal.authority_agent,
        "verb": {"id": VOIDED, "display": {"en": "voided"}},
        "object": {"objectType": "StatementRef", "id": statement_id.lower()},
    }
    return load_statement(made, "2.0.0")


def _named(request: str, number: int, statement: Statement, text: bytes) -> tuple[Statement, bytes]:
    """Return a statement that has an id: its own, or one that is the same when it is sent again."""
    if "id" in statement:
        return statement, text
    made = _id(request, f"statement {number} {text.decode()}")
    statement["id"] = made
    return statement, b'{"id":"' + made.encode() + b'",' + text.lstrip()[1:].lstrip()


def _id(request: str, what: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"urn:sohoc:request:{request} {what}"))

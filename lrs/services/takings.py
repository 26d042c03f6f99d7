"""Statements of another store, stored here one by one, as if posted with a credential of the organisation."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple, cast
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from lrs.errors import Conflict, Forbidden, LRSError, Unauthorized
from lrs.services import clocks
from lrs.services.attachments import ReceivedAttachment, attachments_of
from lrs.services.auth import Authenticator
from lrs.services.batches import BatchService, Candidate, Outcome
from lrs.services.partners import LONGEST_REASON, Waits
from lrs.services.principals import Principal
from lrs.services.statements import Batch, StatementService
from lrs.store import Store
from lrs.store.dead_letters import Letter
from lrs.store.pulls import Pull
from lrs.store.rows import document_id
from schemas.faults import Fault, Refused
from schemas.xapi.leniency import Lenient
from schemas.xapi.parsing import parse_json
from schemas.xapi.timestamps import microseconds
from schemas.xapi.versions import Version

_TAKEN: Final = "taken"
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode


class Taken(NamedTuple):
    """What has become of a page: how many were new, what could not be taken, and when the last was stored there.

    The last is that of those that are not stored in time to come: a clock may be wrong there. The ``newest`` may be.
    """

    stored: int
    letters: list[Letter]
    last: int | None
    newest: int


class _Given(NamedTuple):
    """What was given: ``id`` is the ``_id`` that it has or would have here, made of its bytes where it is nameless."""

    text: bytes
    id: bytes
    row: Candidate | Outcome
    files: list[ReceivedAttachment]
    nameless: bool = False


class Takings:
    """Stores what was taken."""

    def __init__(
        self, store: Store, authenticator: Authenticator, statements: StatementService, batches: BatchService
    ) -> None:
        self._store = store
        self._authenticator = authenticator
        self._statements = statements
        self._batches = batches

    def principal(self, pull: Pull) -> Principal:
        """Return the caller that a pull stores as; raise Waits where its credential opens nothing any more."""
        credential = self._store.credentials.find(pull.credential)
        if credential is None or credential.org != pull.org:
            raise Waits("The credential here is gone")
        try:
            principal = self._authenticator.admit(credential).principal
            principal.require("statements/write")
        except (Unauthorized, Forbidden) as error:
            raise Waits("The credential here is disabled, has expired or stores no statements") from error
        return principal

    def take(
        self, pull: Pull, principal: Principal, texts: Sequence[bytes], received: Sequence[ReceivedAttachment]
    ) -> Taken:
        """Store statements of a page with the data that came along; raise Waits where the store here is away."""
        load = Lenient(principal.leniency)
        given = [_given(pull, text, received, load) for text in texts]
        plain = [each for each in given if not each.files]
        version = cast(Version, pull.version)
        outcomes = dict(
            zip(
                (id(each) for each in plain),
                self._batches.store(principal, [each.row for each in plain], version),
                strict=True,
            )
        )
        for each in given:
            if each.files:
                outcomes[id(each)] = self._with_files(principal, each, version)
        found = [(each, outcomes[id(each)]) for each in given]
        if any(outcome.kind == "unconfirmed" for _, outcome in found):
            raise Waits("The store here is not available for the moment")
        letters = [_letter(each, outcome.faults) for each, outcome in found if outcome.kind == "refused"]
        stored = sum(outcome.kind == "stored" for _, outcome in found)
        now, instants = clocks.now(), [at for text in texts if (at := _stored_at(text)) is not None]
        last = next((at for at in reversed(instants) if at <= now), None)
        return Taken(stored, letters, last, max(instants, default=0))

    def _with_files(self, principal: Principal, given: _Given, version: Version) -> Outcome:
        if isinstance(given.row, Outcome):
            return given.row
        statement, text = given.row
        try:
            batch = Batch([statement], [text], single=True, received=given.files)
            (statement_id,) = self._statements.store(principal, batch, version)
        except Conflict:
            return Outcome("refused", statement.get("id"), (Fault("id", _TAKEN, "another statement has this id"),))
        except (Refused, Forbidden) as refused:
            return Outcome("refused", statement.get("id"), tuple(refused.faults))
        except LRSError:
            return Outcome("unconfirmed", statement.get("id"))
        return Outcome("stored", statement_id)


def _given(pull: Pull, text: bytes, received: Sequence[ReceivedAttachment], load: Callable[..., Any]) -> _Given:
    name = _name(text)
    identifier = document_id(pull.org, name or _stand_in(text))
    try:
        statement = load(parse_json(text), cast(Version, pull.version))
        if name is None:
            raise Refused.at("id", "required", "A statement of another store has an id")
    except Refused as refused:
        return _Given(text, identifier, Outcome("refused", None, refused.faults), [], nameless=name is None)
    named = {attachment["sha2"].lower() for _, attachment in attachments_of(statement)}
    files = [part for part in received if part.sha2 in named]
    return _Given(text, identifier, Candidate(statement, text), files)


def _name(text: bytes) -> str | None:
    """Return the id of a statement in small letters; None where that is no UUID, as of what is no statement at all."""
    try:
        name = _text(_members(text)["id"]).lower()
        return name if name == str(UUID(name)) else None
    except (msgspec.MsgspecError, ValueError, KeyError):
        return None


def _stand_in(text: bytes) -> str:
    """Return the same UUID for the same bytes."""
    return str(uuid5(NAMESPACE_OID, sha256(text).hexdigest()))


def _letter(given: _Given, faults: Sequence[Fault]) -> Letter:
    status = 409 if any(fault.rule == _TAKEN for fault in faults) else 400
    told = "; ".join(f"{fault.path}: {fault.message}" if fault.path else fault.message for fault in faults)
    reason = told[:LONGEST_REASON] or "This may not be stored"
    return Letter(given.id, status, reason, clocks.now(), nameless=given.nameless)


def _stored_at(text: bytes) -> int | None:
    try:
        return microseconds(_text(_members(text)["stored"]))
    except (msgspec.MsgspecError, ValueError, KeyError):
        return None

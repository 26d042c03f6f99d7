"""Documents: states of Activities, profiles of Activities and of Agents (Communication 2.2, 2.3, 2.6, 2.7, 3.1)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from msgspec import Raw

from lrs.errors import BadRequest, Conflict, LRSError, NotFound, PayloadTooLarge, PreconditionFailed
from lrs.services import clocks
from lrs.services.confinement import confine_document
from lrs.services.erasing.people import ErasedPeople
from lrs.services.principals import Principal
from lrs.services.room import Room
from lrs.store.documents import Document, Documents
from schemas.faults import Fault, Refused
from schemas.xapi.conditions import ABSENT, UNCONDITIONAL, Condition, entity_tag
from schemas.xapi.documents import JSON, is_json, load_object, merge_objects
from schemas.xapi.leniency import BARE_PROFILES
from schemas.xapi.resource_queries import DocumentQuery
from schemas.xapi.versions import Version

__all__ = ["Document", "DocumentService", "Names", "Sent", "Stored"]

_SCOPES: Final = {"state": "state", "activity profile": "profile", "agent profile": "profile"}
_CREATE: Final = "send If-None-Match: * to store a document where there is none yet"
_REPLACE: Final = "send If-Match with the ETag of the document that is to be replaced"


class Sent(NamedTuple):
    """A document as a client sends it."""

    body: bytes
    content_type: str


class Stored(NamedTuple):
    """A document as it is stored now, and the relaxations that this took."""

    document: Document
    forgiven: tuple[str, ...] = ()


class Names(NamedTuple):
    """The names of documents, and when the newest of them was stored (microseconds), None without any."""

    names: list[str]
    newest: int | None


class DocumentService:
    """Keeps documents under the rules that all three resources share. ``most`` is the largest, in bytes.

    Nothing is kept about those among the ``erased``.
    """

    def __init__(self, documents: Documents, *, room: Room, most: int, erased: ErasedPeople | None = None) -> None:
        self._documents = documents
        self._room = room
        self._most = most
        self._erased = erased

    def get(self, principal: Principal, query: DocumentQuery) -> Document:
        """Return one document; raise NotFound."""
        query = _may_read(principal, query)
        found = self._documents.get(principal.org, query)
        if found is None:
            raise NotFound("There is no such document")
        return found

    def names(self, principal: Principal, query: DocumentQuery) -> Names:
        """Return the names of all documents that the query applies to, sorted, each once."""
        query = _may_read(principal, query)
        found = self._documents.names(principal.org, query)
        newest = max((modified for _, modified in found), default=None)
        return Names(sorted({name for name, _ in found}), newest)

    def put(
        self, principal: Principal, query: DocumentQuery, sent: Sent, condition: Condition, version: Version
    ) -> Stored:
        """Store a document, in place of the one that is there if the condition allows it.

        Without a condition a state is overwritten in 1.0.x, as its players rely on. Everything else is only created:
        Conflict where there is a document already. In 1.0.x a profile is not even created, unless that is forgiven:
        its clients must send a condition (Communication 3.1). Raises PreconditionFailed, PayloadTooLarge, Unavailable,
        Refused for what the sender's intake does not let in.
        """
        query = self._may_write(principal, query)
        _judge(principal, query, sent)
        document = self._document(sent.body, sent.content_type)
        if condition != UNCONDITIONAL or (query.kind == "state" and version == "1.0.3"):
            if not self._documents.put(principal.org, query, document, condition):
                raise _failed(condition)
            return Stored(document)
        forgiven = (BARE_PROFILES,) if version == "1.0.3" else ()
        if not principal.leniency.issuperset(forgiven):
            raise _conflict() if self._documents.exists(principal.org, query) else _bare()
        if not self._documents.put(principal.org, query, document, ABSENT):
            raise _conflict()
        return Stored(document, forgiven)

    def merge(self, principal: Principal, query: DocumentQuery, sent: Sent, condition: Condition) -> Document:
        """Merge the members of a JSON object into the document that is there, or store it; return what is stored.

        Raises BadRequest or Refused where either is no JSON object, Refused for what the sender's intake does not let
        in, PreconditionFailed, PayloadTooLarge, Unavailable.
        """
        query = self._may_write(principal, query)
        _judge(principal, query, sent)
        fresh = self._document(sent.body, sent.content_type)
        members = load_object(sent.body) if is_json(sent.content_type) else None

        def make(held: Document | None) -> Document:
            if not condition.holds(held.etag if held else None):
                raise _failed(condition)
            return fresh if held is None else self._document(_merged(held, members), sent.content_type)

        return self._documents.change(principal.org, query, make)

    def delete(self, principal: Principal, query: DocumentQuery, condition: Condition) -> None:
        """Delete one document, or all that the query applies to; what is not there is deleted already.

        Raises PreconditionFailed, Unavailable, and BadRequest for a condition on many documents.
        """
        query = _may_change(principal, query)
        if query.name is not None:
            if not self._documents.delete(principal.org, query, condition):
                raise _failed(condition)
        elif condition != UNCONDITIONAL:
            fault = Fault("stateId", "required", "only one document can be deleted under a condition")
            raise BadRequest("If-Match and If-None-Match are about one document", [fault])
        else:
            self._documents.delete_all(principal.org, query)

    def _may_write(self, principal: Principal, query: DocumentQuery) -> DocumentQuery:
        query = _may_change(principal, query)
        if self._erased is not None:
            self._erased.refuse_document(principal.org, query.agent)
        self._room.check()
        return query

    def _document(self, body: bytes, content_type: str) -> Document:
        if len(body) > self._most:
            raise PayloadTooLarge(f"A document holds at most {self._most} bytes")
        return Document(body, content_type, entity_tag(body), clocks.now())


def _may_read(principal: Principal, query: DocumentQuery) -> DocumentQuery:
    """Return which documents are meant; raise Forbidden."""
    principal.require(f"{_SCOPES[query.kind]}/read")
    return _confined(principal, query, writes=False)


def _may_change(principal: Principal, query: DocumentQuery) -> DocumentQuery:
    principal.require(_SCOPES[query.kind])
    return _confined(principal, query, writes=True)


def _judge(principal: Principal, query: DocumentQuery, sent: Sent) -> None:
    """Raise Refused for a document that the caller's intake does not let in."""
    name = "stateId" if query.kind == "state" else "profileId"
    names = {"activityId": query.activity, "agent": query.agent, name: query.name}
    principal.intake.admit_document(names, sent.body if is_json(sent.content_type) else None)


def _confined(principal: Principal, query: DocumentQuery, *, writes: bool) -> DocumentQuery:
    """Return the query about whom the caller's intake makes of its agent."""
    if (who := principal.intake.identity(query.agent)) != query.agent:
        query = replace(query, agent=who)
    confine_document(principal, query, writes=writes)
    return query


def _merged(held: Document, members: Mapping[str, Raw] | None) -> bytes:
    if members is None:
        fault = Fault("Content-Type", "media-type", f"must be {JSON}; PUT replaces a document of any type")
        raise BadRequest("There is a document already, and only JSON can be merged into it", [fault])
    if not is_json(held.content_type):
        raise BadRequest(f"The document that is there is not {JSON}: nothing can be merged into it")
    try:
        return merge_objects(load_object(held.body), members)
    except Refused as error:
        raise BadRequest("The document that is there is no JSON object: nothing can be merged into it") from error


def _failed(condition: Condition) -> LRSError:
    if condition.match is not None:
        message = "no document with this ETag is there: GET it again, and send the ETag that it has now"
        return PreconditionFailed("If-Match does not hold: nothing was changed", [Fault("If-Match", "etag", message)])
    fault = Fault("If-None-Match", "etag", "there is such a document already: " + _REPLACE)
    return PreconditionFailed("If-None-Match does not hold: nothing was changed", [fault])


def _bare() -> LRSError:
    faults = [Fault("If-None-Match", "required", _CREATE), Fault("If-Match", "required", _REPLACE)]
    return BadRequest("If-Match or If-None-Match is missing", faults)


def _conflict() -> LRSError:
    title = "There is such a document already: If-Match is missing"
    return Conflict(title, [Fault("If-Match", "required", _REPLACE)])

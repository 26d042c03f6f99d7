"""Documents that belong to an activity, an agent, or both, with ETags so that nobody's change is lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from .calls import Caller
from .encoding import encoded
from .errors import BadAnswer, Conflict, NotFound, PreconditionFailed
from .messages import Body, Json, Request, Response
from .queries import Query

_UPDATES = 50
_CONDITIONS = {"If-Match", "If-None-Match"}


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was when it was read. ``etag`` names this very content."""

    content: bytes
    content_type: str
    etag: str | None
    last_modified: str | None

    def json(self) -> Json:
        """Return what the document says; raise ValueError where it is not JSON."""
        return Response(0, {}, self.content).json()


class Documents:
    """The documents of one place. An id is any text; a document is bytes of any content type.

    With ``etag`` a change is made only to the content that the ETag names, and with ``new`` only where there is none;
    otherwise PreconditionFailed is raised. A change without either may be a Conflict where the server wants one, and
    is not sent again when its answer was lost, for that could undo what others did since: an LRSError is raised whose
    ``perhaps_done`` is true.
    """

    def __init__(self, caller: Caller, resource: str, id_name: str, place: Query) -> None:
        self._caller = caller
        self._resource = resource
        self._id_name = id_name
        self._place = place

    def get(self, document_id: str) -> Document:
        """Return a document; raise NotFound."""
        request = self._request("GET", document_id)
        response = self._caller.call(request)
        return Document(
            response.content,
            response.header("Content-Type") or "application/octet-stream",
            response.header("ETag"),
            response.header("Last-Modified"),
        )

    def find(self, document_id: str) -> Document | None:
        """Return a document, None where there is none."""
        try:
            return self.get(document_id)
        except NotFound:
            return None

    def ids(self, *, since: datetime | None = None) -> list[str]:
        """Return the ids of the documents here, of those changed since an instant if one is given."""
        request = self._caller.request("GET", self._resource, {**self._place, "since": since})
        found: list[str] = self._caller.json(request, list)
        return found

    def put(
        self,
        document_id: str,
        content: Json | bytes,
        *,
        content_type: str | None = None,
        etag: str | None = None,
        new: bool = False,
    ) -> None:
        """Store a document in place of what was there. Bytes go as they are, anything else as JSON."""
        headers = _preconditions(etag, new)
        self._change(self._request("PUT", document_id, _body(content, content_type), headers))

    def merge(self, document_id: str, content: Mapping[str, Json], *, etag: str | None = None) -> None:
        """Set top-level members of a JSON document, which is made if there is none."""
        self._change(self._request("POST", document_id, Body(encoded(content)), _preconditions(etag, new=False)))

    def delete(self, document_id: str, *, etag: str | None = None) -> None:
        """Remove a document."""
        self._change(self._request("DELETE", document_id, headers=_preconditions(etag, new=False)))

    def update(self, document_id: str, change: Callable[[Json], Json]) -> None:
        """Replace a JSON document by what ``change`` makes of it, None standing for no document.

        Where somebody else was faster, it is called again with what they wrote.
        """
        for _ in range(_UPDATES):
            if self._replaced(document_id, change):
                return
        raise PreconditionFailed(f"others changed the document {_UPDATES} times in a row")

    def _replaced(self, document_id: str, change: Callable[[Json], Json]) -> bool:
        found = self.find(document_id)
        if found is not None and found.etag is None:
            raise BadAnswer("the server gives no ETag for a document: an update is not safe")
        content = change(None if found is None else found.json())
        try:
            self.put(document_id, content, etag=found.etag if found else None, new=found is None)
        except (PreconditionFailed, Conflict):
            return False
        return True

    def _change(self, request: Request) -> None:
        conditional = not _CONDITIONS.isdisjoint(request.headers)
        self._caller.call(request, again_if_lost=conditional, ours_if_lost=False)

    def _request(
        self, method: str, document_id: str, body: Body | None = None, headers: Mapping[str, str] | None = None
    ) -> Request:
        return self._caller.request(method, self._resource, {**self._place, self._id_name: document_id}, body, headers)


class StateDocuments(Documents):
    """The documents of one agent in one activity, perhaps in one registration."""

    def clear(self) -> None:
        """Remove all documents here."""
        self._change(self._caller.request("DELETE", self._resource, self._place))


def _body(content: Json | bytes, content_type: str | None) -> Body:
    if isinstance(content, bytes):
        return Body(content, content_type or "application/octet-stream")
    return Body(encoded(content), content_type or "application/json")


def _preconditions(etag: str | None, new: bool) -> dict[str, str]:
    if etag is not None and new:
        raise ValueError("a document is either new or has an ETag")
    if new:
        return {"If-None-Match": "*"}
    return {} if etag is None else {"If-Match": etag}

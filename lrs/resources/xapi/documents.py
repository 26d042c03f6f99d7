"""/xapi/activities/state, /xapi/activities/profile and /xapi/agents/profile: one set of rules (Communication 2.2)."""

import json
from email.utils import formatdate

from flask import Response, request
from flask.views import MethodView

from lrs.resources.arguments import arguments
from lrs.resources.bodies import Bodies
from lrs.resources.guards import forgive, principal, version
from lrs.services.documents import Document, DocumentService, Names
from schemas.xapi.conditions import Condition, load_condition
from schemas.xapi.resource_queries import DocumentQuery, Kind, Method, load_document_query


class Documents(MethodView):
    """Stores, merges, finds and deletes the documents of one kind."""

    init_every_request = False

    def __init__(self, kind: Kind, service: DocumentService, bodies: Bodies) -> None:
        self._kind = kind
        self._service = service
        self._bodies = bodies

    def get(self) -> Response:
        """Return one document as it was sent, or the names of all that the query applies to."""
        query = self._query("GET")
        if query.name is None:
            return _list(self._service.names(principal(), query))
        return _document(self._service.get(principal(), query))

    def put(self) -> Response:
        """Store a document, in place of another if the headers allow it."""
        query = self._query("PUT")
        sent = self._bodies.document(request)
        stored = self._service.put(principal(), query, sent, _condition(), version())
        forgive(*stored.forgiven)
        return _stored(stored.document)

    def post(self) -> Response:
        """Merge a JSON object into the document that is there, or store it."""
        query = self._query("POST")
        sent = self._bodies.document(request)
        return _stored(self._service.merge(principal(), query, sent, _condition()))

    def delete(self) -> Response:
        """Delete one document, or all states that the query applies to."""
        self._service.delete(principal(), self._query("DELETE"), _condition())
        return Response(status=204)

    def _query(self, method: Method) -> DocumentQuery:
        return load_document_query(self._kind, method, arguments(), version())


def _condition() -> Condition:
    return load_condition(request.headers.get("If-Match"), request.headers.get("If-None-Match"))


def _document(found: Document) -> Response:
    if load_condition(None, request.headers.get("If-None-Match")).holds(found.etag):
        response = Response(found.body, content_type=found.content_type)
    else:
        response = Response(status=304)
    # Whatever was stored here, opened in a browser it must not act as a page of this server.
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox"
    # Browsers would guess from Last-Modified how long they may keep a state without asking.
    response.headers["Cache-Control"] = "no-cache"
    return _tagged(response, found)


def _stored(document: Document) -> Response:
    return _tagged(Response(status=204), document)


def _tagged(response: Response, document: Document) -> Response:
    response.headers["ETag"] = f'"{document.etag}"'
    response.headers["Last-Modified"] = _date(document.modified)
    return response


def _list(found: Names) -> Response:
    response = Response(json.dumps(found.names, ensure_ascii=False), content_type="application/json")
    response.headers["Cache-Control"] = "no-cache"
    if found.newest is not None:
        response.headers["Last-Modified"] = _date(found.newest)
    return response


def _date(instant: int) -> str:
    return formatdate(instant // 1_000_000, usegmt=True)

"""/api/subjects/requests: what people ask of the organisation about their data, and what becomes of it."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from flask import Response, request
from marshmallow import ValidationError

from lrs.errors import NotFound, PayloadTooLarge, UnsupportedMediaType
from lrs.resources.api.interface import Section, View
from lrs.resources.api.subject_files import as_json, as_zip, request_of
from lrs.resources.bodies import Bodies
from lrs.resources.guards import forgive, principal
from lrs.services.mime import essence
from lrs.services.subjects.access import Access
from lrs.services.subjects.corrections import Correction
from lrs.services.subjects.fulfilment import Fulfilling, Fulfilment
from lrs.services.subjects.requests import RequestService, Wanted
from schemas.api.problems import complaints
from schemas.api.subjects import (
    DataQuerySchema,
    ExtendSchema,
    FulfilSchema,
    NewRequestSchema,
    RefuseSchema,
    RequestSchema,
    RequestsQuerySchema,
    RequestsSchema,
    SubjectDataSchema,
)
from schemas.faults import Refused
from schemas.xapi.leniency import Lenient
from schemas.xapi.parsing import parse_json
from schemas.xapi.statements import load_statements
from schemas.xapi.versions import HEADER, negotiate

_JSON: Final = "application/json"
_ZIP: Final = "application/zip"
_BODY: Final = {"required": True, "content": {_JSON: {"schema": FulfilSchema}}}
_ID: Final = re.compile(r"[0-9a-f]{24}")


class _Texts(msgspec.Struct):
    """The sender's own text of each statement."""

    statements: list[msgspec.Raw] = []


_texts: Final = msgspec.json.Decoder(_Texts)


def subjects(requests: RequestService, access: Access, fulfilling: Fulfilling, bodies: Bodies) -> Section:
    """Return the views."""
    section = Section("subjects", "Requests of the people whom data is about")
    _collection(section, requests)
    _answers(section, requests)
    _data(section, access)

    @section.view("/subjects/requests/<request>/fulfil", "POST", body=_BODY, gives=RequestSchema, refusals=[409])
    def fulfil(request: str) -> dict[str, Any]:
        """Do what a request asks for

        And close it. A correction voids `void` and stores `statements`, all or nothing; a restriction ends sharing at
        the next run, and its end begins it; a withdrawal ends what was agreed to; an erasure removes everything about
        the person, here and at partners. Access and objection are only closed.
        """  # noqa: D400 - the first line is the operation's summary
        principal().require("subjects")
        return request_of(fulfilling.fulfil(principal(), _known(request), _fulfilment(bodies)))

    return section


def _collection(section: Section, requests: RequestService) -> None:
    @section.view("/subjects/requests", "POST", takes=NewRequestSchema, gives=RequestSchema, status=201)
    def record(sent: dict[str, Any]) -> dict[str, Any]:
        """Record a request

        With the scope `subjects`, as all of these. Its due days follow from the organisation's policies and the
        holidays that are known now.
        """  # noqa: D400 - as above
        return request_of(requests.record(principal(), Wanted(**sent)))

    @section.view("/subjects/requests", "GET", query=RequestsQuerySchema, gives=RequestsSchema)
    def every(query: dict[str, Any]) -> dict[str, Any]:
        """List requests

        In the order in which they were recorded.
        """  # noqa: D400 - as above
        kind = query.get("type")
        if "overdue" in query:
            late = requests.overdue(principal())
            return {"requests": [request_of(each) for each in late if kind in {None, each.request.type}], "next": None}
        page = requests.page(
            principal(), after=query["cursor"], most=query["limit"], state=query.get("state"), kind=kind
        )
        return {"requests": [request_of(each) for each in page.requests], "next": page.next}

    @section.view("/subjects/requests/<request>", "GET", gives=RequestSchema)
    def one(request: str) -> dict[str, Any]:
        """Show a request"""  # noqa: D400 - as above
        return request_of(requests.get(principal(), _known(request)))


def _answers(section: Section, requests: RequestService) -> None:
    @section.view("/subjects/requests/<request>/acknowledge", "POST", gives=RequestSchema, refusals=[409])
    def acknowledge(request: str) -> dict[str, Any]:
        """Note that the person was told that the request has arrived"""  # noqa: D400 - as above
        return request_of(requests.acknowledge(principal(), _known(request)))

    @section.view(
        "/subjects/requests/<request>/extend", "POST", takes=ExtendSchema, gives=RequestSchema, refusals=[409]
    )
    def extend(sent: dict[str, Any], request: str) -> dict[str, Any]:
        """Extend a request, once

        By as much as the policies say, from the day on which it is due.
        """  # noqa: D400 - as above
        return request_of(requests.extend(principal(), _known(request), sent["reason"], sent["note"]))

    @section.view(
        "/subjects/requests/<request>/refuse", "POST", takes=RefuseSchema, gives=RequestSchema, refusals=[409]
    )
    def refuse(sent: dict[str, Any], request: str) -> dict[str, Any]:
        """Close a request without doing what it asks for"""  # noqa: D400 - as above
        return request_of(requests.refuse(principal(), _known(request), sent["reason"], sent["note"]))


def _gives_files(section: Section) -> Callable[[View], View]:
    """Describe that a view may answer with files as well; stands below its declaration."""

    def declare(function: View) -> View:
        content = {_ZIP: {"schema": {"type": "string", "format": "binary"}}}
        described: View = section.blueprint.doc(responses={200: {"content": content}})(function)
        return described

    return declare


def _data(section: Section, access: Access) -> None:
    @section.view(
        "/subjects/requests/<request>/data", "GET", query=DataQuerySchema, gives=SubjectDataSchema, refusals=[409]
    )
    @_gives_files(section)
    def data(query: dict[str, Any], request: str) -> Response:
        """Read everything about a person

        Of an open request for access: statements, voided ones too, documents, records, consents, requests, what is
        attached, and to whom something has gone. Each time is audited before the first byte goes out. It may tell of
        others, too, whom statements name beside the person.
        """  # noqa: D400 - as above
        bundle = access.open(principal(), _known(request), query["format"])
        whole = query["format"] == "json"
        parts = as_json(bundle) if whole else as_zip(bundle)
        response = Response(parts, content_type=_JSON if whole else _ZIP)
        name = f"subject-{request}.{'json' if whole else 'zip'}"
        response.headers["Content-Disposition"] = f"attachment; filename={name}"
        response.headers["Cache-Control"] = "no-store"
        # Whatever stands in between must not wait for the end.
        response.headers["X-Accel-Buffering"] = "no"
        return response


def _known(text: str) -> str:
    """Return an id that there may be; whoever may not ask is told so first."""
    principal().require("subjects")
    if not _ID.fullmatch(text):
        raise NotFound("There is no such request")
    return text


def _fulfilment(bodies: Bodies) -> Fulfilment:
    """Return what the request's body says; raise Refused, UnsupportedMediaType, PayloadTooLarge."""
    if essence(request.content_type or "") != _JSON:
        raise UnsupportedMediaType(f"Send {_JSON}")
    body = bodies.text(request)
    sent = _loaded(parse_json(body))
    return Fulfilment(
        sent["note"], sent.get("reason"), _correction(sent, body, bodies), sent.get("purpose"), sent["elsewhere"]
    )


def _correction(sent: Mapping[str, Any], body: bytes, bodies: Bodies) -> Correction:
    if not sent["statements"]:
        return Correction(sent["void"])
    texts = [bytes(each) for each in _texts.decode(body).statements]
    if any(len(text) > bodies.statement for text in texts):
        raise PayloadTooLarge(f"A statement holds at most {bodies.statement} bytes")
    version = negotiate(request.headers.get(HEADER, "2.0.0"))
    load = Lenient(principal().leniency)
    try:
        judged = load_statements(sent["statements"], version, load=load)
    except Refused as refused:
        raise Refused(fault._replace(path=f"statements{fault.path}") for fault in refused.faults) from refused
    forgive(*load.uses)
    return Correction(sent["void"], judged, texts, version)


def _loaded(data: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = FulfilSchema().load(data)
    except ValidationError as error:
        raise Refused(complaints(error.messages, "", "value")) from error
    return found

"""GET /api/statements/query: statements by more than the filters of xAPI."""

import json
from typing import Any

from flask import Response

from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.searches import Search, SearchService
from schemas.api.searches import SearchQuerySchema, SearchSchema
from schemas.xapi.timestamps import iso


def searches(service: SearchService) -> Section:
    """Return the views."""
    section = Section("statements", "Searching statements")

    @section.view("/statements/query", "GET", query=SearchQuerySchema, gives=SearchSchema)
    def search(query: dict[str, Any]) -> Response:
        """Search statements

        Of every filter any of its values; `verb`, `agent`, `activity`, `registration`, `since` and `until` are found by
        an index. The others are looked for in each of the statements that those leave, for about two seconds a request:
        go on with `next`, which moves on even where nothing was found. Needs a scope that reads statements; statements
        come back as they are, voided ones never.
        """  # noqa: D400 - the first line is the operation's summary
        return _answer(service.search(principal(), query), counted=query["count"])

    return section


def _answer(found: Search, *, counted: bool) -> Response:
    told: dict[str, Any] = {
        "through": iso(found.through),
        "scanned": found.scanned,
        "complete": found.next is None,
        "next": found.next,
    }
    if counted:
        return _json(json.dumps(told | {"count": found.number}).encode())
    # As they are: not even parsed.
    return _json(json.dumps(told).encode()[:-1] + b', "statements": [' + b",".join(found.statements) + b"]}")


def _json(body: bytes) -> Response:
    response = Response(body, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response

"""POST /api/batches: many statements, each with an outcome of its own."""

from collections import Counter
from http import HTTPStatus
from typing import Any, Final

from flask import request

from lrs.errors import UnsupportedMediaType
from lrs.resources.api.interface import Section
from lrs.resources.bodies import Bodies
from lrs.resources.guards import forgive, principal
from lrs.resources.lines import Line, items_of, judged, lines_of
from lrs.services.batches import BatchService, Outcome
from lrs.services.confinement import RULE as LAUNCH
from lrs.services.diagnostics import Diagnostics
from lrs.services.limits import RateLimits
from lrs.services.mime import essence
from schemas.api.batches import OUTCOMES, BatchSchema
from schemas.api.versions import VersionQuerySchema
from schemas.xapi.leniency import Lenient
from schemas.xapi.versions import HEADER, negotiate

NDJSON: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
_RETRY_AFTER: Final = "2"
_BODY: Final = {
    "required": True,
    "content": {
        "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
        "application/x-ndjson": {"schema": {"type": "string"}},
    },
}


def batches(service: BatchService, bodies: Bodies, limits: RateLimits, diagnostics: Diagnostics) -> Section:
    """Return the views."""
    section = Section("batches", "Statements stored one by one")

    @section.view("/batches", "POST", query=VersionQuerySchema, body=_BODY, gives=BatchSchema)
    def store(query: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Store statements one by one

        Each row is stored, found stored before, or refused with its faults; none stops the others. The version is
        that of the parameter, else of the header, else 2.0.0.
        """  # noqa: D400 - the first line is the operation's summary
        version = query.get("version") or negotiate(request.headers.get(HEADER, "2.0.0"))
        load = Lenient(principal().leniency)
        lines = _lines(bodies)
        limits.statements(principal(), len(lines))
        rows = [judged(line.text, version, load, limit=bodies.statement) for line in lines]
        outcomes = service.store(principal(), rows, version)
        forgive(*load.uses)
        for outcome in outcomes:
            if outcome.kind == "refused":
                diagnostics.refused(principal(), _status(outcome), outcome.faults)
        found = _told(lines, outcomes)
        return found, HTTPStatus.OK, {"Retry-After": _RETRY_AFTER} if found["unconfirmed"] else {}

    return section


def _status(outcome: Outcome) -> HTTPStatus:
    """Return the status that a refused row would have had by itself."""
    rules = {fault.rule for fault in outcome.faults}
    if "taken" in rules:
        return HTTPStatus.CONFLICT
    if LAUNCH in rules:
        return HTTPStatus.FORBIDDEN
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if "limit" in rules else HTTPStatus.BAD_REQUEST


def _lines(bodies: Bodies) -> list[Line]:
    kind = essence(request.content_type or "")
    if kind in NDJSON:
        return lines_of(bodies.text(request), most=bodies.rows)
    if kind == "application/json":
        return items_of(bodies.text(request), most=bodies.rows)
    raise UnsupportedMediaType("Send application/json, or a statement a line as application/x-ndjson")


def _told(lines: list[Line], outcomes: list[Outcome]) -> dict[str, Any]:
    rows = [
        {"row": line.number, "id": outcome.statement_id, "outcome": outcome.kind, "errors": outcome.faults}
        for line, outcome in zip(lines, outcomes, strict=True)
    ]
    counts: Counter[str] = Counter(outcome.kind for outcome in outcomes)
    return {kind: counts[kind] for kind in OUTCOMES} | {"rows": rows}

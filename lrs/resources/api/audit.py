"""GET /api/audit: who administered the caller's organisation, and who of another one read its records."""

from typing import Any

from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.audit import AuditService, Line
from schemas.api.audit import AuditQuery, AuditQuerySchema, AuditSchema
from schemas.xapi.timestamps import iso


def audit(service: AuditService) -> Section:
    """Return the views."""
    section = Section("audit", "Who did what to the organisation")

    @section.view("/audit", "GET", query=AuditQuerySchema, gives=AuditSchema)
    def read(query: AuditQuery) -> dict[str, Any]:
        """Read the audit of the caller's organisation

        Latest first unless asked otherwise. Needs the scope audit/read. It names credentials and members by their ids,
        and nobody by name. That nothing is missing is for `lrs admin audit verify` to tell.
        """  # noqa: D400 - the first line is the operation's summary
        page = service.read(principal(), query)
        return {"records": [_told(line) for line in page.lines], "more": page.more}

    return section


def _told(line: Line) -> dict[str, Any]:
    told: dict[str, Any] = {"seq": line.seq, "holds": line.holds}
    if line.record is not None and line.holds:
        told |= {name: getattr(line.record, name) for name in ("actor", "action", "target", "details")}
        told |= {"time": iso(line.record.time), "hash": line.record.hash.hex()}
    return told

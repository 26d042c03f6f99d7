"""GET /api/records: how learners stand; GET /api/progress: how far the records have come."""

from typing import Any, Final

from flask import Response

from lrs.resources.api.interface import Section
from lrs.resources.api.record_files import asked_for, file_of, gives_files
from lrs.resources.guards import principal
from lrs.services.exporting import RecordExports
from lrs.services.progress import Reached
from lrs.services.records import RecordService
from schemas.api.records import ReachedSchema, RecordsQuerySchema, RecordsSchema
from schemas.xapi.timestamps import iso

THROUGH: Final = "Sohoc-Through"
AS_OF: Final = "Sohoc-As-Of"


def records(service: RecordService, exports: RecordExports) -> Section:
    """Return the views."""
    section = Section("records", "Training records of the organisation")

    @section.view("/records", "GET", query=RecordsQuerySchema, gives=RecordsSchema)
    @gives_files(section)
    def read(query: dict[str, Any]) -> dict[str, Any] | Response:
        """List training records

        One for each learner, activity and registration; of those whose statements count. Needs the scope
        records/read. Identities are those of the statements, so this is personal data. Files hold everything that is
        asked for, and tell in Sohoc-Through and Sohoc-As-Of what a page tells in through and asOf; each is audited.
        """  # noqa: D400 - the first line is the operation's summary
        form = asked_for(query)
        if form == "json":
            page = service.page(principal(), query)
            return told(page.reached) | {"as_of": page.at, "records": page.records, "next": page.next}
        export = exports.open(principal(), query, form)
        response = file_of(form, export.parts)
        response.headers[THROUGH] = iso(export.reached.as_of)
        response.headers[AS_OF] = f"{export.at}"
        return response

    @section.view("/progress", "GET", gives=ReachedSchema)
    def progress() -> dict[str, Any]:
        """Tell how far the records have come

        Records and reports are made from statements a moment later. Needs the scope reports/read or records/read.
        """  # noqa: D400 - as above
        return told(service.reached(principal()))

    return section


def told(reached: Reached) -> dict[str, Any]:
    """Return how far the records have come, as every answer that rests on them tells it."""
    return {"through": reached.as_of, "lag": reached.lag, "rebuilding": reached.rebuilding}

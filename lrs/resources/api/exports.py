"""/api/exports: figures that others fetch by machine, the same bytes for the same figures."""

from typing import Any, Final

import msgspec
from flask import Response, request

from lrs.resources.api.interface import Section
from lrs.resources.api.reports import file_of, flat, for_this_caller, names_of, shared_by
from lrs.resources.api.tables import gives_files, may_be_unchanged, wants_file
from lrs.resources.guards import principal
from lrs.services.reports import COLUMNS, WITHOUT, Indicators, ReportService, Source
from schemas.api.report_queries import IndicatorsQuerySchema
from schemas.api.reports import IndicatorsSchema
from schemas.xapi.timestamps import iso


def exports(service: ReportService) -> Section:
    """Return the views."""
    section = Section("exports", "Figures for machines")

    @section.view("/exports/kpi", "GET", query=IndicatorsQuerySchema, gives=IndicatorsSchema)
    @may_be_unchanged(section)
    @gives_files(section)
    def kpi(query: dict[str, Any]) -> Response:
        """Fetch the figures of a period

        One line for each unit, programme and group, in a stable order; the same figures are the same bytes, with a
        strong ETag for If-None-Match, whatever else is stored meanwhile. `Sohoc-Through` is the last statement that was
        counted. Needs the scope `reports/read`; figures are hidden as in reports.
        """  # noqa: D400 - the first line is the operation's summary
        if query["sharing"] == "all":
            found, sources = service.shared_indicators(principal(), query["period"], query["measure"])
        else:
            found, sources = service.indicators(principal(), query["period"], query["measure"]), []
        response = _file(found, sources) if wants_file(query) else _json(found, sources)
        # Not in the body: it moves with every statement, be it of another month.
        response.headers["Sohoc-Through"] = iso(found.through)
        response.add_etag()
        response.make_conditional(request)
        return response

    return section


def _json(found: Indicators, sources: list[Source]) -> Response:
    told = {**_stands_on(found), "period": found.period, "rows": found.lines}
    if sources:
        told |= shared_by(sources)
    return for_this_caller(Response(msgspec.json.encode(told), content_type="application/json"))


def _file(found: Indicators, sources: list[Source]) -> Response:
    rows = [flat(line) for line in found.lines]
    response = file_of(f"kpi-{found.period}", [*COLUMNS, *([WITHOUT] if sources else [])], rows)
    if sources:
        response.headers["Sohoc-Organisations"] = names_of(sources)
    for name, value in _stands_on(found).items():
        response.headers[_HEADERS[name]] = str(value)
    return response


_HEADERS: Final = {"asOf": "Sohoc-As-Of", "k": "Sohoc-K"}


def _stands_on(found: Indicators) -> dict[str, Any]:
    return {"asOf": str(found.since), "k": found.k}

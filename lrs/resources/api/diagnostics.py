"""GET /api/diagnostics: why the caller's statements were refused, and what it was forgiven."""

from typing import Any

from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.diagnostics import Diagnostics, Report
from schemas.api.diagnostics import DiagnosticsSchema
from schemas.xapi.timestamps import iso


def diagnosis(diagnostics: Diagnostics) -> Section:
    """Return the views."""
    section = Section("diagnostics", "What a sender should know of itself")

    @section.view("/diagnostics", "GET", gives=DiagnosticsSchema)
    def report() -> dict[str, Any]:
        """Tell why statements of this credential were refused

        The last hundred reasons, without anything that was sent, and how often it needed a relaxation. What other
        processes met in the last second may be missing.
        """  # noqa: D400 - the first line is the operation's summary
        return told(diagnostics.report(principal()))

    return section


def told(report: Report) -> dict[str, Any]:
    """Return a report as ``DiagnosticsSchema`` has it."""
    refusals = [
        reason._asdict() | {"count": met.count, "first": iso(met.first), "last": iso(met.last)}
        for reason, met in report.refusals
    ]
    return {
        "refusals": refusals,
        "leniency": [{"name": name, "count": count} for name, count in report.leniency.items()],
    }
